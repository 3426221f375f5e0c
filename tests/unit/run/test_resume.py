"""An interrupted run that is taken up: what is left is run, and the whole is judged as one."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import msgspec
import pytest

from harness.errors import UsageError
from harness.events import ignore
from harness.journal import read_run
from harness.model import Leg, LegRun, Outcome, Result, Run, Verdict
from harness.plan.cell import Settings
from harness.run.pair import run_pair
from harness.verdict.collate import judgements
from tests.support.factories import full_name
from tests.support.played import Bench, Interruption, Played, Player, attempts, interrupted_in_rerun

TESTS: Played = {
    "TestCopy": ("pass", "pass"),
    "TestMount": ("pass", "fail no such mount"),
    "TestSlow": ("pass", "pass"),
    "TestBroken": ("fail broken for years", "fail broken for years"),
    "TestLost": ("pass", "absent"),
}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, Player(dict(TESTS)), Settings(offline=True, reruns=1))


def interrupted(bench: Bench, control: dict[str, str], candidate: dict[str, str]) -> Run:
    bench.player.before = Interruption(bench.player, control, candidate)
    run = bench.run()
    bench.player.before = None
    bench.player.legs.clear()
    assert run.interrupted
    return run


def resume(bench: Bench, run: Run) -> Run:
    job = bench.job()
    folder = replace(job.folder, path=bench.folder / "runs" / run.id)
    return run_pair(replace(job, folder=folder, earlier=run), ignore)


def test_what_has_ended_on_both_sides_is_not_run_again(bench: Bench) -> None:
    run = interrupted(
        bench,
        {"TestCopy": "pass", "TestMount": "pass", "TestSlow": "pass"},
        {"TestCopy": "pass", "TestMount": "fail no such mount", "TestSlow": "hang"},
    )
    whole = resume(bench, run)
    first = {leg: bench.player.ran(leg)[0] for leg in Leg}
    for request in first.values():
        assert bench.player.selected(request) == ["TestSlow", "TestBroken", "TestLost"]
    assert not whole.interrupted
    assert bench.verdicts(whole) == bench.verdicts(bench.run())
    assert bench.verdicts(whole)["TestSlow"] == "compatible"
    assert (whole.verdict, whole.id, whole.started) == (Verdict.REGRESSED, run.id, run.started)
    assert whole.seconds > run.seconds
    assert read_run(bench.folder / "runs" / run.id) == whole


def test_a_resumed_run_leaves_the_logs_of_both_parts(bench: Bench) -> None:
    run = interrupted(bench, {"TestMount": "pass"}, {"TestMount": "fail no such mount"})
    whole = resume(bench, run)
    folder = bench.folder / "runs" / run.id
    assert [leg.resumes for leg in whole.legs[:4]] == [False, False, True, True]
    assert len({leg.folder for leg in whole.legs}) == len(whole.legs)
    for leg in whole.legs:
        assert (folder / leg.folder / "raw.log").is_file()
    assert (folder / "candidate" / "raw.log").stat().st_size < 500


def test_a_run_that_was_interrupted_while_it_reran_goes_on_there(bench: Bench) -> None:
    bench.player.before = partial(interrupted_in_rerun, bench.player)
    run = bench.run()
    assert run.interrupted
    bench.player.before = None
    bench.player.legs.clear()
    whole = resume(bench, run)
    assert {f for leg in bench.player.legs for f in bench.player.selected(leg)} == {
        "TestMount",
        "TestLost",
    }
    assert bench.verdicts(whole) == bench.verdicts(bench.run())


def test_a_run_can_be_interrupted_and_taken_up_more_than_once(bench: Bench) -> None:
    run = interrupted(bench, {"TestCopy": "pass"}, {"TestCopy": "pass"})
    bench.player.before = Interruption(bench.player, {"TestSlow": "pass"}, {"TestSlow": "pass"})
    run = resume(bench, run)
    assert run.interrupted
    assert bench.verdicts(run) == {"TestCopy": "compatible", "TestSlow": "compatible"}
    bench.player.before = None
    bench.player.legs.clear()
    whole = resume(bench, run)
    assert bench.player.selected(bench.player.ran(Leg.CONTROL)[0]) == [
        "TestMount",
        "TestBroken",
        "TestLost",
    ]
    assert bench.verdicts(whole) == bench.verdicts(bench.run())
    assert len(set(attempts(whole, Leg.CANDIDATE))) == len(attempts(whole, Leg.CANDIDATE))


def test_a_selection_of_tests_stays_one(bench: Bench) -> None:
    bench.settings = Settings(tests=("TestCopy", "TestSlow"), offline=True)
    run = interrupted(bench, {"TestCopy": "pass"}, {"TestCopy": "pass"})
    bench.settings = Settings(offline=True)
    assert bench.verdicts(resume(bench, run)) == {
        "TestCopy": "compatible",
        "TestSlow": "compatible",
    }


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"frontend": {"sha": "9" * 40}}, "master has moved from 73ed682 to 9999999"),
        ({"worker": "containerd"}, "another channel, worker, backend or other tests"),
    ],
)
def test_another_pair_is_refused_before_anything_is_run(
    change: dict[str, object], words: str, bench: Bench
) -> None:
    run = interrupted(bench, {"TestCopy": "pass"}, {"TestCopy": "pass"})
    job = bench.job()
    parts = {
        name: msgspec.structs.replace(getattr(job.cell.pair, name), **value)
        if isinstance(value, dict)
        else value
        for name, value in change.items()
    }
    cell = replace(job.cell, pair=msgspec.structs.replace(job.cell.pair, **parts))
    with pytest.raises(UsageError, match=words):
        run_pair(replace(job, cell=cell, earlier=run), ignore)
    assert bench.player.legs == []


def test_a_parent_that_was_cut_off_before_its_subtests_is_no_test(bench: Bench) -> None:
    run = interrupted(bench, {"TestCopy": "pass"}, {"TestCopy": "pass", "TestSlow": "hang"})
    parent = full_name("TestSlow")
    leg = next(leg for leg in run.legs if leg.leg is Leg.CANDIDATE)
    assert parent in {result.name for result in leg.results}
    below = LegRun(
        leg=Leg.CANDIDATE,
        attempt=1,
        selection=leg.selection,
        skipped="",
        started=leg.started,
        seconds=1.0,
        exit_status=1,
        timed_out=False,
        cached=False,
        folder="rerun-1/candidate",
        results=(Result(name=f"{parent}/part", outcome=Outcome.FAIL),),
        parents={parent: Outcome.FAIL},
        resumes=True,
    )
    names = [row.name for row in judgements((*run.legs, below), (), {})]
    assert f"{parent}/part" in names
    assert parent not in names
