"""How tests and binaries end, and what of that is a failure: the numbered pitfalls of Go's output.

The numbers are those of the notes that this parser was written from, here and in
test_gotest_output.py; living binaries are held to the same in
tests/integration/test_gotest_ends_real.py and test_gotest_output_real.py.
"""

from __future__ import annotations

import pytest

from harness.model import Outcome, Reason
from tests.support.streams import TRACE, marked, read
from tests.unit.gotest.test_reasons import UNEXPECTED, block


def test_1_a_panic_leaves_its_test_crashed_and_the_others_without_an_end() -> None:
    heard = read(
        marked(
            "^V=== RUN   TestA\n^V=== RUN   TestA/other\n^V=== PAUSE TestA/other\n"
            "^V=== RUN   TestA/inside\n^V=== CONT  TestA/other\n"
            "^V--- FAIL: TestA/inside (0.00s)\n^V--- FAIL: TestA (0.00s)\n"
            "panic: boom [recovered, repanicked]\n\ngoroutine 8 [running]:\n"
            "example.com/x.TestA.func2(0xc000)\n\t/src/x_test.go:43 +0x25\n"
            "created by testing.(*T).Run in goroutine 7\n\t/go/testing.go:1742 +0x390\n"
        ),
        2,
    )
    inside, other = heard.result("TestA/inside"), heard.result("TestA/other")
    assert (inside.outcome, inside.reason) == (Outcome.CRASH, Reason.PANIC)
    assert inside.error.startswith("panic: boom")
    assert "x_test.go:43" in inside.error
    assert "testing.go" not in inside.error
    assert (other.outcome, other.reason) == (Outcome.CRASH, Reason.INCOMPLETE)
    assert heard.parsed.parents == {"TestA": Outcome.FAIL}
    assert heard.parsed.notes == (
        "the test binary died: panic: boom; in TestA/inside; began and did not end: TestA/other",
    )


@pytest.mark.parametrize(
    "between",
    [
        "=== RUN   TestI/TestGood/worker=oci/sub",
        "--- FAIL: TestI/TestOther/worker=oci (0.00s)",
        "--- FAIL: TestI/TestOther/worker=oci (0.00s)\n^V=== NAME  TestI/TestGood/worker=oci",
    ],
)
def test_1_a_panic_is_its_tests_whatever_others_say_before_go_has_told_of_it(between: str) -> None:
    names = [f"TestI/Test{it}/worker=oci" for it in ("Bad", "Good", "Other")]
    runs = "".join(f"^V=== RUN   {name}\n" for name in ("TestI", *names))
    heard = read(
        marked(
            f"{runs}^V--- FAIL: {names[0]} (0.00s)\n^V{between}\n^V--- FAIL: TestI (0.00s)\n"
            "panic: boom [recovered, repanicked]\n\ngoroutine 8 [running]:\n"
            "example.com/x.testBad(0xc000)\n\t/src/x_test.go:43 +0x25\n"
            "created by testing.(*T).Run in goroutine 7\n\t/go/testing.go:1742 +0x390\n"
        ),
        2,
    )
    bad = heard.result(names[0])
    assert (bad.outcome, bad.reason) == (Outcome.CRASH, Reason.PANIC)
    assert "x_test.go:43" in bad.error
    assert heard.parsed.cut is not None
    assert heard.parsed.cut.culprits == (names[0],)
    assert heard.result(names[2]).reason is not Reason.PANIC


