"""What befalls a leg is laid at nobody's door: engines that go away, memory that runs out."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.backends.base import LegExit, LegRequest, Sink
from harness.errors import DiskFull, ExitCode, InfrastructureError
from harness.journal import read_run
from harness.model import Fault, Judgement, Leg, Outcome, Reason, Result, Run, Verdict
from harness.plan.cell import Settings
from harness.reports.summary import headline
from harness.tools.stop import stop_asked
from harness.verdict.faults import excused, fault_of, kept_from_running
from tests.support.factories import full_name, leg_run
from tests.support.played import Bench, Played, Player, attempts, stream

PATIENCE = 60.0
GONE = Fault(reason=Reason.ENGINE, words="the engine went away: reset")
OOM = Fault(reason=Reason.OOM, words="the kernel killed a process for want of memory")

TESTS: Played = {
    "TestCopy": ("pass", "pass"),
    "TestMount": ("pass", "fail no such mount"),
    "TestSlow": ("pass", "pass"),
    "TestLate": ("pass", "pass"),
}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, Player(dict(TESTS)))


def going(bench: Bench, **sides: dict[str, str]) -> Callable[[LegRequest, Sink], LegExit | None]:
    """Play these sides up to a point at which the engine goes away under all of them."""
    together = threading.Barrier(len(sides), timeout=PATIENCE)

    def before(leg: LegRequest, sink: Sink) -> LegExit | None:
        played = sides.get(bench.player.side(leg).value)
        if played is None:
            return None
        sink(stream(played, ends=False))
        together.wait()
        raise InfrastructureError(GONE.words)

    return before


def rows(run: Run) -> dict[str, Judgement]:
    return {row.name: row for row in run.judgements}


def test_an_engine_that_goes_away_under_both_legs_is_infra_and_journaled(bench: Bench) -> None:
    cut = {"TestCopy": "pass", "TestSlow": "hang"}
    bench.player.before = going(bench, control=cut, candidate=cut)
    run = bench.run()
    assert (run.verdict, run.exit_code) == (Verdict.INFRA, ExitCode.INFRASTRUCTURE)
    assert bench.verdicts(run) == {"TestCopy": "compatible", "TestSlow": "infra"}
    assert [leg.faults for leg in run.legs] == [(GONE,)] * 6
    slow = rows(run)[full_name("TestSlow")].candidate[0]
    assert (slow.outcome, slow.reason) == (Outcome.CRASH, Reason.ENGINE)
    assert slow.error.startswith(GONE.words)
    assert headline(run).startswith("INFRA: the engine went away: reset; 1 test failed for that")
    assert attempts(run, Leg.CANDIDATE) == [0, 1, 2]
    assert all(leg.selection == run.legs[0].selection for leg in run.legs)
    assert not run.interrupted
    assert read_run(bench.folder / "runs" / run.id) == run
    assert [*(bench.folder / "cache").glob("control/*")] == []


def test_what_the_candidate_did_not_come_to_is_not_lost(bench: Bench) -> None:
    bench.player.before = going(bench, candidate={"TestCopy": "pass", "TestSlow": "hang"})
    run = bench.run()
    assert bench.verdicts(run) == {
        "TestCopy": "compatible",
        "TestMount": "infra",
        "TestSlow": "infra",
        "TestLate": "infra",
    }
    assert run.exit_code == ExitCode.INFRASTRUCTURE


def test_a_regression_that_could_not_be_rerun_is_shown_and_does_not_decide(bench: Bench) -> None:
    cut = {"TestMount": "fail no such mount", "TestSlow": "hang"}
    bench.player.before = going(bench, candidate=cut)
    run = bench.run()
    assert bench.verdicts(run)["TestMount"] == "regressed"
    assert (run.verdict, run.exit_code) == (Verdict.INFRA, ExitCode.INFRASTRUCTURE)


def test_the_other_leg_is_stopped_and_not_blamed_either(bench: Bench) -> None:
    def before(leg: LegRequest, sink: Sink) -> LegExit:
        if bench.player.side(leg) is Leg.CONTROL:
            sink(stream({"TestCopy": "pass", "TestSlow": "hang"}, ends=False))
            raise InfrastructureError(GONE.words)
        sink(stream({"TestCopy": "pass", "TestSlow": "hang"}, ends=False))
        deadline = time.monotonic() + PATIENCE
        while not stop_asked() and time.monotonic() < deadline:
            time.sleep(0.001)
        return LegExit(None, timed_out=False, seconds=0.2)

    bench.player.before = before
    run = bench.run()
    assert not run.interrupted
    assert bench.verdicts(run) == {"TestCopy": "compatible", "TestSlow": "infra"}
    assert {leg.faults for leg in run.legs} == {(GONE,)}


def test_an_engine_that_goes_away_in_a_rerun_leaves_the_main_run(bench: Bench) -> None:
    def before(leg: LegRequest, _sink: Sink) -> LegExit | None:
        if len(bench.player.ran(bench.player.side(leg))) == 1:
            return None
        raise InfrastructureError(GONE.words)

    bench.player.before = before
    bench.settings = Settings(reruns=3, patience=0)
    run = bench.run()
    assert bench.verdicts(run)["TestCopy"] == "compatible"
    assert bench.verdicts(run)["TestMount"] == "regressed"
    assert run.exit_code == ExitCode.INFRASTRUCTURE
    assert headline(run) == "INFRA: the engine went away: reset"
    assert attempts(run, Leg.CANDIDATE) == [0, 1, 2, 3]
    assert not any(leg.repeats for leg in run.legs)


def test_a_leg_that_did_not_begin_is_an_error_that_says_which(bench: Bench) -> None:
    def before(_leg: LegRequest, _sink: Sink) -> LegExit:
        raise InfrastructureError(GONE.words)

    bench.player.before = before
    with pytest.raises(InfrastructureError, match=r"(control|candidate): the engine went away"):
        bench.run()


def test_memory_that_ran_out_excuses_and_is_tried_again(bench: Bench) -> None:
    def before(leg: LegRequest, sink: Sink) -> LegExit | None:
        first = len(bench.player.ran(bench.player.side(leg))) == 1
        if bench.player.side(leg) is Leg.CONTROL or not first:
            return None
        sink(stream({"TestCopy": "fail transport is closing", "TestMount": "hang"}, ends=False))
        return LegExit(137, timed_out=False, seconds=1, faults=(OOM,))

    bench.player.before = before
    run = bench.run()
    seen = {row.name: [result.reason for result in row.candidate] for row in run.judgements}
    for function in TESTS:
        assert seen[full_name(function)][0] is Reason.OOM
    assert bench.verdicts(run) == {
        "TestCopy": "compatible",
        "TestMount": "regressed",
        "TestSlow": "compatible",
        "TestLate": "compatible",
    }


def test_memory_that_keeps_running_out_is_infra(bench: Bench) -> None:
    def before(leg: LegRequest, sink: Sink) -> LegExit | None:
        if bench.player.side(leg) is Leg.CONTROL:
            return None
        sink(stream({"TestCopy": "hang"}, ends=False))
        return LegExit(137, timed_out=False, seconds=1, faults=(OOM,))

    bench.player.before = before
    run = bench.run()
    assert set(bench.verdicts(run).values()) == {"infra"}
    assert run.exit_code == ExitCode.INFRASTRUCTURE
    assert OOM.words in headline(run)


def test_a_pair_of_which_neither_side_came_to_its_end_is_not_vouched_for(bench: Bench) -> None:
    def before(_leg: LegRequest, sink: Sink) -> LegExit:
        sink(stream({"TestCopy": "pass", "TestSlow": "hang"}, ends=False))
        return LegExit(None, timed_out=True, seconds=90)

    bench.player.before = before
    run = bench.run()
    assert bench.verdicts(run) == {"TestCopy": "compatible", "TestSlow": "same-failure"}
    assert (run.verdict, run.exit_code) == (Verdict.INDETERMINATE, ExitCode.INDETERMINATE)
    assert "neither side came to its end" in headline(run)


# -- what a fault excuses ------------------------------------------------------------------------


def result(outcome: Outcome, reason: Reason | None) -> Result:
    return Result(name="TestX", outcome=outcome, reason=reason, error="why", fingerprint="f")


@pytest.mark.parametrize(
    ("outcome", "reason", "by_engine", "by_memory"),
    [
        (Outcome.PASS, None, None, None),
        (Outcome.SKIP, None, None, None),
        (Outcome.CRASH, Reason.INCOMPLETE, Reason.ENGINE, Reason.OOM),
        (Outcome.CRASH, Reason.DAEMON_GONE, Reason.ENGINE, Reason.OOM),
        (Outcome.HANG, Reason.TIMEOUT, Reason.ENGINE, Reason.OOM),
        (Outcome.CRASH, Reason.PANIC, Reason.PANIC, Reason.OOM),
        (Outcome.FAIL, Reason.ASSERTION, Reason.ASSERTION, Reason.OOM),
        (Outcome.FAIL, Reason.DAEMON_GONE, Reason.DAEMON_GONE, Reason.OOM),
        (Outcome.FAIL, Reason.NETWORK, Reason.NETWORK, Reason.NETWORK),
        (Outcome.CRASH, Reason.DISK, Reason.DISK, Reason.DISK),
    ],
)
def test_a_fault_excuses_what_it_may_have_caused(
    outcome: Outcome, reason: Reason | None, by_engine: Reason | None, by_memory: Reason | None
) -> None:
    leg = leg_run(Leg.CANDIDATE, [result(outcome, reason)])
    for fault, expected in ((GONE, by_engine), (OOM, by_memory)):
        (seen,) = excused(leg, fault).results
        assert seen.reason is expected
        assert (seen.outcome, seen.fingerprint) == (outcome, "f")
    assert excused(leg) == leg


@pytest.mark.parametrize(
    ("outcome", "reason", "error", "status", "seen"),
    [
        (Outcome.FAIL, Reason.ASSERTION, "Not equal", 1, Reason.ASSERTION),
        (Outcome.FAIL, Reason.ASSERTION, "git: signal: killed", 1, Reason.OOM),
        (Outcome.FAIL, Reason.ASSERTION, 'process "x" failed: exit code: 137', 1, Reason.OOM),
        (Outcome.FAIL, Reason.DAEMON_GONE, "transport is closing", 1, Reason.OOM),
        (Outcome.CRASH, Reason.INCOMPLETE, "", 137, Reason.OOM),
        (Outcome.CRASH, Reason.INCOMPLETE, "", 2, Reason.INCOMPLETE),
        (Outcome.HANG, Reason.TIMEOUT, "", None, Reason.TIMEOUT),
    ],
)
def test_a_fault_that_may_be_anothers_excuses_only_what_shows_it(
    outcome: Outcome, reason: Reason, error: str, status: int | None, seen: Reason
) -> None:
    leg = leg_run(Leg.CANDIDATE, [replace(result(outcome, reason), error=error)])
    unsure = replace(OOM, sure=False)
    (after,) = excused(replace(leg, exit_status=status), unsure).results
    assert after.reason is seen


@pytest.mark.parametrize(("status", "reason"), [(137, Reason.OOM), (-9, Reason.OOM), (1, None)])
def test_a_fault_that_may_be_anothers_keeps_nothing_from_running_but_by_a_kill(
    status: int, reason: Reason | None
) -> None:
    leg = replace(leg_run(Leg.CANDIDATE, []), faults=(replace(OOM, sure=False),))
    assert kept_from_running(replace(leg, exit_status=status)) is reason


def test_an_error_becomes_one_clause_with_its_reason() -> None:
    assert fault_of(InfrastructureError("gone\nat once")) == Fault(
        reason=Reason.ENGINE, words="gone"
    )
    assert fault_of(DiskFull("full")).reason is Reason.DISK


REGISTRY = Fault(reason=Reason.IMAGE_PULL, words="registry.7 died by itself", sure=False)


@pytest.mark.parametrize(
    ("error", "hit"),
    [
        ("Head http://localhost:3456/v2/library/busybox/manifests/latest: EOF", True),
        ("dial tcp 127.0.0.1:3456: connect: connection refused", True),
        ("no such mount", False),
        ("dial unix /tmp/x.sock: connect: connection refused", False),
    ],
)
def test_a_registry_that_died_excuses_what_shows_it(error: str, hit: bool) -> None:  # noqa: FBT001 - a case
    failed = replace(result(Outcome.FAIL, Reason.ASSERTION), error=error)
    run = excused(leg_run(Leg.CANDIDATE, [failed]), REGISTRY)
    assert run.results[0].reason is (Reason.IMAGE_PULL if hit else Reason.ASSERTION)
    assert kept_from_running(run) is None
