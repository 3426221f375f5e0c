"""An interrupted run is journaled with what ended on both sides, and blames nobody."""

from __future__ import annotations

import threading
from functools import partial
from pathlib import Path

import pytest

from harness.backends.base import LegExit, LegRequest, Sink
from harness.errors import ExitCode
from harness.events import TestEnded, ignore
from harness.journal import read_run
from harness.model import Leg, Outcome, Reason, Verdict
from harness.plan.cell import Settings
from harness.run.pair import run_pair
from harness.tools.crew import Crew
from tests.support.factories import full_name
from tests.support.played import (
    MIXED,
    PATIENCE,
    Bench,
    Interruption,
    Player,
    attempts,
    interrupted_in_rerun,
    stream,
    until_stopped,
)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, Player(dict(MIXED)))


def test_an_interrupted_run_is_journaled_with_what_ended_on_both_sides(bench: Bench) -> None:
    bench.player.before = Interruption(
        bench.player,
        {"TestCopy": "pass", "TestSlow": "pass", "TestBroken": "fail broken for years"},
        {"TestCopy": "pass", "TestSlow": "hang", "TestFixed": "pass"},
    )
    bench.player.tests |= {"TestSlow": ("pass", "pass")}
    run = bench.run()
    assert run.interrupted
    assert run.exit_code == ExitCode.INTERRUPTED
    assert bench.verdicts(run) == {"TestCopy": "compatible"}
    assert run.verdict is Verdict.INDETERMINATE
    assert [leg.exit_status for leg in run.legs] == [None, None]
    told = [event.name for event in bench.events if isinstance(event, TestEnded)]
    assert full_name("TestCopy") in told
    assert full_name("TestSlow") in told  # it did end in the control
    assert Outcome.CRASH not in {e.outcome for e in bench.events if isinstance(e, TestEnded)}
    assert read_run(bench.run_folder(run)) == run
    assert attempts(run, Leg.CANDIDATE) == [0]
    assert [*(bench.folder / "cache").glob("control/*")] == []


def test_a_regression_seen_before_the_interruption_is_told(bench: Bench) -> None:
    bench.player.before = Interruption(
        bench.player,
        {"TestCopy": "pass", "TestMount": "pass"},
        {"TestCopy": "pass", "TestMount": "fail no such mount"},
    )
    run = bench.run()
    assert (run.verdict, run.exit_code) == (Verdict.REGRESSED, ExitCode.INTERRUPTED)


def test_an_interruption_before_the_control_has_said_anything_blames_nobody(bench: Bench) -> None:
    bench.player.before = Interruption(bench.player, {}, {"TestMount": "fail no such mount"})
    run = bench.run()
    assert run.judgements == ()
    assert (run.verdict, run.exit_code) == (Verdict.INDETERMINATE, ExitCode.INTERRUPTED)


def test_an_interruption_of_a_rerun_keeps_the_main_run(bench: Bench) -> None:
    bench.player.before = partial(interrupted_in_rerun, bench.player)
    run = bench.run()
    assert run.interrupted
    assert bench.verdicts(run)["TestCopy"] == "compatible"
    assert bench.verdicts(run)["TestMount"] == "regressed"
    assert attempts(run, Leg.CONTROL)[0] == 0


def test_a_pair_in_a_crew_that_is_stopped_is_an_interrupted_one(bench: Bench) -> None:
    # A matrix runs pairs in threads: the signal reaches its own, and the stop reaches these.
    inside = threading.Barrier(3, timeout=PATIENCE)

    def before(_leg: LegRequest, sink: Sink) -> LegExit:
        sink(stream({"TestCopy": "pass"}, ends=False))
        inside.wait()
        return until_stopped()

    bench.player.before = before
    job = bench.job()
    with Crew(1, "matrix") as crew:
        running = crew.start(run_pair, job, ignore)
        inside.wait()
        crew.stop()
    run = running.result()
    assert run.interrupted
    assert run.exit_code == ExitCode.INTERRUPTED
    assert {row.verdict for row in run.judgements} == {Verdict.COMPATIBLE}


def test_a_leg_cut_short_by_its_time_limit_is_no_interruption(bench: Bench) -> None:
    def before(leg: LegRequest, sink: Sink) -> LegExit | None:
        if bench.player.side(leg) is Leg.CONTROL:
            return None
        sink(stream({"TestCopy": "pass", "TestMount": "hang"}, ends=False))
        return LegExit(None, timed_out=True, seconds=90)

    bench.player.before = before
    bench.settings = Settings(reruns=0)
    run = bench.run()
    assert not run.interrupted
    verdicts = bench.verdicts(run)
    assert (verdicts["TestCopy"], verdicts["TestMount"]) == ("compatible", "regressed")
    assert verdicts["TestFlaky"] == "lost"
    (hung,) = (r for leg in run.legs for r in leg.results if r.outcome is Outcome.HANG)
    assert hung.reason is Reason.TIMEOUT