@pytest.mark.parametrize(
    "steps",
    [
        "^V--- FAIL: {0} (0.00s)\n",
        "^V--- FAIL: {0} (0.00s)\n^V--- FAIL: TestI (0.00s)\n",
        "^V--- FAIL: {0} (0.00s)\n^V=== CONT  {1}\n^V--- FAIL: TestI (0.00s)\n",
    ],
    ids=["a-step", "all-steps", "with-another-between"],
)
def test_1_a_test_that_was_being_failed_when_a_goroutine_panicked_has_not_ended(steps: str) -> None:
    """Seen on MiniKit: two tests panic at once, and the words of the second were lost."""
    names = [f"TestI/Test{it}/worker=oci" for it in ("Bad", "Watched")]
    runs = "".join(f"^V=== RUN   {name}\n" for name in ("TestI", *names))
    panic = (
        "panic: boom\n\ngoroutine 8 [running]:\nexample.com/x.tell(0xc000)\n"
        "\t/src/x_test.go:15 +0xe\ncreated by example.com/x.testWatched in goroutine 7\n"
    )
    heard = read(marked(f"{runs}{steps.format(*names)}{panic}"), 2)
    bad, watched = map(heard.result, names)
    assert (bad.outcome, bad.reason) == (Outcome.CRASH, Reason.INCOMPLETE)
    assert bad.error == "was being failed when the test binary died: panic: boom"
    assert (watched.outcome, watched.reason) == (Outcome.CRASH, Reason.PANIC)
    assert heard.parsed.cut is not None
    assert heard.parsed.cut.culprits == (names[1],)
    assertion = block(UNEXPECTED + "wrong", test=names[0]).decode()
    said = f"^V=== NAME  {names[0]}\n{assertion}\n"
    told = read(marked(f"{runs}{said}{steps.format(*names)}{panic}"), 2).result(names[0])
    assert told.outcome is Outcome.FAIL, "a test that said what failed it has ended"


def test_1_what_others_say_while_a_panic_comes_down_is_no_state_of_the_machine() -> None:
    """The one that panics has what all share cleaned up first, so others lose their registry."""
    lost = "docker.io/library/nosuch:latest: not found"
    panic = (
        "panic: boom [recovered, repanicked]\n\ngoroutine 8 [running]:\n"
        "example.com/x.testBad(0xc000)\n\t/src/x_test.go:43 +0x25\n"
    )
    names = [f"TestI/Test{it}/worker=oci" for it in ("Bad", "Good")]
    runs = "".join(f"^V=== RUN   {name}\n" for name in ("TestI", *names))
    said = f"^V=== NAME  {names[1]}\n{block(UNEXPECTED + lost, test=names[1]).decode()}\n"
    ended = f"^V--- FAIL: {names[0]} (0.00s)\n^V--- FAIL: TestI (0.00s)\n"
    good = read(marked(f"{runs}{said}{ended}{panic}"), 2).result(names[1])
    assert (good.outcome, good.reason) == (Outcome.CRASH, Reason.INCOMPLETE)
    assert lost in good.error, "it is told all the same"
    alone = read(marked(f"{runs}{said}^V--- FAIL: {names[1]} (0.00s)\n"), 1).result(names[1])
    assert alone.reason is Reason.IMAGE_PULL


@pytest.mark.parametrize("by", ["Bad", "Watched"], ids=["its-own-panic", "a-goroutines-panic"])
def test_1_who_fails_behind_a_panic_runs_again(by: str) -> None:
    """Seen in CI on MiniKit: its registry was gone, so that another error came than was wanted."""
    names = [f"TestI/Test{it}/worker=oci" for it in ("Early", "Bad", "Late", "Watched")]
    runs = "".join(f"^V=== RUN   {name}\n" for name in ("TestI", *names))
    wrong = {it: block(UNEXPECTED + "not the words", test=it).decode() for it in names}
    early, bad, late, _ = names
    fails = "".join(
        f"^V=== NAME  {it}\n{wrong[it] if it != bad else ''}\n^V--- FAIL: {it} (0.00s)\n"
        for it in (early, bad, late)
    )
    died = "testBad" if by == "Bad" else "tell"
    panic = (
        f"panic: boom\n\ngoroutine 8 [running]:\nexample.com/x.{died}(0xc000)\n"
        f"\t/src/x_test.go:15 +0xe\ncreated by example.com/x.test{by} in goroutine 7\n"
    )
    heard = read(marked(f"{runs}{fails}^V--- FAIL: TestI (0.00s)\n{panic}"), 2)
    told = heard.result(late)
    assert (told.outcome, told.reason) == (Outcome.CRASH, Reason.INCOMPLETE)
    assert told.error.startswith("failed while the test binary died: panic: boom\n")
    assert "not the words" in told.error, "what it said is told all the same"
    assert heard.result(early).outcome is Outcome.FAIL, "it had failed before"
    assert heard.result(bad).reason is (Reason.PANIC if by == "Bad" else Reason.INCOMPLETE)


