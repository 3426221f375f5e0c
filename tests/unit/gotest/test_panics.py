"""Whose panic it is that a test failed by: told by the process that ended, not by the words alone.

The first log is a small one of a real run (BuildKit v0.11.6 with a frontend that was made to fail).
"""

from __future__ import annotations

import pytest

from harness.gotest.daemons import Fate, daemon_evidence
from harness.gotest.excerpts import error_line
from harness.gotest.reasons import Explanation, explain
from harness.model import Outcome, Program, Reason
from tests.support.streams import marked, read
from tests.unit.gotest.test_reasons import UNEXPECTED, block

NIL = "panic: runtime error: invalid memory address or nil pointer dereference"
BUILD = """panic: runtime error: invalid memory address or nil pointer dereference
[signal SIGSEGV: segmentation violation code=0x1 addr=0x0 pc=0xae8bf4]

goroutine 13 [running]:
github.com/moby/buildkit/frontend/dockerfile/dockerfile2llb.toDispatchState({_, _}, {_, _, _})
\tgithub.com/moby/buildkit/frontend/dockerfile/dockerfile2llb/convert.go:199 +0x4d4
golang.org/x/sync/errgroup.(*Group).Go.func1()
\tgolang.org/x/sync@v0.1.0/errgroup/errgroup.go:75 +0x56
created by golang.org/x/sync/errgroup.(*Group).Go in goroutine 1
\tgolang.org/x/sync@v0.1.0/errgroup/errgroup.go:72 +0x96
"""
RETURNED = """panic: rpc error: code = Unknown desc = no such stage

goroutine 1 [running]:
main.main()
\t/src/frontend/dockerfile/cmd/dockerfile-frontend/main.go:26 +0x236
"""
SOLVER = """panic: assignment to entry in nil map

goroutine 77 [running]:
github.com/moby/buildkit/solver.(*edge).unpark(0xc0005a1200)
\tgithub.com/moby/buildkit/solver/edge.go:400 +0x1a
"""
RUNC = """panic: runtime error: index out of range [1] with length 1

goroutine 1 [running, locked to thread]:
github.com/opencontainers/runc/libcontainer.(*linuxStandardInit).Init(0xc000010000)
\tgithub.com/opencontainers/runc/libcontainer/standard_init_linux.go:90 +0x11
main.main()
\tgithub.com/opencontainers/runc/main.go:160 +0x99
"""
STEP = """panic: boom

goroutine 1 [running]:
main.main()
\t/src/hello.go:4 +0x25
"""
STORE = """fatal error: concurrent map writes

goroutine 4 [running]:
github.com/containerd/containerd/metadata.(*DB).Update(0xc0001)
\tgithub.com/containerd/containerd/metadata/db.go:9 +0x1
"""
HANDLER = """panic: close of closed channel

goroutine 9 [running]:
github.com/distribution/distribution/v3/registry/storage.(*blobWriter).Commit(0xc0001)
\tgithub.com/distribution/distribution/v3/registry/storage/blobwriter.go:55 +0x1
"""

BEGUN = 'time="t" level=debug msg="session started"\n'
GOES_ON = (
    'time="t" level=error msg="/moby.buildkit.v1.Control/Solve returned error: exit code: 2"\n'
    "exit code: 2\n"
    'time="t" level=debug msg="session finished: <nil>"\n'
)
FELL = "> stopped 2026-11-29 23:37:51 +0000 UTC exit status 2 2\n"
KILLED = "> stopped 2026-11-29 23:37:51 +0000 UTC signal: killed -1\n"
ENDED = "> sending sigterm 2026-11-29\n> stopped 2026-11-29 23:37:51 +0000 UTC exit status 0 0\n"
LOST = "rpc error: code = Unavailable desc = transport is closing"
EXIT_2 = "exit code: 2\nfailed to solve"


def child(said: str, command: str = "/mnt/bin/buildkitd --debug") -> bytes:
    """Write the log of one child of a sandbox as t.Log does."""
    lines = [f"stdout: {command}", f"stderr: {command}", f"> startCmd {command}"]
    lines += said.splitlines()
    return "".join(f"    sandbox.go:286: {line}\n" for line in lines).encode()


def told(error: str, *logs: bytes) -> Explanation:
    return explain(block(UNEXPECTED + error) + b"".join(logs), test="TestA")


