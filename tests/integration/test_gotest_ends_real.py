"""Living Go binaries that end in all ways they should not: the pitfalls of Go's output, by number.

The unit tests hold what is known of Go's output; these hold that Go still behaves so. Each runs
with Debian's Go 1.19, which marks nothing, with Go 1.21, which marks its lines, and with Go 1.27,
which escapes what a test writes; the newer two also as Go 1.19 would, with plain -test.v.
"""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Callable, Iterator

import msgspec
import pytest

from harness.gotest.fingerprint import fingerprint
from harness.gotest.names import prefixes
from harness.model import Format, Leg, LegRun, Outcome, Reason, Verdict
from harness.verdict.collate import judgements
from tests.support.factories import full_name, leg_run
from tests.support.go_binaries import NEW, PATIENCE, Binary
from tests.support.misbehaving_binary import Living
from tests.support.streams import Heard, read
from tests.unit.gotest.test_trees import accounted

pytestmark = pytest.mark.integration


DEATHS = {
    "panic": (Reason.PANIC, "panic: boom"),
    "nil": (Reason.PANIC, "panic: assignment to entry in nil map"),
    "cleanup": (Reason.PANIC, "panic: boom in a cleanup"),
    "segfault": (Reason.PANIC, "panic: runtime error: invalid memory address"),
    "goroutine": (Reason.PANIC, "panic: boom in a goroutine"),
    "fatal error": (Reason.PANIC, "fatal error: stack overflow"),
    "exit0": (Reason.INCOMPLETE, "exited with status 0"),
    "exit1": (Reason.INCOMPLETE, "exited with status 1"),
    "exit3": (Reason.INCOMPLETE, "exited with status 3"),
    "signal": (Reason.INCOMPLETE, "was killed by signal 9"),
}


@pytest.mark.parametrize("death", DEATHS)
def test_1_a_test_that_takes_the_binary_with_it(living: Living, death: str) -> None:
    heard, status = living.run("^TestDeath$", hostile=death)
    reason, words = DEATHS[death]
    dying = heard.result("TestDeath/dying")
    assert bool(status) == (death != "exit0")
    assert dying.outcome is Outcome.CRASH
    if living.marked or death not in {"goroutine", "fatal error"}:
        assert dying.reason is reason
    else:  # whose goroutine it was cannot be told: that TestDeath/ended ended does not show
        assert dying.reason is Reason.INCOMPLETE
    assert words in dying.error
    assert heard.outcomes["TestDeath/waiting"] in {Outcome.MISSING, Outcome.CRASH}
    assert "TestDeath/after" not in heard.outcomes
    assert heard.outcomes.get("TestDeath") is not Outcome.PASS
    if living.marked:
        assert heard.outcomes["TestDeath/ended"] is Outcome.PASS
    assert any("dying" in note for note in heard.parsed.notes)


def test_1_a_panic_fails_alike_under_every_go(living: Living) -> None:
    heard, _ = living.run("^TestPanic$")
    found = heard.result("TestPanic/inside")
    assert (found.outcome, found.reason) == (Outcome.CRASH, Reason.PANIC)
    assert "hostile_test.go:" in found.error
    assert found.fingerprint == fingerprint("panic: boom")
    assert heard.outcomes["TestPanic/before"] is Outcome.PASS


def test_1_a_panic_in_a_goroutine_of_nobody(living: Living) -> None:
    heard, _ = living.run("^TestPanicElsewhere$")
    assert set(heard.outcomes.values()) == {Outcome.CRASH}
    assert "panic: boom in a goroutine" in heard.parsed.notes[0]
    assert "hostile.explode()" in heard.result("TestPanicElsewhere/culprit").error


def test_1_tests_that_never_appeared_are_lost(living: Living) -> None:
    told = []
    for leg, hostile in ((Leg.CONTROL, ""), (Leg.CANDIDATE, "TestTwo")):
        heard, status = living.run("^TestIntegration$", hostile=hostile)
        told.append(leg_of(leg, heard, status))
    verdicts = {row.name: row for row in judgements(told, (), {})}
    one, two, three = (verdicts[full_name(f)] for f in ("TestOne", "TestTwo", "TestThree"))
    assert one.verdict is (Verdict.COMPATIBLE if living.marked else Verdict.REGRESSED)
    assert two.verdict is Verdict.REGRESSED
    assert two.candidate[0].outcome is Outcome.CRASH
    assert three.verdict is Verdict.LOST
    assert three.candidate[0].outcome is Outcome.MISSING


def leg_of(leg: Leg, heard: Heard, status: int) -> LegRun:
    run = leg_run(leg, heard.parsed.results)
    parsed = heard.parsed
    return msgspec.structs.replace(
        run, parents=parsed.parents, failed_below=parsed.failed_below, exit_status=status
    )


def test_2_3_and_6_the_binarys_own_timeout(living: Living) -> None:
    heard, _ = living.run("^TestHang$", "-test.timeout=2s")
    stuck = heard.result("TestHang/TestStuck/worker=oci")
    assert (stuck.outcome, stuck.reason) == (Outcome.HANG, Reason.TIMEOUT)
    assert "testStuck" in stuck.error
    assert b"panic: test timed out" in heard.logs[stuck.name]
    assert heard.outcomes["TestHang/TestWaits/worker=oci"] is Outcome.HANG
    # The dump stands behind the words of the test that was the last to speak.
    quick = heard.result("TestHang/TestQuick/worker=oci")
    if living.marked:
        assert (quick.outcome, quick.error) == (Outcome.PASS, "")
    else:
        assert (quick.outcome, quick.reason) == (Outcome.HANG, Reason.INCOMPLETE)