def test_1_an_exit_of_the_process_is_a_crash_of_what_ran() -> None:
    heard = read(marked("^V=== RUN   TestA\n^V=== RUN   TestA/x\n"), 3)
    found = heard.result("TestA/x")
    assert (found.outcome, found.reason) == (Outcome.CRASH, Reason.INCOMPLETE)
    assert "exited with status 3" in found.error
    assert "TestA" not in heard.outcomes
    assert heard.ends == [("TestA", Outcome.CRASH, None), ("TestA/x", Outcome.CRASH, None)]


def test_1_a_paused_test_that_never_ran_is_missing() -> None:
    text = "^V=== RUN   TestA\n^V=== RUN   TestA/x\n^V=== PAUSE TestA/x\n^V=== RUN   TestA/y\n"
    heard = read(marked(text), None)
    assert heard.outcomes == {"TestA/x": Outcome.MISSING, "TestA/y": Outcome.CRASH}
    assert heard.result("TestA/x").reason is None
    assert "waiting for its turn" in heard.result("TestA/x").error
    assert "TestA/x" not in heard.logs


def test_1_a_parent_that_dies_while_its_children_wait_is_judged_itself() -> None:
    text = "^V=== RUN   TestI\n^V=== RUN   TestI/x\n^V=== PAUSE TestI/x\n^V=== NAME  TestI\n"
    heard = read(marked(text), None, timed_out=True)
    assert heard.outcomes == {"TestI": Outcome.HANG, "TestI/x": Outcome.MISSING}
    assert heard.result("TestI").reason is Reason.TIMEOUT


@pytest.mark.parametrize(
    ("status", "words"),
    [(None, "was killed"), (-9, "was killed by signal 9"), (137, "exited with status 137")],
)
def test_1_how_the_process_ended_is_said(status: int | None, words: str) -> None:
    assert words in read(marked("^V=== RUN   TestA\n"), status).result("TestA").error


TIMEOUT = (
    "panic: test timed out after 2s\nrunning tests:\n"
    "\tTestI/TestStuck/worker=oci (2s)\n\tTestI/TestWaits/worker=oci (2s)\n\n"
    "goroutine 33 [running]:\ntesting.(*M).startAlarm.func1()\n\t/go/testing.go:2259 +0x259\n\n"
    "goroutine 8 [chan receive, 2 minutes]:\nexample.com/x.testStuck(...)\n"
    "\t/src/x_test.go:82\nexample.com/x.TestI.func2(0x0?)\n\t/src/x_test.go:73 +0x25\n\n"
)


@pytest.mark.parametrize("framing", ["marked", "plain"])
def test_2_and_3_what_a_timeout_swallowed_has_not_passed(framing: str) -> None:
    mark = "^V" if framing == "marked" else ""
    text = (
        "^V=== RUN   TestI\n^V=== RUN   TestI/TestQuick/worker=oci\n"
        "^V=== RUN   TestI/TestStuck/worker=oci\n^V=== RUN   TestI/TestWaits/worker=oci\n"
    ).replace("^V", mark)
    heard = read(marked(text + TIMEOUT), 2)
    assert set(heard.outcomes.values()) == {Outcome.HANG}
    assert heard.result("TestI/TestStuck/worker=oci").reason is Reason.TIMEOUT
    assert heard.result("TestI/TestWaits/worker=oci").reason is Reason.INCOMPLETE
    assert heard.result("TestI/TestQuick/worker=oci").reason is Reason.INCOMPLETE


def test_6_a_timeouts_trace_is_not_held_against_the_test_it_was_printed_in() -> None:
    heard = read(
        marked(
            "^V=== RUN   TestI\n^V=== RUN   TestI/TestStuck/worker=oci\n"
            "^V=== RUN   TestI/TestFine/worker=oci\n"
            "^V--- PASS: TestI/TestFine/worker=oci (0.10s)\n" + TIMEOUT
        ),
        2,
    )
    assert heard.outcomes == {
        "TestI/TestStuck/worker=oci": Outcome.HANG,
        "TestI/TestFine/worker=oci": Outcome.PASS,
    }
    stuck = heard.result("TestI/TestStuck/worker=oci")
    assert "testStuck(...)" in stuck.error
    assert b"goroutine 33" in heard.logs[stuck.name]


