"""The main job: what is run on both sides, how it is judged, and what is journaled of it."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from harness.backends.base import LegRequest, Sink
from harness.errors import ExitCode
from harness.events import LegStarted, PhaseEnded, Said, TestEnded
from harness.journal import read_run
from harness.model import Leg, Status, Verdict
from harness.plan.cell import Settings
from tests.support.factories import full_name
from tests.support.played import MIXED, PATIENCE, Bench, Player, entry


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, Player(dict(MIXED)))


def test_every_test_is_judged_by_what_both_sides_did(bench: Bench) -> None:
    run = bench.run()
    assert bench.verdicts(run) == {
        "TestCopy": "compatible",
        "TestMount": "regressed",
        "TestBroken": "same-failure",
        "TestSkipped": "skipped",
        "TestFixed": "fixed",
        "TestFlaky": "flaky",
    }
    assert (run.verdict, run.exit_code) == (Verdict.REGRESSED, ExitCode.REGRESSION)
    assert run.counts[Verdict.REGRESSED] == 1
    assert sum(run.counts.values()) == len(run.judgements)


def test_a_run_is_journaled_with_all_that_a_report_needs(bench: Bench) -> None:
    run = bench.run()
    folder = bench.run_folder(run)
    assert read_run(folder) == run
    assert run.pair == bench.cell().pair
    assert run.host.tools == {"runc": "runc version 1.1.5"}
    assert {"run", "rerun 1", "rerun 2"} <= run.phases.keys()
    assert not run.interrupted
    for leg in run.legs:
        assert (folder / leg.folder / "raw.log").read_bytes().startswith(b"\x16=== RUN   Test")
    (log,) = (folder / "candidate" / "tests").glob("*TestMount*.log")
    assert b"no such mount" in log.read_bytes()


def test_both_sides_run_the_same_selection_with_their_own_frontend(bench: Bench) -> None:
    bench.settings = Settings(tests=("TestCop?", "TestMount"), parallel=3, timeout=90, reruns=0)
    run = bench.run()
    assert sorted(bench.verdicts(run)) == ["TestCopy", "TestMount"]
    (control,) = bench.player.ran(Leg.CONTROL)
    (candidate,) = bench.player.ran(Leg.CANDIDATE)
    assert (control.frontend.key, candidate.frontend.key) == ("control", "candidate")
    assert control.suite == candidate.suite
    assert control.select == candidate.select
    assert (control.parallel, control.procs, control.timeout) == (3, 3, 90)
    assert control.folder != candidate.folder


def test_both_sides_run_at_the_same_time(bench: Bench) -> None:
    meeting = threading.Barrier(2, timeout=PATIENCE)

    def meet(_leg: LegRequest, _sink: Sink) -> None:
        meeting.wait()

    bench.player.before = meet
    bench.settings = Settings(offline=True, reruns=0)
    assert len(bench.run().legs) == 2


def test_a_listener_hears_of_every_leg_and_test(bench: Bench) -> None:
    bench.settings = Settings(reruns=0)
    bench.run()
    started = {event.leg for event in bench.events if isinstance(event, LegStarted)}
    assert started == {Leg.CONTROL, Leg.CANDIDATE}
    ends = [event for event in bench.events if isinstance(event, TestEnded)]
    names = [(event.leg, event.name) for event in ends if event.name != "TestIntegration"]
    assert sorted(names) == sorted((leg, full_name(f)) for leg in Leg for f in MIXED)
    assert [event.phase for event in bench.events if isinstance(event, PhaseEnded)] == ["run"]


def test_an_entry_explains_what_it_names_and_is_told_of_when_it_does_not(bench: Bench) -> None:
    bench.entries = (
        entry("TestMount", Status.EXPECTED_FAILURE, "no such mount"),
        entry("TestCopy", Status.EXPECTED_FAILURE, "boom", line=9),
        entry("TestFlaky", Status.FLAKY, line=15),
        entry("TestNoSuch", Status.EXPECTED_FAILURE, "boom", line=21),
    )
    run = bench.run()
    verdicts = bench.verdicts(run)
    assert (verdicts["TestMount"], verdicts["TestCopy"]) == ("known", "stale-entry")
    assert verdicts["TestFlaky"] == "known"
    assert [ref.where for ref in run.unmatched] == ["skiplists/x.yaml:21"]
    by_name = {row.name: row for row in run.judgements}
    known = by_name[full_name("TestMount")].entry
    assert known is not None
    assert known.where == "skiplists/x.yaml:3"


def test_of_a_part_of_the_tests_no_entry_can_be_called_unmatched(bench: Bench) -> None:
    bench.entries = (entry("TestNoSuch", Status.EXPECTED_FAILURE, "boom"),)
    bench.settings = Settings(tests=("TestCopy",))
    assert bench.run().unmatched == ()


def test_a_skipped_test_is_run_in_no_attempt(bench: Bench) -> None:
    bench.entries = (entry("TestCopy", Status.SKIP), entry("TestMount", Status.SKIP))
    run = bench.run()
    assert "TestCopy" not in bench.verdicts(run)
    assert len(bench.player.legs) > 2
    for leg in bench.player.legs:
        assert leg.skip
        assert {"TestCopy", "TestMount"}.isdisjoint(bench.player.selected(leg))
    assert run.unmatched == ()
    assert run.legs[0].skipped == bench.player.legs[0].skip


def test_a_skip_that_takes_nothing_out_is_told_of(bench: Bench) -> None:
    bench.functions = frozenset(MIXED)
    bench.entries = (
        entry("TestCopy", Status.SKIP, line=3),
        entry("TestNoSuch", Status.SKIP, line=9),
    )
    assert [ref.where for ref in bench.run().unmatched] == ["skiplists/x.yaml:9"]


def test_without_a_control_the_candidate_runs_alone_and_answers_for_itself(bench: Bench) -> None:
    bench.settings = Settings(control=False)
    run = bench.run()
    assert bench.player.ran(Leg.CONTROL) == []
    assert bench.verdicts(run) == {
        "TestCopy": "compatible",
        "TestMount": "regressed",
        "TestBroken": "regressed",
        "TestSkipped": "skipped",
        "TestFixed": "compatible",
        "TestFlaky": "flaky",
    }
    assert all(row.control == () for row in run.judgements)


def test_a_selection_that_matches_nothing_is_no_success(bench: Bench) -> None:
    bench.settings = Settings(tests=("TestNoSuch",))
    run = bench.run()
    assert run.judgements == ()
    assert (run.verdict, run.exit_code) == (Verdict.INDETERMINATE, ExitCode.INDETERMINATE)


def test_a_stored_control_is_said_to_be_used(bench: Bench) -> None:
    bench.run()
    bench.run()
    (said,) = (event.text for event in bench.events if isinstance(event, Said))
    assert said.startswith("control: the run of ")