def test_a_frontends_panic_is_named_as_the_frontends_with_its_goroutine() -> None:
    found = told(EXIT_2, child(BEGUN + BUILD + GOES_ON))
    assert (found.reason, found.program, found.died) == (Reason.PANIC, Program.FRONTEND, False)
    assert f"Frontend:    {NIL}\n" in found.error
    assert "dockerfile2llb/convert.go:199" in found.error
    assert "Daemon:" not in found.error
    assert error_line(found.error) == NIL
    again = told(EXIT_2, child(BEGUN + BUILD.replace("0xae8bf4", "0x1") + GOES_ON))
    assert (again.stable, again.error == found.error) == (found.stable, False)


def test_it_is_a_failure_of_the_test_and_no_crash() -> None:
    log = (block(UNEXPECTED + EXIT_2) + child(BEGUN + BUILD + GOES_ON)).decode()
    heard = read(marked(f"^V=== RUN   TestA\n{log}^V--- FAIL: TestA (0.1s)\n^VFAIL\n"), 1)
    result = heard.result("TestA")
    assert (result.outcome, result.reason) == (Outcome.FAIL, Reason.PANIC)
    assert result.with_reason == "fail (panic: frontend)"


@pytest.mark.parametrize(
    ("error", "log"),
    [
        (EXIT_2, BUILD),  # the daemon answered, so it lived
        ("process returned non-zero exit code: 2", BUILD),
        ("frontend grpc server closed unexpectedly", BUILD + GOES_ON),
        (LOST, BUILD + GOES_ON),
        ("context canceled", BUILD + GOES_ON + ENDED),
        ("exit status 1", BUILD + GOES_ON),  # buildctl; the daemon's last error says why
        (EXIT_2, RETURNED + BUILD + GOES_ON),
        (EXIT_2, STEP + BUILD + GOES_ON),
        (EXIT_2, BUILD.replace("builder", "frontend/dockerui") + GOES_ON + BUILD + GOES_ON),
    ],
)
def test_a_frontends_panic_under_a_daemon_that_lives(error: str, log: str) -> None:
    found = told(error, child(BEGUN + log))
    assert (found.reason, found.program) == (Reason.PANIC, Program.FRONTEND)
    assert NIL in found.error


def test_a_comparison_that_shows_how_the_frontend_ended_is_its_panic_too() -> None:
    log = block('"exit code: 2" does not contain "no such stage"')
    found = explain(log + child(BEGUN + BUILD + GOES_ON), test="TestA")
    assert (found.reason, found.program) == (Reason.PANIC, Program.FRONTEND)
    other = block('"a" does not contain "b"') + child(BEGUN + BUILD + GOES_ON)
    assert explain(other, test="TestA").reason is Reason.ASSERTION


@pytest.mark.parametrize(
    ("error", "log"),
    [
        # v0.3 to master: main panics with every error, which the daemon was told before.
        ("no such stage", RETURNED + GOES_ON),
        (EXIT_2, RETURNED + GOES_ON),
        (EXIT_2, STEP + GOES_ON),  # a program that a build ran
        ('secret "x": not found', BUILD + GOES_ON),  # an earlier build's, as the test wanted
    ],
)
def test_what_is_no_cause_of_the_failure(error: str, log: str) -> None:
    found = told(error, child(BEGUN + log))
    assert (found.reason, found.program) == (Reason.ASSERTION, None)


@pytest.mark.parametrize(
    ("error", "log"),
    [
        (LOST, SOLVER),
        (LOST, SOLVER + FELL),
        ("context canceled", SOLVER),
        # The frontend that is built into the daemon takes it along.
        (LOST, BUILD),
        (LOST, BUILD + FELL),
        # Another goroutine came to write a line before all stood still.
        (LOST, SOLVER + BEGUN + FELL),
        # The test asked it to stop before it was at its panic's end.
        (LOST, SOLVER + ENDED.replace("exit status 0 0", "exit status 2 2")),
        # A frontend's panic first, then the daemon's.
        (LOST, BUILD + GOES_ON + SOLVER + FELL),
        (LOST, RETURNED + GOES_ON + SOLVER),
    ],
)
def test_a_daemon_that_died_by_a_panic(error: str, log: str) -> None:
    found = told(error, child(BEGUN + log))
    assert (found.reason, found.program) == (Reason.DAEMON_GONE, Program.DAEMON)
    assert f"Daemon:      {log[log.rindex('panic: ') :].partition(chr(10))[0]}" in found.error