def test_6_without_a_stack_the_tests_that_go_lists_are_to_blame() -> None:
    dump = "panic: test timed out after 2s\nrunning tests:\n\tTestA/x (2s)\n\ngoroutine 1 [x]:\n"
    text = "^V=== RUN   TestA\n^V=== RUN   TestA/x\n^V=== RUN   TestA/y\n"
    heard = read(marked(text + dump), 2)
    assert heard.result("TestA/x").reason is Reason.TIMEOUT
    assert heard.result("TestA/y").reason is Reason.INCOMPLETE


def test_8_a_leaked_child_that_holds_stdout_is_nobodys_failure() -> None:
    stream = marked(
        "^V=== RUN   TestA\n^V--- PASS: TestA (0.00s)\n^VPASS\n"
        "*** Test I/O incomplete 60s after exiting.\nexec: WaitDelay expired\n"
    )
    assert "left behind" in read(stream, 1).parsed.broken
    held = read(stream[: stream.index(b"***")], None, timed_out=True)
    assert "left behind" in held.parsed.broken
    assert read(stream, 1).outcomes == {"TestA": Outcome.PASS}


GO_TEST_PANIC = (
    "=== RUN   TestA\n--- FAIL: TestA (0.00s)\npanic: boom [recovered]\n\tpanic: boom\n\n"
    "goroutine 6 [running]:\nmain.TestA(0xc0)\n\t/src/a_test.go:9 +0x1\nexit status 2\n"
    "FAIL\texample.com/x\t0.003s\nFAIL\n"
)


def test_13_a_panic_shows_although_go_test_ends_with_its_own_status() -> None:
    found = read(GO_TEST_PANIC.encode(), 1).result("TestA")
    assert (found.outcome, found.reason) == (Outcome.CRASH, Reason.PANIC)
    assert "a_test.go:9" in found.error


def test_13_words_like_a_panics_in_a_test_that_goes_on_are_only_words() -> None:
    for ending in ("--- FAIL: TestA/x (0.00s)\n^V--- FAIL: TestA (0.00s)", "=== NAME  TestA"):
        text = f"^V=== RUN   TestA\n^V=== RUN   TestA/x\npanic: not mine\n^V{ending}\n"
        heard = read(marked(text), 1)
        assert heard.result("TestA/x").reason is not Reason.PANIC


def test_14_a_serial_failure_that_ends_the_enumeration_is_the_parents_too() -> None:
    heard = read(
        marked(
            "^V=== RUN   TestI\n^V=== RUN   TestI/first\n^V=== NAME  TestI/first\n"
            "    x_test.go:1: broken\n^V--- FAIL: TestI/first (0.00s)\n^V=== NAME  TestI\n"
            + TRACE.format("TestI")
            + "^V--- FAIL: TestI (0.00s)\n^VFAIL\n"
        )
    )
    assert heard.outcomes == {"TestI": Outcome.FAIL, "TestI/first": Outcome.FAIL}
    assert heard.parsed.notes == (
        (
            "TestI failed by itself (Should be true): "
            "tests that it had not begun by then have no verdict"
        ),
    )


def test_15_a_sigquit_dump_names_who_held_the_run() -> None:
    heard = read(
        marked(
            "^V=== RUN   TestI\n^V=== RUN   TestI/TestStuck/worker=oci\n"
            "^V=== RUN   TestI/TestWaits/worker=oci\n"
            "SIGQUIT: quit\nPC=0x47 m=0 sigcode=0\n\n"
            "goroutine 8 [select]:\ngithub.com/moby/buildkit/frontend/dockerfile."
            "testStuck(0xc0)\n\t/src/x_test.go:82 +0x1\n\n"
            "goroutine 9 [semacquire]:\ngolang.org/x/sync/semaphore.(*Weighted).Acquire()\n\t/x:1\n"
        ),
        2,
        timed_out=True,
    )
    stuck = heard.result("TestI/TestStuck/worker=oci")
    assert (stuck.outcome, stuck.reason) == (Outcome.HANG, Reason.TIMEOUT)
    assert "x_test.go:82" in stuck.error
    assert heard.result("TestI/TestWaits/worker=oci").reason is Reason.INCOMPLETE


def test_15_a_sigquit_that_nobody_timed_is_no_hang() -> None:
    heard = read(marked("^V=== RUN   TestA\nSIGQUIT: quit\nPC=0x47\n"), 2)
    assert heard.outcomes == {"TestA": Outcome.CRASH}
    assert "told to quit" in heard.result("TestA").error
