"""What is recorded in the history: each run once, and all of it or nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.errors import UsageError
from harness.history import History
from harness.history.batch import kept_name, utc
from harness.journal import write_run
from harness.model import Run, Verdict
from harness.model.matrix import CellState
from tests.support import factories, nights, stored_matrices
from tests.support.remembered_nights import CELL, FOO, dump, foo, keep, night, since


def test_recording_a_run_twice_changes_nothing(history: History, history_file: Path) -> None:
    stored = [foo(1, Verdict.REGRESSED), foo(2, Verdict.FLAKY)]
    assert [history.keep(*one) for one in stored] == [1, 1]
    before = dump(history_file)
    assert [history.keep(*one) for one in stored] == [0, 0]
    assert dump(history_file) == before


def test_shards_and_what_they_were_merged_into_count_once(history: History) -> None:
    other = nights.pair(frontend=nights.commit("v0.20.0"))
    matrix, first = foo(1, Verdict.REGRESSED)
    _, second = night(1, of=other)
    shards = [
        (replace(matrix, id="shard-1"), first),
        (nights.matrix_of(second, name="shard-2", started=matrix.started), second),
    ]
    both = [*first, *second]
    merged = nights.matrix_of(both, name="merged", started=matrix.started)
    keep(history, [*shards, (merged, both)])
    assert [len(marks) for marks in history.strips().values()] == [1, 1]
    story = history.story(CELL, factories.full_name("TestBar"))
    assert story
    assert story.durations
    assert story.durations.count == 2


def test_stored_runs_of_a_matrix_and_of_a_pair_are_recorded(
    history: History, tmp_path: Path
) -> None:
    plan = stored_matrices.plan()
    run = night(1, ("TestFoo", Verdict.REGRESSED))[1][0][1]
    assert run
    folder, _ = stored_matrices.store(tmp_path / "matrix", plan, {plan.cells[0].id: run})
    assert history.record(folder) == 2
    assert history.record(folder) == 0
    assert since(history, plan.cells[0].id, FOO)
    (missing,) = history.strips()[plan.cells[1].id]
    assert missing.state is CellState.MISSING
    single = tmp_path / "single"
    single.mkdir()
    write_run(single, replace(run, id="single"))
    assert history.record(single) == 1
    with pytest.raises(UsageError, match="not the folder of a run"):
        history.record(tmp_path)


def test_a_resumed_run_puts_results_in_the_place_of_none(history: History) -> None:
    matrix, results = foo(1, Verdict.REGRESSED)
    before = [nights.undone(CELL, CellState.MISSING)]
    history.keep(replace(matrix, cells=(before[0][0],)), before)
    assert [mark.state for mark in history.strips()[CELL]] == [CellState.MISSING]
    history.keep(matrix, results)
    assert [mark.state for mark in history.strips()[CELL]] == [CellState.DONE]
    history.keep(replace(matrix, cells=(before[0][0],)), before)
    assert [mark.state for mark in history.strips()[CELL]] == [CellState.DONE]


def test_a_cell_that_came_to_nothing_is_kept_as_that(history: History) -> None:
    matrix, _ = foo(1, Verdict.REGRESSED)
    failed = [nights.undone(CELL, CellState.FAILED, "no space left")]
    history.keep(replace(matrix, cells=(failed[0][0],)), failed)
    (mark,) = history.strips()[CELL]
    assert (mark.state, mark.verdict) == (CellState.FAILED, Verdict.INFRA)
    assert since(history, CELL, FOO) is None


def test_a_cell_that_no_plan_knows_is_refused_and_nothing_is_kept(history: History) -> None:
    matrix, results = foo(1, Verdict.REGRESSED)
    stray = nights.undone("stray", CellState.MISSING)
    with pytest.raises(UsageError, match="its plan has no cell 'stray'"):
        history.keep(matrix, [*results, stray])
    assert history.strips() == {}


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01T00:00:00Z", "0001-01-01T00:00+14"])
def test_a_time_that_is_none_is_refused(history: History, text: str) -> None:
    matrix, ((result, run),) = foo(1, Verdict.REGRESSED)
    assert run
    with pytest.raises(UsageError, match="no time in ISO 8601"):
        history.keep(matrix, [(result, replace(run, started=text))])
    assert history.tests() == []


def test_times_are_kept_in_utc_so_that_they_sort() -> None:
    assert utc("2026-11-23T19:06:07.5+01:00") == "2026-11-23T18:06:07Z"
    assert utc("2026-11-23T18:06:07") == "2026-11-23T18:06:07Z"


def test_absurd_names_are_bounded_and_found_again(history: History) -> None:
    long, longer = "TestFoo/" + "x" * 10_000, "TestFoo/" + "x" * 10_001
    history.keep(*night(1, (long, Verdict.REGRESSED), (longer, Verdict.LOST)))
    found = [since(history, CELL, name) for name in (long, longer)]
    assert [it.last.verdict for it in found if it] == [Verdict.REGRESSED, Verdict.LOST]
    assert max(map(len, history.tests())) == 400


def test_a_failed_recording_leaves_nothing(
    history: History, history_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    history.keep(*foo(1, Verdict.REGRESSED))
    before = dump(history_file)

    def broken(_seconds: float) -> int:
        raise RuntimeError("in the middle")

    monkeypatch.setattr("harness.history.record.bucket_of", broken)
    with pytest.raises(RuntimeError):
        history.keep(*foo(2, Verdict.REGRESSED))
    assert dump(history_file) == before


def test_names_keep_their_kind_of_characters() -> None:
    assert kept_name(factories.HOSTILE) == factories.HOSTILE


def test_hostile_names_are_kept_and_found(history: History) -> None:
    stored: Run = factories.hostile_run()
    results = [nights.done(stored, cell="hostile")]
    history.keep(nights.matrix_of(results), results)
    assert since(history, "hostile", factories.HOSTILE)
    assert since(history, "hostile", "'; DROP TABLE tests; --") is None