@pytest.mark.parametrize(
    ("error", "log", "reason"),
    [
        (LOST, "", Reason.DAEMON_GONE),
        (LOST, KILLED, Reason.DAEMON_GONE),
        (LOST, BUILD + GOES_ON + KILLED, Reason.DAEMON_GONE),
        ("process exited: /mnt/bin/buildkitd --debug", FELL, Reason.DAEMON_GONE),
        ("error reading server preface: EOF", "", Reason.DAEMON_GONE),
        ("write unix @->/tmp/bktest_buildkitd1/buildkitd.sock: write: broken pipe", "",
         Reason.DAEMON_GONE),
        ("dial unix /run/containerd/containerd.sock: connect: connection refused", KILLED,
         Reason.DAEMON_GONE),
        # Its process did not end, or only when it was asked to.
        (LOST, ENDED, Reason.ASSERTION),
        (LOST, SOLVER.join(("> stop requested now\n", FELL)), Reason.ASSERTION),
        (LOST, 'time="t" level=debug msg="session finished: <nil>"\n', Reason.ASSERTION),
        ("error reading from server: EOF", ENDED, Reason.ASSERTION),
        # A test that ended its daemon, and failed by something else.
        ("open /x: no such file or directory", KILLED, Reason.ASSERTION),
        ("EOF", "", Reason.ASSERTION),
        ("rpc error: code = Unknown desc = failed to read x: EOF", "", Reason.ASSERTION),
    ],
)  # fmt: skip
def test_daemon_gone_only_if_its_process_ended(error: str, log: str, reason: Reason) -> None:
    found = told(error, child(BEGUN + log))
    assert found.reason is reason
    assert found.died is (reason is Reason.DAEMON_GONE)


@pytest.mark.parametrize(
    ("program", "error", "log"),
    [
        (Program.RUNC, "runc run failed: exit status 2", child(BEGUN + RUNC + GOES_ON)),
        (
            Program.CONTAINERD,
            "error reading from server: EOF",
            child(BEGUN + GOES_ON) + child(STORE, "/usr/bin/containerd --config /tmp/c.toml"),
        ),
        (
            Program.CONTAINERD,
            "error reading from server: EOF",
            child(STORE + FELL, "/usr/bin/sudo -u #1000 /usr/bin/containerd --root /x"),
        ),
        (
            Program.REGISTRY,
            'Put "http://localhost:37165/v2/x/blobs/uploads/1": EOF',
            child(BEGUN + GOES_ON) + child(HANDLER, "/usr/bin/registry serve /tmp/c.yml"),
        ),
    ],
)
def test_the_other_programs_panics_are_named_as_theirs(
    program: Program, error: str, log: bytes
) -> None:
    found = told(error, log)
    assert (found.reason, found.program) == (Reason.PANIC, program)
    assert f"\n{program.capitalize()}:" in found.error


def test_a_panic_that_a_test_repeats_in_its_own_words() -> None:
    found = told(f"exit status 2\n{RUNC}")
    assert (found.reason, found.program) == (Reason.PANIC, Program.RUNC)
    assert "standard_init_linux.go:90" in found.error


def test_a_panic_for_want_of_memory_is_the_machines() -> None:
    dead = BUILD.replace(NIL, "fatal error: runtime: out of memory")
    assert told(EXIT_2, child(BEGUN + dead + GOES_ON)).reason is Reason.OOM
    assert told(LOST, child(BEGUN + dead)).reason is Reason.OOM


def test_the_test_binarys_own_panic_is_named_so() -> None:
    dump = f"{NIL}\n\ngoroutine 7 [running]:\nx.TestA()\n\t/src/a_test.go:9 +0x1\n"
    heard = read(marked(f"^V=== RUN   TestA\n{dump}"), 2)
    assert heard.result("TestA").with_reason == "crash (panic: test binary)"


@pytest.mark.parametrize(
    ("log", "fate"),
    [
        (b"", Fate.UNTOLD),
        (child(BEGUN), Fate.UNTOLD),
        (child(BEGUN + GOES_ON), Fate.LIVED),
        (child(ENDED) + child(KILLED), Fate.DIED),
        (child(ENDED) + child(BEGUN), Fate.UNTOLD),
        (child(ENDED) + child(HANDLER, "/usr/bin/registry serve"), Fate.LIVED),
    ],
)
def test_the_fate_of_all_daemons_of_a_test(log: bytes, fate: Fate) -> None:
    assert daemon_evidence(log, answered=False).fate is fate