def test_8_a_child_that_holds_stdout(living: Living) -> None:
    argv = living.binary.argv("^TestLeak$", form=living.form)
    with subprocess.Popen(
        argv,
        env={**os.environ, "HOSTILE": "2"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as running:
        assert running.stdout is not None
        said = b"".join(until(running.stdout.fileno(), b"PASS\n"))
    heard = read(said, None, timed_out=True, framing=living.binary.framing(living.form))
    assert heard.outcomes == {"TestLeak": Outcome.PASS}
    assert "left behind" in heard.parsed.broken


def test_8_what_go_test_says_of_such_a_child(hostile: Callable[[str], Binary]) -> None:
    words = ("-run", "^TestLeak$", "-timeout", "20s", ".")
    said = hostile(NEW).go("test", "-v", *words, hostile="8")  # it is waited for 5 seconds
    heard = read(said, 1)
    assert b"*** Test I/O incomplete" in said
    assert heard.outcomes == {"TestLeak": Outcome.PASS}
    assert "left behind" in heard.parsed.broken


def test_13_go_test_hides_the_binarys_own_status(binary: Binary) -> None:
    heard = read(binary.go("test", "-v", "-run", "^TestExit$", "."), 1, framing=Format.PLAIN)
    assert heard.outcomes["TestExit/exiting"] is Outcome.CRASH
    heard = read(binary.go("test", "-v", "-run", "^TestPanic$", "."), 1, framing=Format.PLAIN)
    inside = heard.result("TestPanic/inside")
    assert (inside.outcome, inside.reason) == (Outcome.CRASH, Reason.PANIC)


def test_14_a_failing_serial_subtest_that_ends_the_enumeration(living: Living) -> None:
    heard, _ = living.run("^TestEnumerationEnds$")
    assert heard.outcomes == {
        "TestEnumerationEnds": Outcome.FAIL,
        "TestEnumerationEnds/first": Outcome.PASS,
        "TestEnumerationEnds/serial": Outcome.FAIL,
    }
    assert "had not begun" in heard.parsed.notes[0]


def test_14_a_parent_that_fails_alone(living: Living) -> None:
    heard, _ = living.run("^TestParentFailsAlone$")
    assert heard.outcomes["TestParentFailsAlone"] is Outcome.FAIL
    assert "after all went well" in heard.result("TestParentFailsAlone").error


NESTED = [
    f"TestNest/{order}-{way}/{name}"
    for way in ("serial", "parallel")
    for order, names in {
        "down": ("linux/arm", "linux/arm/v7", "linux/arm#01", "k=v", "linux/arm/v7/inner"),
        "up": ("linux", "linux/arm", "linux/arm/v7", "a/", "a", "a//inner"),
    }.items()
    for name in names
]


def test_what_fails_beside_others_with_its_name_in_theirs_is_a_regression(living: Living) -> None:
    control, status = living.run("^TestNest$")
    assert Outcome.FAIL in control.outcomes.values()
    for name in NESTED:
        candidate, _ = living.run("^TestNest$", hostile=name)
        accounted(candidate.parsed)
        legs = [leg_of(Leg.CONTROL, control, status), leg_of(Leg.CANDIDATE, candidate, status)]
        found = {row.name for row in judgements(legs, (), {}) if row.verdict is Verdict.REGRESSED}
        # Of two that run side by side either may be the parent; then both are judged (gotest/tree).
        beside = set(prefixes(name)).intersection(NESTED) if "-parallel/" in name else set()
        assert {name} <= found <= {name, *beside}


def test_15_a_sigquit_shows_who_holds_the_run(living: Living) -> None:
    argv = living.binary.argv("^TestHang$", "-test.parallel=8", form=living.form)
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as running:
        assert running.stdout is not None
        last = b"--- PASS: TestHang/TestQuick" if living.marked else b"my last words\n"
        said = b"".join(until(running.stdout.fileno(), last))
        running.send_signal(signal.SIGQUIT)
        rest, _ = running.communicate(timeout=PATIENCE)
    framing = living.binary.framing(living.form)
    heard = read(said + rest, running.returncode, timed_out=True, framing=framing)
    stuck = heard.result("TestHang/TestStuck/worker=oci")
    assert (stuck.outcome, stuck.reason) == (Outcome.HANG, Reason.TIMEOUT)
    assert "testStuck" in stuck.error
    assert heard.result("TestHang/TestWaits/worker=oci").reason is Reason.INCOMPLETE
    quick = heard.outcomes["TestHang/TestQuick/worker=oci"]
    assert quick is (Outcome.PASS if living.marked else Outcome.HANG)
    assert b"SIGQUIT: quit" in heard.logs[stuck.name]
    unasked = read(said + rest, running.returncode, framing=framing)
    assert unasked.outcomes[stuck.name] is Outcome.CRASH


def until(descriptor: int, words: bytes) -> Iterator[bytes]:
    said = b""
    while words not in said:
        chunk = os.read(descriptor, 1 << 16)
        assert chunk, said
        said += chunk
        yield chunk
