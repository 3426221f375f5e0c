"""What a goroutine dump says of who waits for what."""

from __future__ import annotations

from harness.gotest.deadlocks import GROUPS, dumps_in, groups, in_short, render_waiting, waiting

LOCKED = """\
sync.runtime_SemacquireMutex(0xc0000b8010?, 0x0?, 0x0?)
	/go/src/runtime/sema.go:77 +0x25 fp=0xc000 sp=0xc000 pc=0x4612e5
sync.(*Mutex).lockSlow(0xc000122210)
	/go/src/sync/mutex.go:171 +0x15d
sync.(*Mutex).Lock(...)
	/go/src/sync/mutex.go:90
example.com/minikit/solver.(*CacheMounts).acquire(0xc00009e2c0, {0xc0000f2000, 0x2, 0x2})
	/src/solver/cachemounts.go:45 +0x1b5
example.com/minikit/solver.(*Solver).run.func1({0xc0001, 0x2}, func(){...})
	/src/solver/solver.go:80 +0x1b5
created by example.com/minikit/control.(*Controller).Serve in goroutine 1
	/src/control/control.go:43 +0x18f
"""
ACCEPTS = """\
internal/poll.runtime_pollWait(0x7f1, 0x72)
	/go/src/runtime/netpoll.go:343 +0x85
net.(*UnixListener).Accept(0xc0000a2000)
	/go/src/net/unixsock.go:260 +0x30
example.com/minikit/control.(*Controller).Serve(0xc00, {0x5a8, 0xc0})
	/src/control/control.go:36 +0x14b
"""
IDLE = "runtime.gopark(0x0?)\n\t/go/src/runtime/proc.go:398 +0xce\n"


def dump(*goroutines: tuple[str, str]) -> str:
    parts = [
        f"goroutine {number} [{state}]:\n{stack}"
        for number, (state, stack) in enumerate(goroutines, 7)
    ]
    return "SIGQUIT: quit\nPC=0x46e521 m=0 sigcode=0\n\n" + "\n".join(parts) + "\nrax    0xca\n"


def test_goroutines_with_one_stack_are_one_group_and_the_longest_wait_comes_first() -> None:
    short, long = ("sync.Mutex.Lock, 2 minutes", LOCKED), ("sync.Mutex.Lock, 9 minutes", LOCKED)
    text = dump(("IO wait", ACCEPTS), short, ("IO wait, 4 minutes", ACCEPTS), long)
    first, second = groups(text)
    assert (first.numbers, first.minutes, first.locked) == ((10, 8), 9, True)
    assert (second.numbers, second.minutes, second.locked) == ((9, 7), 4, False)


def test_addresses_and_arguments_do_not_tell_stacks_apart() -> None:
    other = LOCKED.replace("0xc0", "0xd1").replace("+0x1b5", "+0x1b5 fp=0x1 sp=0x2 pc=0x3")
    (only,) = groups(dump(("sync.Mutex.Lock", LOCKED), ("sync.Mutex.Lock", other)))
    assert only.numbers == (7, 8)


def test_the_lock_is_named_with_who_takes_it_and_where() -> None:
    (it,) = waiting(dump(("semacquire, 2 minutes", LOCKED), ("GC worker (idle)", IDLE)))
    assert list(render_waiting("buildkitd", [it])) == [
        "buildkitd: goroutine 7 [semacquire, 2 minutes]",
        "    sync.(*Mutex).Lock",
        "    example.com/minikit/solver.(*CacheMounts).acquire  solver/cachemounts.go:45",
        "    example.com/minikit/solver.(*Solver).run.func1  solver/solver.go:80",
    ]
    assert in_short(it) == (
        "goroutine 7 [semacquire, 2 minutes] in example.com/minikit/solver.(*CacheMounts).acquire"
        " at solver/cachemounts.go:45"
    )


def test_a_semaphore_that_is_no_lock_is_told_from_one_that_is() -> None:
    group = LOCKED.replace("(*Mutex).Lock", "(*WaitGroup).Wait")
    readers = LOCKED.replace("(*Mutex).Lock", "(*RWMutex).RLock")
    nil = ACCEPTS.replace("net.(*UnixListener).Accept", "runtime.chanrecv1")
    found = groups(
        dump(("semacquire", group), ("semacquire", readers), ("chan receive (nil chan)", nil))
    )
    assert [it.locked for it in found] == [False, True, True]


def test_many_goroutines_and_groups_are_told_in_a_few_lines() -> None:
    many = [("sync.Mutex.Lock", LOCKED)] * 100
    others = [("sync.Mutex.Lock", LOCKED.replace(":45", f":{n}")) for n in range(50, 60)]
    lines = list(render_waiting("buildkitd", waiting(dump(*many, *others))))
    assert lines[0].startswith("buildkitd: 100 goroutines (7, 8, 9, ")
    assert lines[0].endswith(", …) [sync.Mutex.Lock]")
    assert lines[-1] == f"buildkitd: {11 - GROUPS} more groups of goroutines wait"


def test_dumps_are_cut_out_of_what_a_program_said_before() -> None:
    text = f"time=1 msg=ready\n{dump(('select', ACCEPTS))}\n{dump(('IO wait', ACCEPTS))}"
    assert [groups(it)[0].state for it in dumps_in(text)] == ["select", "IO wait"]
    assert dumps_in("nothing of the kind") == []


def test_what_is_no_dump_gives_nothing() -> None:
    assert groups("goroutine x [running]:\nmain.main()\n") == []
    assert groups("") == []
