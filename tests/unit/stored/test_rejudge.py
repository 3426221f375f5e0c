"""A stored run or matrix judged again by the same lists is what it was, cell by cell."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.backends.base import LegExit, LegRequest, Sink
from harness.config.skiplists import Entry
from harness.journal import read_matrix, read_run, write_run
from harness.model import Fault, Outcome, Reason, Suspicion, Verdict
from harness.plan.cell import Settings
from harness.run import hangs
from harness.stored.rejudge import reclassify, reclassify_into
from tests.support.played import MIXED, Bench, Player, stream
from tests.support.played_matrices import REGRESSED, Fleet
from tests.support.rejudged import KNOWN, lists, notes, stored, tree
from tests.unit.run.test_hangs import Hanging
from tests.unit.run.test_recovery import QUIET, Fatal


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, Player(dict(MIXED)))


@pytest.mark.parametrize("entries", [(), (KNOWN,)], ids=["no lists", "lists"])
def test_a_fresh_run_is_what_it_was(bench: Bench, entries: tuple[Entry, ...]) -> None:
    bench.entries = entries
    folder = stored(bench)
    run = read_run(folder)
    found = reclassify(folder, lists(bench, *entries))
    assert not found.changed
    assert found.after == found.before == read_matrix(folder)
    reclassify_into(folder, lists(bench, *entries), bench.folder / "judged")
    assert read_run(bench.folder / "judged") == run


def test_a_run_that_was_stopped_and_one_without_a_control_are_what_they_were(
    bench: Bench,
) -> None:
    def killed(_leg: LegRequest, sink: Sink) -> LegExit:
        sink(stream({"TestCopy": "pass", "TestMount": "hang"}, ends=False))
        return LegExit(None, timed_out=True, seconds=1.0)

    bench.settings = Settings(offline=True, control=False, reruns=0)
    assert not reclassify(stored(bench), lists(bench)).changed
    bench.player.before = killed
    folder = stored(bench)
    assert {row.verdict for row in read_run(folder).judgements} >= {Verdict.REGRESSED}
    assert not reclassify(folder, lists(bench)).changed


@pytest.mark.parametrize("kind", ["panic", "exit", "gone"])
def test_a_run_with_a_leg_that_a_test_cut_off_is_what_it_was(bench: Bench, kind: str) -> None:
    bench.player = Player(dict(QUIET))
    Fatal(bench.player, {"TestB": kind})
    folder = stored(bench)
    assert 0 in {leg.recovers for leg in read_run(folder).legs}
    reclassify_into(folder, lists(bench), bench.folder / "judged")
    assert read_run(bench.folder / "judged") == read_run(folder)
    assert notes(reclassify(folder, lists(bench))) == []


def test_what_was_found_out_while_a_leg_ran_stays(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hangs, "_LOOK", 0.0)
    bench.player = Hanging({"TestHang": ("pass", "pass"), "TestNext": ("pass", "pass")})
    bench.settings = Settings(offline=True, reruns=0, test_timeout=0.05)
    folder = stored(bench)
    run = read_run(folder)
    hung = [it for leg in run.legs for it in leg.results if it.outcome is Outcome.HANG]
    assert "sync.Mutex.Lock" in hung[0].error
    said = Suspicion(kind="data-race", words="WARNING: DATA RACE", log="candidate/processes/x.log")
    first, *rest = run.legs
    passed = tuple(replace(it, suspicions=(said,)) for it in first.results)
    run = replace(run, legs=(replace(first, results=passed), *rest))
    write_run(folder, run)
    reclassify_into(folder, lists(bench), bench.folder / "judged")
    assert read_run(bench.folder / "judged").legs == run.legs


def test_what_the_machine_did_to_a_leg_stays_excused(bench: Bench) -> None:
    gone = Fault(reason=Reason.ENGINE, words="the engine has gone")

    def broken(_leg: LegRequest, sink: Sink) -> LegExit:
        sink(stream({"TestCopy": "pass", "TestMount": "hang"}, ends=False))
        return LegExit(None, timed_out=False, seconds=1.0, faults=(gone,))

    bench.player.before = broken
    folder = stored(bench)
    found = reclassify(folder, lists(bench))
    assert not found.changed
    assert (found.after.verdict, found.after.exit_code) == (Verdict.INFRA, 4)


@pytest.fixture
def matrix(tmp_path: Path) -> Path:
    fleet = Fleet(tmp_path)
    fleet.yard.plays = {"v0.6.4 f1": REGRESSED, "v0.8.3 f2": REGRESSED}
    fleet.yard.broken = frozenset({"frontend f3"})
    folder, made = fleet.run()
    assert made.verdict is Verdict.REGRESSED
    return folder


def test_a_matrix_is_judged_cell_by_cell(matrix: Path, bench: Bench) -> None:
    before = tree(matrix)
    assert not reclassify(matrix, lists(bench)).changed
    out = bench.folder / "judged"
    found = reclassify_into(matrix, lists(bench, KNOWN), out)
    rows = {cell.id: [(row.before, row.after) for row in cell.tests] for cell in found.cells}
    known, stale = (
        [(was, now)]
        for was, now in (
            (Verdict.REGRESSED, Verdict.KNOWN),
            (Verdict.COMPATIBLE, Verdict.STALE_ENTRY),
        )
    )
    assert rows == {
        "v0.6.4~f1~oci": known,
        "v0.6.4~f2~oci": stale,
        "v0.8.3~f1~oci": stale,
        "v0.8.3~f2~oci": known,
    }
    # The cells that could not be built stay what they were.
    assert (found.after.verdict, found.after.exit_code) == (Verdict.INFRA, 4)
    assert read_matrix(out) == replace(
        found.after,
        warnings=("judged again; when it ran, it was regressed",),
    )
    assert tree(matrix) == before
