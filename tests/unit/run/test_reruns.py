"""What the machine did is given time and tried again; what it keeps doing is exit code 4."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.backends.base import LegExit, LegRequest, Sink
from harness.engine.retry import delay
from harness.errors import (
    BuildError,
    ExitCode,
    InfrastructureError,
    Interrupted,
    MissingToolError,
)
from harness.events import Said
from harness.model import Fault, Leg, Reason, Verdict
from harness.plan.cell import Settings
from harness.run import reruns
from harness.run.reruns import FEW
from tests.support.factories import full_name
from tests.support.played import Bench, Player, attempts, stream

DROPPED = "fail dial tcp: lookup registry.example.com: no such host"
OUT_OF_MEMORY = Fault(reason=Reason.OOM, words="memory ran out")


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    made: list[float] = []
    monkeypatch.setattr(reruns, "pause", made.append)
    return made


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    played = {"TestCopy": ("pass", "pass"), "TestMount": ("pass", "pass")}
    return Bench(tmp_path, Player(played), Settings(patience=5))


def breaks(bench: Bench, side: Leg, *, times: int) -> None:
    """Let the engine go away under a side as often, once it has run one test."""

    def before(leg: LegRequest, sink: Sink) -> LegExit | None:
        mine = bench.player.side(leg) is side
        if not mine or len(bench.player.ran(side)) > times:
            return None
        sink(stream({"TestCopy": "pass", "TestMount": "hang"}, ends=False))
        raise InfrastructureError("the engine went away")

    bench.player.before = before


@pytest.mark.parametrize("side", list(Leg))
def test_an_engine_that_comes_back_is_waited_for_and_all_is_run_once_more_on_both_sides(
    side: Leg, bench: Bench, pauses: list[float]
) -> None:
    breaks(bench, side, times=1)
    run = bench.run()
    assert (run.verdict, run.exit_code) == (Verdict.COMPATIBLE, ExitCode.COMPATIBLE)
    assert attempts(run, Leg.CANDIDATE)[-1] == attempts(run, Leg.CONTROL)[-1] == 1
    assert all(leg.repeats == (leg.attempt == 1) for leg in run.legs)
    assert [5 <= seconds < 6 for seconds in pauses] == [True]
    told = [event.text for event in bench.events if isinstance(event, Said)]
    assert any(text.startswith("the engine went away; attempt 2 begins in") for text in told)


def test_tests_that_only_the_second_attempt_came_to_are_judged(
    bench: Bench, pauses: list[float]
) -> None:
    def before(leg: LegRequest, sink: Sink) -> LegExit | None:
        if len(bench.player.ran(bench.player.side(leg))) > 1:
            return None
        sink(stream({"TestCopy": "pass"}, ends=False))
        raise InfrastructureError("the engine went away")

    bench.player.before = before
    bench.player.tests["TestMount"] = ("pass", "fail no such mount")
    run = bench.run()
    assert bench.verdicts(run) == {"TestCopy": "compatible", "TestMount": "regressed"}
    assert (run.verdict, len(pauses)) == (Verdict.REGRESSED, 1)


def test_an_engine_that_stays_away_is_exit_code_4_after_as_many_attempts(
    bench: Bench, pauses: list[float]
) -> None:
    breaks(bench, Leg.CANDIDATE, times=9)
    run = bench.run()
    assert (run.verdict, run.exit_code) == (Verdict.INFRA, ExitCode.INFRASTRUCTURE)
    assert attempts(run, Leg.CANDIDATE) == [0, 1, 2]
    assert [round(seconds // 5) for seconds in pauses] == [1, 2]


def test_a_network_that_fails_once_is_waited_for(bench: Bench, pauses: list[float]) -> None:
    bench.player.tests["TestMount"] = ("pass", f"{DROPPED}, pass")
    run = bench.run()
    assert bench.verdicts(run)["TestMount"] == "compatible"
    assert (attempts(run, Leg.CONTROL), len(pauses)) == ([0, 1], 1)
    assert not any(leg.repeats for leg in run.legs)


def test_a_network_that_is_not_meant_to_be_there_is_not_waited_for(
    bench: Bench, pauses: list[float]
) -> None:
    bench.settings = Settings(offline=True)
    bench.player.tests["TestMount"] = ("pass", DROPPED)
    run = bench.run()
    assert (bench.verdicts(run)["TestMount"], run.exit_code) == ("infra", 4)
    assert (attempts(run, Leg.CONTROL), pauses) == ([0, 1, 2], [])


def test_a_failure_of_a_frontend_is_not_waited_for(bench: Bench, pauses: list[float]) -> None:
    bench.player.tests["TestMount"] = ("pass", "fail no such mount")
    assert bench.run().verdict is Verdict.REGRESSED
    assert pauses == []


def test_a_network_that_fails_all_tests_is_not_systemic_but_tried_again(
    bench: Bench, pauses: list[float]
) -> None:
    bench.player.tests = {f"Test{n}": ("pass", f"{DROPPED}, pass") for n in range(FEW + 1)}
    run = bench.run()
    assert run.counts == {Verdict.COMPATIBLE: FEW + 1}
    assert [leg.repeats for leg in run.legs] == [False, False, True, True]
    assert (run.warnings, len(pauses)) == ((), 1)


def test_offline_a_network_that_fails_all_tests_is_systemic(
    bench: Bench, pauses: list[float]
) -> None:
    bench.settings = Settings(offline=True)
    bench.player.tests = {f"Test{n}": ("pass", DROPPED) for n in range(FEW + 1)}
    run = bench.run()
    assert run.counts == {Verdict.INFRA: FEW + 1}
    assert "looks systemic" in run.warnings[0]
    assert pauses == []


def test_what_is_systemic_stays_so_beside_a_network_that_fails(
    bench: Bench, pauses: list[float]
) -> None:
    bench.player.tests = {f"Test{n}": ("pass", "fail for good") for n in range(FEW + 1)}
    bench.player.tests["TestMount"] = ("pass", DROPPED)
    run = bench.run()
    assert run.warnings[0].startswith(f"{FEW + 1} of {FEW + 2} tests are unexpected")
    assert (attempts(run, Leg.CONTROL), pauses) == ([0], [])


def test_offline_memory_that_ran_out_is_waited_for(bench: Bench, pauses: list[float]) -> None:
    bench.settings = Settings(offline=True)

    def before(leg: LegRequest, sink: Sink) -> LegExit | None:
        if bench.player.side(leg) is Leg.CONTROL or len(bench.player.ran(Leg.CANDIDATE)) > 1:
            return None
        sink(stream({"TestCopy": "pass", "TestMount": "fail signal: killed"}))
        return LegExit(1, timed_out=False, seconds=1, faults=(OUT_OF_MEMORY,))

    bench.player.before = before
    bench.player.tests["TestMount"] = ("pass", "pass")
    run = bench.run()
    assert (run.verdict, len(pauses)) == (Verdict.COMPATIBLE, 1)


@pytest.mark.parametrize("stop", [Interrupted("stopped"), KeyboardInterrupt()])
def test_an_interruption_while_waiting_keeps_what_was_seen(
    stop: BaseException, bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_seconds: float) -> None:
        raise stop

    monkeypatch.setattr(reruns, "pause", interrupted)
    bench.player.tests["TestMount"] = ("pass", DROPPED)
    run = bench.run()
    assert (run.interrupted, run.exit_code) == (True, ExitCode.INTERRUPTED)
    assert full_name("TestCopy") in {row.name for row in run.judgements}
    assert attempts(run, Leg.CONTROL) == [0]


# Legs in which no test begins


def never_begins(bench: Bench, side: Leg, *, times: int) -> list[Path]:
    """Let a side end before any test as often; return the leg folders that were left by then."""
    left: list[Path] = []

    def before(leg: LegRequest, sink: Sink) -> LegExit | None:
        if bench.player.side(leg) is not side or len(bench.player.ran(side)) > times:
            return None
        assert not list(leg.folder.glob("processes/*"))
        (leg.folder / "processes").mkdir()
        left.append(leg.folder / "processes" / "registry.7.died")
        left[-1].write_text("1\n", "utf-8")
        sink(b"cannot listen\n")
        return LegExit(2, timed_out=False, seconds=0.1)

    bench.player.before = before
    return left


@pytest.mark.parametrize("side", list(Leg))
def test_a_leg_in_which_no_test_began_is_begun_again_with_the_other(
    side: Leg, bench: Bench, pauses: list[float]
) -> None:
    bench.settings = Settings(patience=5, fresh_control=True)
    left = never_begins(bench, side, times=1)
    run = bench.run()
    assert (run.verdict, run.exit_code) == (Verdict.COMPATIBLE, ExitCode.COMPATIBLE)
    assert attempts(run, Leg.CONTROL) == attempts(run, Leg.CANDIDATE) == [0]
    assert [5 <= seconds < 6 for seconds in pauses] == [True]
    assert [file.exists() for file in left] == [False]
    (warning,) = run.warnings
    assert warning.startswith(
        f"{side}: the test binary exited with status 2 before any test began: cannot listen; "
        "attempt 2 begins in"
    )


def test_beside_a_stored_control_the_candidate_is_begun_again(
    bench: Bench, pauses: list[float]
) -> None:
    bench.run()
    never_begins(bench, Leg.CANDIDATE, times=2)
    run = bench.run()
    assert [leg.cached for leg in run.legs] == [True, False]
    assert (run.verdict, len(pauses)) == (Verdict.COMPATIBLE, 2)


def test_a_leg_that_never_begins_is_told_after_as_many_attempts(
    bench: Bench, pauses: list[float]
) -> None:
    never_begins(bench, Leg.CANDIDATE, times=9)
    with pytest.raises(InfrastructureError, match="candidate: the test binary exited") as caught:
        bench.run()
    assert "raw.log" in caught.value.hint
    assert len(bench.player.ran(Leg.CANDIDATE)) == 3
    assert [round(seconds // 5) for seconds in pauses] == [1, 2]


@pytest.mark.parametrize(
    "comes",
    [
        MissingToolError("runc is not installed"),
        BuildError("the pair's image does not build"),
        LegExit(None, timed_out=True, seconds=1800),
    ],
)
def test_what_will_be_so_again_is_not_tried_again(
    comes: LegExit | InfrastructureError, bench: Bench, pauses: list[float]
) -> None:
    def before(leg: LegRequest, _sink: Sink) -> LegExit | None:
        if bench.player.side(leg) is Leg.CONTROL:
            return None
        if isinstance(comes, InfrastructureError):
            raise comes
        return comes

    bench.player.before = before
    with pytest.raises(InfrastructureError, match="candidate: "):
        bench.run()
    assert (len(bench.player.ran(Leg.CANDIDATE)), pauses) == (1, [])


def test_an_interruption_before_anything_began_is_one_of_the_whole_run(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(_seconds: float) -> None:
        raise Interrupted("stopped")

    monkeypatch.setattr(reruns, "pause", interrupted)
    never_begins(bench, Leg.CONTROL, times=1)
    with pytest.raises(Interrupted):
        bench.run()
    assert not list((bench.folder / "runs").glob("*/run.json"))


def test_each_attempt_waits_twice_as_long_up_to_a_minute() -> None:
    assert [int(delay(n, 5)) // 5 for n in (1, 2, 3, 4, 9)] == [1, 2, 4, 8, 12]
    assert delay(3, 0) == 0
