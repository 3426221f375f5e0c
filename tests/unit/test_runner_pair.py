"""The main job: what is run, what is run again, what is journaled, and what an error leaves."""

from __future__ import annotations

import shlex
import threading
import time
from pathlib import Path

import pytest

from harness.backends.base import LegExit, LegRequest, Sink
from harness.errors import BuildError, ExitCode, InfrastructureError, Interrupted
from harness.events import LegStarted, PhaseEnded, Said, TestEnded, ignore
from harness.journal import read_run
from harness.model import Leg, Outcome, Reason, Run, Status, Verdict
from harness.reports.terminal import render
from harness.runner.cell import Settings
from harness.runner.pair import run_pair
from harness.runner.reruns import FEW
from harness.tools.crew import Crew
from harness.tools.stop import check_stop, stop_asked
from tests.unit.pairs import (
    PATIENCE,
    Bench,
    Interruption,
    Played,
    Player,
    attempts,
    entry,
    interrupt_main,
    stream,
    until_stopped,
)
from tests.unit.runs import full_name

MIXED: Played = {
    "TestCopy": ("pass", "pass"),
    "TestMount": ("pass", "fail no such mount"),
    "TestBroken": ("fail broken for years", "fail broken for years"),
    "TestSkipped": ("skip", "skip"),
    "TestFixed": ("fail as ever", "pass"),
    "TestFlaky": ("pass", "fail now and then, pass"),
}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, Player(dict(MIXED)))


def run_folder(bench: Bench, run: Run) -> Path:
    return bench.folder / "runs" / run.id


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
    folder = run_folder(bench, run)
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


def test_only_unexpected_tests_are_run_again_and_always_on_both_sides(bench: Bench) -> None:
    bench.settings = Settings(reruns=2)
    run = bench.run()
    for side in Leg:
        first, second, third = bench.player.ran(side)
        assert bench.player.selected(first) == list(MIXED)
        assert bench.player.selected(second) == ["TestMount", "TestFixed", "TestFlaky"]
        # The flake is known for one by now, and tried as often as the rest, for its rate.
        assert bench.player.selected(third) == ["TestMount", "TestFixed", "TestFlaky"]
        assert attempts(run, side) == [0, 1, 2]
    by_name = {row.name: row for row in run.judgements}
    mount = by_name[full_name("TestMount")]
    assert [result.outcome for result in mount.control] == [Outcome.PASS] * 3
    assert [result.outcome for result in mount.candidate] == [Outcome.FAIL] * 3
    assert len(by_name[full_name("TestCopy")].control) == 1
    assert by_name[full_name("TestFlaky")].verdict is Verdict.FLAKY
    assert len(by_name[full_name("TestFlaky")].candidate) == 3


@pytest.mark.parametrize("reruns", [0, 1, 3])
def test_what_stays_unexpected_is_run_again_as_often_as_was_asked_for(
    reruns: int, bench: Bench
) -> None:
    bench.settings = Settings(reruns=reruns)
    run = bench.run()
    assert attempts(run, Leg.CANDIDATE) == list(range(reruns + 1))


def test_without_surprises_nothing_is_run_again(bench: Bench) -> None:
    bench.player.tests = {"TestCopy": ("pass", "pass"), "TestNet": ("fail x", "fail x")}
    run = bench.run()
    assert attempts(run, Leg.CANDIDATE) == [0]
    assert (run.verdict, run.exit_code) == (Verdict.COMPATIBLE, ExitCode.COMPATIBLE)
    assert run.rerun == ()


def test_a_systemic_failure_is_not_run_again_and_the_reader_is_told(bench: Bench) -> None:
    count = FEW + 1
    bench.player.tests = {f"Test{n}": ("pass", "fail all the same") for n in range(count)}
    run = bench.run()
    assert attempts(run, Leg.CANDIDATE) == [0]
    assert run.warnings == (
        f"{count} of {count} tests are unexpected: this looks systemic, so nothing was rerun",
    )
    assert run.verdict is Verdict.REGRESSED


def test_what_a_build_warns_of_is_kept_with_the_run(bench: Bench) -> None:
    bench.player.warns = "push ghcr.io/you/compat: denied"
    assert bench.run().warnings == ("push ghcr.io/you/compat: denied",)


def test_a_few_failures_are_run_again_even_if_they_are_all_there_is(bench: Bench) -> None:
    bench.player.tests = {f"Test{n}": ("pass", "fail once, pass") for n in range(FEW)}
    run = bench.run()
    assert run.counts == {Verdict.FLAKY: FEW}
    assert run.warnings == ()


