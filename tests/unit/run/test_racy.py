"""What fails now and then is run again until it is decided, alone and in company."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.backends.base import LegExit, LegRequest, Sink
from harness.errors import ExitCode
from harness.history.batch import is_mixed
from harness.journal import read_run
from harness.model import Evidence, Judgement, Leg, Outcome, Run, Tally, Verdict
from harness.plan.cell import Settings
from harness.reports.summary import headline
from harness.reports.terminal import render
from harness.run.reruns import FEW
from harness.stored.rejudge import reclassify
from harness.verdict.collate import judgements
from tests.support.factories import full_name
from tests.support.played import Bench, Player, attempts, stream
from tests.support.rejudged import lists

RACY = "TestRacy"
OTHERS = {f"TestQuiet{letter}": ("pass", "pass") for letter in "ABCDEFGH"}
FAILS = "fail it came too late"


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, Player({RACY: ("pass", "pass")}), Settings(offline=True, parallel=4))


def racy(run: Run, test: str = RACY) -> tuple[Judgement, Evidence]:
    (row,) = (it for it in run.judgements if it.name == full_name(test))
    assert row.evidence is not None
    return row, row.evidence


def fails_beside_others(bench: Bench) -> None:
    def before(leg: LegRequest, sink: Sink) -> LegExit | None:
        if bench.player.side(leg) is Leg.CONTROL:
            return None
        selected = bench.player.selected(leg)
        fails = leg.parallel > 1 and len(selected) > 1
        sink(stream(dict.fromkeys(selected, "pass") | {RACY: FAILS if fails else "pass"}))
        return LegExit(int(fails), timed_out=False, seconds=0.5)

    bench.player.before = before


def test_a_race_is_run_again_until_it_is_decided(bench: Bench) -> None:
    bench.player.tests[RACY] = ("pass", f"{FAILS}, pass, pass, {FAILS}")
    run = bench.run()
    row, evidence = racy(run)
    assert (run.verdict, run.exit_code) == (Verdict.REGRESSED, ExitCode.REGRESSION)
    assert attempts(run, Leg.CONTROL) == attempts(run, Leg.CANDIDATE) == list(range(7))
    assert [it.outcome for it in row.control] == [Outcome.PASS] * 7
    assert evidence.control == Tally(failed=0, attempts=7)
    assert evidence.candidate == Tally(failed=5, attempts=7)
    assert (evidence.decided, evidence.confidence) == (True, 0.9965)
    assert is_mixed(row)


def test_what_is_decided_by_then_is_run_no_further(bench: Bench) -> None:
    bench.settings = Settings(offline=True, reruns=4)
    bench.player.tests[RACY] = ("pass", f"{FAILS}, {FAILS}, {FAILS}, {FAILS}, pass")
    run = bench.run()
    assert (run.verdict, attempts(run, Leg.CONTROL)) == (Verdict.REGRESSED, [0, 1, 2, 3, 4])


def test_a_single_flake_stays_flaky_and_says_that_it_is_undecided(bench: Bench) -> None:
    bench.player.tests[RACY] = ("pass", f"{FAILS}, pass")
    run = bench.run()
    _, evidence = racy(run)
    assert (run.verdict, run.exit_code) == (Verdict.FLAKY, ExitCode.COMPATIBLE)
    # With one failure in 17 attempts, not even four more could decide it.
    assert evidence.candidate == Tally(failed=1, attempts=17)
    report = " ".join(render(run, bench.run_folder(run), width=1000).split())
    assert (
        "flaky 1 of 17 · in the control 0 of 17 · "
        "undecided: 75.71 % sure that it fails more often in the candidate · control pass"
    ) in report


@pytest.mark.parametrize(
    ("reruns", "most", "made"), [(0, 20, 0), (1, 0, 1), (2, 2, 2), (2, 6, 4), (3, 8, 7)]
)
def test_there_is_a_limit_and_what_cannot_be_decided_within_it_is_not_tried(
    reruns: int, most: int, made: int, bench: Bench
) -> None:
    bench.settings = Settings(offline=True, reruns=reruns, most_reruns=most)
    bench.player.tests[RACY] = ("pass", f"{FAILS}, pass, {FAILS}, pass, pass, pass, {FAILS}, pass")
    run = bench.run()
    assert len(attempts(run, Leg.CANDIDATE)) == 1 + made


def test_what_flakes_with_both_frontends_is_nobody_s_regression(bench: Bench) -> None:
    bench.player.tests[RACY] = (f"pass, {FAILS}, pass", f"{FAILS}, pass")
    run = bench.run()
    assert (bench.verdicts(run)[RACY], attempts(run, Leg.CONTROL)) == ("flaky", [0, 1, 2])


def test_a_control_that_flakes_is_no_finding_and_not_tried_further(bench: Bench) -> None:
    bench.player.tests[RACY] = (f"{FAILS}, pass", "pass")
    run = bench.run()
    assert (bench.verdicts(run)[RACY], attempts(run, Leg.CONTROL)) == ("flaky", [0, 1, 2])


def test_without_a_control_there_is_nothing_to_decide_by(bench: Bench) -> None:
    bench.settings = Settings(offline=True, control=False)
    bench.player.tests[RACY] = ("pass", f"{FAILS}, pass")
    run = bench.run()
    assert (bench.verdicts(run)[RACY], attempts(run, Leg.CANDIDATE)) == ("flaky", [0, 1, 2])


def test_a_test_that_fails_beside_others_alone_is_tried_beside_others(bench: Bench) -> None:
    bench.player.tests |= OTHERS
    fails_beside_others(bench)
    run = bench.run()
    row, evidence = racy(run)
    assert row.verdict is Verdict.REGRESSED
    alone, beside = evidence.companies
    assert (alone.beside, alone.candidate.failed) == (0, 0)
    assert (beside.beside, beside.control.failed) == (3, 0)
    assert beside.candidate.failed == beside.candidate.attempts
    further = evidence.candidate.attempts - 1
    assert beside.candidate.attempts - 1 >= further / 2
    report = " ".join(render(run, bench.run_folder(run), width=1000).split())
    told = (
        f"fails {evidence.candidate.failed} of {evidence.candidate.attempts}, in the "
        f"control 0 of {evidence.control.attempts} · {evidence.confidence * 100:.2f} % sure that "
        f"it fails more often in the candidate · alone it fails 0 of {alone.candidate.attempts} · "
        f"beside 3 it fails {beside.candidate.failed} of {beside.candidate.attempts} · control"
    )
    assert told in report
    assert headline(run).endswith("fails with master's, not every time")


def test_a_test_that_fails_alone_is_told_from_one_that_fails_beside_others(bench: Bench) -> None:
    bench.player.tests |= OTHERS | {"TestBad": ("pass", "fail for good")}

    def before(leg: LegRequest, sink: Sink) -> LegExit | None:
        if bench.player.side(leg) is Leg.CONTROL:
            return None
        selected = bench.player.selected(leg)
        # It fails in the main leg, so that it is looked at; then passes beside others alone.
        fails = leg.parallel == 1 or len(bench.player.ran(Leg.CANDIDATE)) == 1
        acts = {name: bench.player.tests[name][1] for name in selected} | {
            RACY: FAILS if fails else "pass"
        }
        sink(stream(acts))
        return LegExit(1, timed_out=False, seconds=0.5)

    bench.player.before = before
    row, evidence = racy(bench.run())
    assert row.verdict is Verdict.REGRESSED
    alone, *beside = evidence.companies
    assert (alone.beside, alone.candidate.failed) == (0, alone.candidate.attempts)
    assert [it.beside for it in beside] == [1, 3]
    assert [it.candidate.failed for it in beside] == [0, 1]


def test_neighbours_that_run_along_passed_and_are_no_more_than_are_needed(bench: Bench) -> None:
    bench.settings = Settings(offline=True, parallel=2)
    bench.player.tests = {
        "TestBad": ("pass", "fail for good"),
        **OTHERS,
        RACY: ("pass", f"{FAILS}, pass"),
    }
    bench.run()
    beside = [
        bench.player.selected(leg) for leg in bench.player.ran(Leg.CONTROL)[3:] if leg.parallel != 1
    ]
    assert beside
    assert all(names == ["TestQuietG", "TestQuietH", RACY] for names in beside)
    alone = [leg for leg in bench.player.ran(Leg.CONTROL) if leg.parallel == 1]
    assert all(bench.player.selected(leg) == [RACY] for leg in alone)
    assert all(leg.procs == 2 for leg in alone)


def test_too_many_that_fail_now_and_then_are_not_tried_until_it_is_decided(bench: Bench) -> None:
    bench.player.tests = {f"Test{n}": ("pass", f"{FAILS}, pass") for n in range(FEW)}
    assert bench.run().warnings == ()
    assert attempts(bench.run(), Leg.CANDIDATE)[-1] > 2
    # Two more fail beside them: then it is this machine, or the frontend as a whole.
    late = ", ".join(["pass"] * 5 + [FAILS, "pass"])
    bench.player.tests |= {"TestLate": ("pass", late), "TestLater": ("pass", late)}
    run = bench.run()
    assert attempts(run, Leg.CANDIDATE)[-1] == 5
    assert run.warnings == (
        "10 of 10 tests failed now and then: too many to try each until it is decided",
    )


def test_a_stored_run_that_is_judged_again_has_the_same_evidence(bench: Bench) -> None:
    bench.player.tests |= OTHERS
    fails_beside_others(bench)
    run = bench.run()
    folder = bench.run_folder(run)
    found = reclassify(folder, lists(bench))
    assert not found.changed
    assert racy(read_run(folder))[1] == racy(run)[1]


def test_runs_that_did_not_note_how_many_ran_at_once_tell_of_no_company(bench: Bench) -> None:
    bench.player.tests |= OTHERS
    fails_beside_others(bench)
    run = bench.run()
    old = [replace(leg, parallel=0) for leg in run.legs]
    (row,) = (it for it in judgements(old, (), {}) if it.name == full_name(RACY))
    assert row.evidence is not None
    assert row.evidence.companies == ()
    assert replace(racy(run)[1], companies=()) == row.evidence
