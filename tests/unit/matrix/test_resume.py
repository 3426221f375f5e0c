"""A run that was ended is taken up where it was: the same plan, nothing done twice."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.errors import UsageError
from harness.journal import read_matrix, read_run, write_matrix, write_run
from harness.matrix.resume import check_same, check_shard, done, interrupted, stored_matrix
from harness.model.matrix import CellState, Plan, Shard
from tests.support import factories, stored_matrices

PLAN = stored_matrices.plan(("v0.6.4", "v0.8.3"), ("master", "v0.12.0"))
IDS = [cell.id for cell in PLAN.cells]
ALL = dict.fromkeys(IDS, factories.regressed_run())
FOLDER = Path("/runs/20261123-200000-cd34")


def test_cells_that_are_done_stay_done(tmp_path: Path) -> None:
    found = {IDS[0]: factories.regressed_run(), IDS[2]: factories.compatible_run()}
    folder, matrix = stored_matrices.store(tmp_path / "run", PLAN, found)
    assert stored_matrix(folder) == matrix
    rows = done(folder, matrix, PLAN.cells)
    assert rows == {row.id: row for row in matrix.cells if row.state is CellState.DONE}


def test_a_cell_that_ended_when_the_run_was_killed_is_done(tmp_path: Path) -> None:
    folder, matrix = stored_matrices.store(
        tmp_path / "run", PLAN, dict.fromkeys(IDS, factories.regressed_run())
    )
    killed = replace(matrix, cells=tuple(stored_matrices.missing(cell) for cell in PLAN.cells))
    write_matrix(folder, killed)
    assert done(folder, read_matrix(folder), PLAN.cells) == {row.id: row for row in matrix.cells}


def test_a_cell_that_was_interrupted_failed_or_damaged_is_not_done(tmp_path: Path) -> None:
    folder, matrix = stored_matrices.store(
        tmp_path / "run", PLAN, dict.fromkeys(IDS, factories.regressed_run())
    )
    stopped = replace(
        factories.regressed_run(), pair=PLAN.cells[0].pair, interrupted=True, exit_code=130
    )
    write_run(folder / "cells" / IDS[0], stopped)
    rows = [
        replace(matrix.cells[0], state=CellState.INTERRUPTED, exit_code=130),
        replace(matrix.cells[1], state=CellState.FAILED, run=""),
        *matrix.cells[2:],
    ]
    (folder / "cells" / IDS[1] / "run.json").unlink()
    (folder / "cells" / IDS[2] / "run.json").write_text("{")
    again = replace(matrix, cells=tuple(rows))
    assert list(done(folder, again, PLAN.cells)) == [IDS[3]]


def test_a_run_of_another_pair_is_not_taken_for_the_cell_s(tmp_path: Path) -> None:
    folder, matrix = stored_matrices.store(tmp_path / "run", PLAN, {})
    place = folder / "cells" / IDS[0]
    place.mkdir(parents=True)
    write_run(place, factories.compatible_run())
    assert done(folder, matrix, PLAN.cells) == {}


def test_a_cell_that_was_interrupted_among_its_tests_goes_on_with_what_it_has(
    tmp_path: Path,
) -> None:
    stopped = replace(factories.regressed_run(), interrupted=True, exit_code=130)
    found = {IDS[0]: stopped, IDS[1]: replace(stopped, legs=()), IDS[2]: factories.regressed_run()}
    folder, _ = stored_matrices.store(tmp_path / "run", PLAN, found)
    (earlier,) = interrupted(folder, PLAN, PLAN.cells).items()
    assert earlier == (IDS[0], read_run(folder / "cells" / IDS[0]))


def test_only_the_cells_that_are_asked_for_are_looked_at(tmp_path: Path) -> None:
    found = dict.fromkeys(IDS, factories.compatible_run())
    folder, matrix = stored_matrices.store(tmp_path / "run", PLAN, found)
    assert list(done(folder, matrix, PLAN.cells[1:3])) == IDS[1:3]


def test_a_run_that_was_killed_before_its_first_word_has_nothing_done(tmp_path: Path) -> None:
    assert stored_matrix(tmp_path) is None


# The same plan


def other(plan: Plan, **changes: object) -> Plan:
    return replace(plan, digest="0" * 64, **changes)


def moved(plan: Plan) -> Plan:
    suite = replace(plan.cells[0].pair.frontend, sha="f" * 40)
    cell = replace(plan.cells[0], pair=replace(plan.cells[0].pair, frontend=suite))
    return other(plan, cells=(cell, *plan.cells[1:]))


def test_the_same_plan_is_the_same_whatever_is_expected() -> None:
    check_same(FOLDER, PLAN, replace(PLAN, created="later"))


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (other(PLAN, offline=False), "offline was True, now False"),
        (other(PLAN, harness="0.2.0"), r"harness was 0\.1\.0, now 0\.2\.0"),
        (other(PLAN, cells=PLAN.cells[:3]), f"cells no more: {IDS[3]}"),
        (
            other(stored_matrices.plan(("v0.6.4", "v0.8.3"), ("master", "v0.12.0", "a", "b"))),
            "new cells: v0.6.4~a~oci, v0.6.4~b~oci, v0.8.3~a~oci and 1 more",
        ),
        (moved(PLAN), "moved: master [0-9a-f]{7} → fffffff"),
        (
            other(PLAN, cells=(replace(PLAN.cells[0], timeout=5.0), *PLAN.cells[1:])),
            f"another time limit: {IDS[0]}",
        ),
        (
            other(PLAN, builds=(replace(PLAN.builds[0], key="x"), *PLAN.builds[1:])),
            r"built otherwise: suite v0\.6\.4",
        ),
        (other(PLAN), "its skip lists, images or patches are others"),
    ],
)
def test_what_differs_is_said(wanted: Plan, said: str) -> None:
    with pytest.raises(UsageError, match=f"is of another plan: {said}") as caught:
        check_same(FOLDER, PLAN, wanted)
    assert caught.value.hint


def test_a_shard_is_taken_up_as_that_shard() -> None:
    one, two = (Shard(index=n, total=3) for n in (1, 2))
    check_shard(FOLDER, one, one)
    check_shard(FOLDER, one, None)
    with pytest.raises(UsageError, match="is of shard 1/3, not of shard 2/3"):
        check_shard(FOLDER, one, two)
    with pytest.raises(UsageError, match="is of a whole plan, not of shard 2/3"):
        check_shard(FOLDER, None, two)
