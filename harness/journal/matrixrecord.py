"""plan.json and matrix.json, and the runs below them; a single run is a matrix of one cell.

Everything that reads a stored run reads it through `read_matrix` and `cells`. What is read may
come from an artefact that anybody could have written.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from harness.errors import UsageError
from harness.journal.documents import read_document, write_document
from harness.journal.record import RUN_FILE, read_run
from harness.journal.single import matrix_of
from harness.model import Pair, Run
from harness.model.matrix import MATRIX_SCHEMA_VERSION, CellResult, CellState, MatrixRun, Plan

PLAN_FILE = "plan.json"
MATRIX_FILE = "matrix.json"

CELLS = "cells"
"""Folder of the cells' run folders."""

_AGAIN = "run the matrix again"
_DAMAGED = "the folder is damaged or was changed by hand; run the matrix again"


def write_plan(folder: Path, plan: Plan) -> Path:
    """Write plan.json, atomically, and return its path. Raises InfrastructureError."""
    return write_document(folder / PLAN_FILE, plan)


def write_matrix(folder: Path, run: MatrixRun) -> Path:
    """Write matrix.json, atomically, and return its path.

    Raises InfrastructureError if the disk refuses; an earlier matrix.json is then unharmed.
    """
    return write_document(folder / MATRIX_FILE, run)


def read_plan(path: Path) -> Plan:
    """Read a plan from the folder of a matrix run, or from the path of a plan.json.

    Raises UsageError if there is none, or for a file that is damaged, of another schema version
    or contradicts itself.
    """
    file = path / PLAN_FILE if path.is_dir() else path
    if file == path and not file.is_file():
        raise UsageError(f"there is no plan {path}", hint="compat plan MATRIX --write makes one")
    if not file.is_file():
        raise UsageError(
            f"{path} is not the folder of a matrix run: it has no {PLAN_FILE}",
            hint=f"name a folder that `compat matrix` made: it holds a {PLAN_FILE}",
        )
    plan = read_document(file, Plan, version=MATRIX_SCHEMA_VERSION, again=_AGAIN)
    _check_plan(file, plan)
    return plan


def read_matrix(path: Path) -> MatrixRun:
    """Read a stored run, of a matrix or of one pair, from its folder or its file.

    Raises UsageError as `read_plan` does.
    """
    file = _file(path)
    if file.name == RUN_FILE:
        return matrix_of(read_run(file))
    matrix = read_document(file, MatrixRun, version=MATRIX_SCHEMA_VERSION, again=_AGAIN)
    _check_plan(file, matrix.plan)
    _check_cells(file, matrix)
    return matrix


def cells(path: Path) -> Iterator[tuple[CellResult, Run | None]]:
    """Return every cell of a stored run with what its tests did, one in memory at a time.

    The run is None where a cell has none. Raises UsageError as `read_plan` does, and for a
    cell's run that is missing, damaged, or not the one that matrix.json speaks of.
    """
    file = _file(path)
    if file.name == RUN_FILE:
        run = read_run(file)
        yield matrix_of(run).cells[0], run
        return
    matrix = read_matrix(file)
    pairs = {cell.id: cell.pair for cell in matrix.plan.cells}
    for cell in matrix.cells:
        yield cell, cell_run(file.parent, cell, pairs[cell.id]) if cell.run else None


def cell_folder(folder: Path, cell: CellResult) -> Path:
    """Return a cell's run folder below that of the matrix run.

    Raises UsageError if it would be elsewhere: by its name, or because of a link.
    """
    inner = PurePosixPath(cell.run)
    found = folder / inner
    whole = folder.resolve()
    inside = not inner.is_absolute() and ".." not in inner.parts
    if not inside or found.resolve() != whole / inner:
        raise UsageError(
            f"{folder / MATRIX_FILE}: cell {cell.id}: {cell.run!r} leads out of the folder",
            hint=_DAMAGED,
        )
    return found


def cell_run(folder: Path, cell: CellResult, pair: Pair) -> Run:
    """Read the run of a cell that has one, from the folder of its matrix run.

    `pair` is what the plan says of the cell. Raises UsageError as `cells` does.
    """
    run = read_run(cell_folder(folder, cell) / RUN_FILE)
    file = folder / cell.run / RUN_FILE
    if run.pair != pair:
        raise UsageError(f"{file}: this is not the pair of cell {cell.id}", hint=_DAMAGED)
    if (run.verdict, run.exit_code, run.counts) != (cell.verdict, cell.exit_code, cell.counts):
        raise UsageError(
            f"{file}: its verdict is {run.verdict}, but {MATRIX_FILE} says {cell.verdict} of "
            f"cell {cell.id}, or other counts",
            hint=_DAMAGED,
        )
    return run


def _file(path: Path) -> Path:
    """Choose the file that a user means by a path."""
    if not path.is_dir():
        wanted = {MATRIX_FILE, RUN_FILE}
        if path.name in wanted and path.is_file():
            return path
        raise _no_run(path.parent if path.name in wanted else path)
    for name in (MATRIX_FILE, RUN_FILE):
        if (path / name).is_file():
            return path / name
    raise _no_run(path)


def _no_run(path: Path) -> UsageError:
    return UsageError(
        f"{path} is not the folder of a run: it has no {MATRIX_FILE} and no {RUN_FILE}",
        hint="name the folder of a run or of a matrix run, or `latest` beside such folders",
    )


def _check_plan(file: Path, plan: Plan) -> None:
    """Check that names are unique and lead to something."""
    _check_unique(file, "build", [build.id for build in plan.builds])
    _check_unique(file, "cell", [cell.id for cell in plan.cells])
    builds = {build.id for build in plan.builds}
    for cell in plan.cells:
        for wanted in cell.needs:
            if wanted not in builds:
                raise UsageError(
                    f"{file}: cell {cell.id} needs {wanted!r}, which is not among the builds",
                    hint=_DAMAGED,
                )


def _check_cells(file: Path, matrix: MatrixRun) -> None:
    _check_unique(file, "result", [cell.id for cell in matrix.cells])
    planned = {cell.id for cell in matrix.plan.cells}
    for cell in matrix.cells:
        if cell.id not in planned:
            raise UsageError(f"{file}: cell {cell.id} is not in its plan", hint=_DAMAGED)
        if cell.state is CellState.DONE and not cell.run:
            raise UsageError(f"{file}: cell {cell.id} is done but has no run", hint=_DAMAGED)


def _check_unique(file: Path, what: str, ids: list[str]) -> None:
    twice = [name for name, number in Counter(ids).items() if number > 1]
    if twice:
        raise UsageError(f"{file}: {what} {twice[0]!r} is there twice", hint=_DAMAGED)
