"""Takes up a matrix run that did not come to its end: the same plan, and what is done of it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from harness.errors import UsageError
from harness.journal import (
    MATRIX_FILE,
    cell_run,
    read_matrix,
    read_run,
)
from harness.journal.record import RUN_FILE
from harness.journal.single import result_of
from harness.matrix.ledger import cell_path
from harness.model import Commit, Run
from harness.model.matrix import CellResult, CellState, MatrixRun, Plan, PlannedCell, Shard

_NAMED = 3
"""Differences of a kind that are told one by one."""


def stored_matrix(folder: Path) -> MatrixRun | None:
    """Read what came of a run so far; None if it was killed before anything was written down.

    Raises UsageError for a file that is damaged.
    """
    return read_matrix(folder / MATRIX_FILE) if (folder / MATRIX_FILE).exists() else None


def check_same(folder: Path, stored: Plan, wanted: Plan) -> None:
    """Check that a run is of the plan that is asked for.

    Raises UsageError that names what differs.
    """
    if stored.digest == wanted.digest:
        return
    told = list(_differences(stored, wanted)) or ["its skip lists, images or patches are others"]
    raise UsageError(
        f"{folder} is of another plan: {'; '.join(told)}",
        hint="name no matrix to go on with the plan of that run, or begin a new one",
    )


def check_shard(folder: Path, stored: Shard | None, wanted: Shard | None) -> None:
    """Check that a run is of the shard that is asked for, if any is. Raises UsageError."""
    if wanted is not None and stored != wanted:
        said = f"shard {stored}" if stored else "a whole plan"
        raise UsageError(f"{folder} is of {said}, not of shard {wanted}", hint="leave --shard out")


def interrupted(folder: Path, plan: Plan, mine: Iterable[PlannedCell]) -> dict[str, Run]:
    """Return what was journaled of the cells that were interrupted once their legs had begun.

    By id; a run that is damaged or of another pair is none, so that its cell begins anew.
    """
    found = ((cell, _stored(folder, plan, cell)) for cell in mine)
    return {cell.id: run for cell, run in found if run and run.interrupted and run.legs}


def done(folder: Path, matrix: MatrixRun, mine: Iterable[PlannedCell]) -> dict[str, CellResult]:
    """Return the rows of the cells that are done, by their ids.

    A run that was killed may have ended a cell without saying so. A damaged cell is not done, nor
    is one that a registry's limited rate left out.
    """
    rows = {row.id: row for row in matrix.cells}
    found = ((cell.id, _done(folder, matrix.plan, rows.get(cell.id), cell)) for cell in mine)
    return {name: row for name, row in found if row is not None}


def _done(folder: Path, plan: Plan, row: CellResult | None, cell: PlannedCell) -> CellResult | None:
    if row is not None and row.state is CellState.DONE:
        try:
            told = cell_run(folder, row, cell.pair)
        except UsageError:
            return None
        return None if told.limited else row
    run = _stored(folder, plan, cell)
    if run is None or run.interrupted or run.limited:
        return None
    return result_of(cell.id, run, cell_path(plan, cell.id))


def _stored(folder: Path, plan: Plan, cell: PlannedCell) -> Run | None:
    try:
        run = read_run(folder / cell_path(plan, cell.id) / RUN_FILE)
    except UsageError:
        return None
    return run if run.pair == cell.pair else None


def _differences(stored: Plan, wanted: Plan) -> Iterable[str]:
    words = ("matrix", "harness", "offline", "reruns", "repository")
    for word in words:
        was, now = getattr(stored, word), getattr(wanted, word)
        if was != now:
            yield f"{word} was {was}, now {now}"
    before, after = ({cell.id: cell for cell in plan.cells} for plan in (stored, wanted))
    yield from _some("cells no more", [name for name in before if name not in after])
    yield from _some("new cells", [name for name in after if name not in before])
    both = [(before[name], after[name]) for name in before if name in after]
    moved = dict.fromkeys(
        text
        for was, now in both
        for one, other in zip(was.pair.commits, now.pair.commits, strict=False)
        if (text := _moved(one, other))
    )
    yield from _some("moved", list(moved))
    limits = [was.id for was, now in both if _limits(was) != _limits(now)]
    yield from _some("another time limit", limits)
    keys = {build.id: build.key for build in stored.builds}
    builds = [it.id for it in wanted.builds if keys.get(it.id, it.key) != it.key]
    if not moved:
        yield from _some("built otherwise", builds)


def _limits(cell: PlannedCell) -> tuple[float | None, ...]:
    return cell.timeout, cell.test_timeout


def _moved(was: Commit, now: Commit) -> str:
    return f"{now.ref} {was.short} → {now.short}" if was.sha != now.sha else ""


def _some(what: str, names: list[str]) -> Iterable[str]:
    if names:
        rest = len(names) - _NAMED
        yield f"{what}: {', '.join(names[:_NAMED])}{f' and {rest} more' if rest > 0 else ''}"