def test_many_failures_among_many_more_tests_are_run_again(bench: Bench) -> None:
    bench.player.tests = {f"TestGood{n}": ("pass", "pass") for n in range(60)}
    bench.player.tests |= {f"TestBad{n}": ("pass", "fail once, pass") for n in range(FEW + 1)}
    assert bench.run().counts[Verdict.FLAKY] == FEW + 1


def test_a_test_that_one_side_never_got_to_is_lost_unless_a_rerun_finds_it(bench: Bench) -> None:
    bench.player.tests = {
        "TestCopy": ("pass", "pass"),
        "TestGone": ("pass", "absent"),
        "TestLate": ("pass", "absent, pass"),
    }
    run = bench.run()
    assert bench.verdicts(run) == {
        "TestCopy": "compatible",
        "TestGone": "lost",
        "TestLate": "compatible",
    }
    assert run.exit_code == ExitCode.REGRESSION


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


def test_the_rerun_command_names_the_functions_that_surprised_and_survives_a_shell(
    bench: Bench,
) -> None:
    bench.command = ("compat-run", "v0.6", "master", "--repo", "/a b/it's", "--offline")
    run = bench.run()
    assert run.rerun == (*bench.command, "--tests", "TestMount", "--tests", "TestFixed")
    report = render(run, run_folder(bench, run), width=1000, color=False)
    (line,) = (line for line in report.splitlines() if line.startswith("rerun"))
    assert tuple(shlex.split(line)[1:]) == run.rerun


def test_a_failing_build_is_the_error_and_stops_the_other_build(bench: Bench) -> None:
    begun = threading.Event()
    stopped = []

    def build(kind: str) -> None:
        if kind == "suite":
            begun.wait(PATIENCE)
            raise BuildError("suite does not build")
        begun.set()
        deadline = time.monotonic() + PATIENCE
        try:
            while time.monotonic() < deadline:
                check_stop("go build")
                time.sleep(0.001)
        except Interrupted:
            stopped.append(kind)
            raise

    bench.player.build = build
    with pytest.raises(BuildError, match="suite does not build"):
        bench.run()
    assert stopped == ["candidate"]
    assert bench.player.legs == []


def test_after_a_failed_build_the_next_pair_of_the_process_runs(bench: Bench) -> None:
    def build(kind: str) -> None:
        raise BuildError(f"{kind} does not build")

    bench.player.build = build
    with pytest.raises(BuildError):
        bench.run()
    bench.player.build = None
    assert bench.run().verdict is Verdict.REGRESSED
    assert not stop_asked()


def test_a_leg_that_cannot_be_run_stops_the_other_and_nothing_is_journaled(bench: Bench) -> None:
    others = threading.Event()
    stopped = []

    def before(leg: LegRequest, _sink: Sink) -> LegExit | None:
        if bench.player.side(leg) is Leg.CONTROL:
            others.wait(PATIENCE)
            raise InfrastructureError("the namespaces could not be prepared")
        others.set()
        end = until_stopped()
        stopped.append(end.status)
        return end

    bench.settings = Settings(offline=True, reruns=0)
    bench.player.before = before
    with pytest.raises(InfrastructureError, match="namespaces"):
        bench.run()
    assert stopped == [None]
    assert [*(bench.folder / "runs").glob("*/run.json")] == []


@pytest.mark.parametrize("status", [1, 2, 137])
def test_a_test_binary_that_ends_before_any_test_is_an_error_of_the_machine(
    status: int, bench: Bench
) -> None:
    def before(leg: LegRequest, sink: Sink) -> LegExit | None:
        if bench.player.side(leg) is Leg.CANDIDATE:
            sink(b"flag provided but not defined: -test.skip\n")
            return LegExit(status, timed_out=False, seconds=0.1)
        return None

    bench.player.before = before
    with pytest.raises(InfrastructureError, match=f"candidate: .*status {status}") as caught:
        bench.run()
    assert "raw.log" in caught.value.hint


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
    assert read_run(run_folder(bench, run)) == run
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
    def before(leg: LegRequest, _sink: Sink) -> LegExit | None:
        if len(bench.player.ran(bench.player.side(leg))) == 1:
            return None
        if bench.player.side(leg) is Leg.CANDIDATE:
            interrupt_main()
        return until_stopped()

    bench.player.before = before
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


def test_a_stored_control_is_said_to_be_used(bench: Bench) -> None:
    bench.run()
    bench.run()
    (said,) = (event.text for event in bench.events if isinstance(event, Said))
    assert said.startswith("control: the run of ")
