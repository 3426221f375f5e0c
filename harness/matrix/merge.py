"""Joins the shards of a matrix run into one: what is not there is missing, never green.

Of a shard that was run again, the newest attempt counts. A cell that it did not finish is taken
from the newest attempt that did, as all of them ran one plan; both are told.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.errors import UsageError
from harness.journal import (
    CELLS,
    MATRIX_FILE,
    RUN_FILE,
    cell_folder,
    cell_run,
    write_matrix,
    write_plan,
)
from harness.journal.copying import copy_tree, made_whole
from harness.matrix.ledger import cell_path, missing
from harness.matrix.parts import Part
from harness.model.matrix import (
    MATRIX_SCHEMA_VERSION,
    CellResult,
    CellState,
    MatrixRun,
    PlannedCell,
)
from harness.tools.disks import disk_errors
from harness.verdict.overall import exit_code_of, of_matrix

_FINISHED = frozenset({CellState.DONE, CellState.FAILED})

_NAMED = 5
"""Cells that a warning names."""


@dataclass(frozen=True)
class _Row:
    """What a shard says of a cell."""

    part: Part
    result: CellResult


def merge(parts: Sequence[Part], out: Path) -> MatrixRun:
    """Join shards into the new folder `out`, which becomes whole or not at all.

    A cell that several shards have must be the same in each. Raises UsageError if it is not,
    for a run that is damaged or leads elsewhere, and if there is something at `out`;
    InfrastructureError if the disk refuses.
    """
    rows = _rows(parts)
    with made_whole(out) as new:
        return _fill(new, parts, rows)


def merged_id(parts: Sequence[Part]) -> str:
    """Name the merged run: by its beginning, and by a digest of the shards that are in it."""
    started = min(part.matrix.started for part in parts)
    stamp = "".join(it for it in started if it.isdigit())
    ids = "\0".join(sorted(part.matrix.id for part in parts))
    digest = hashlib.sha256(ids.encode("utf-8", "replace")).hexdigest()[:4]
    return f"{stamp[:8]}-{stamp[8:14]}-{digest}"


def _rows(parts: Sequence[Part]) -> dict[str, _Row]:
    """Choose for each cell the one thing that is said of it. Raises UsageError."""
    said = [_finished(part, row) for part in parts for row in part.matrix.cells]
    said = [row for row in said if row.result.state is not CellState.MISSING]
    found: dict[str, _Row] = {}
    for row in said:
        first = found.setdefault(row.result.id, row)
        if first is not row and not _same(first, row):
            raise UsageError(
                f"{first.part.folder} and {row.part.folder} have different results for "
                f"cell {row.result.id}",
                hint="leave one of them out",
            )
    return found


def _finished(part: Part, row: CellResult) -> _Row:
    """Take a row of the newest attempt, or what an older one says of a cell it did not finish."""
    if row.state in _FINISHED:
        return _Row(part, row)
    older = (_Row(it, found) for it in part.older for found in it.matrix.cells)
    fitting = (it for it in older if it.result.id == row.id and it.result.state in _FINISHED)
    return next(fitting, _Row(part, row))


def _same(one: _Row, other: _Row) -> bool:
    if one.result != other.result:
        return False
    if not one.result.run:
        return True
    first, second = (cell_folder(row.part.folder, row.result) / RUN_FILE for row in (one, other))
    return first.read_bytes() == second.read_bytes()


def _fill(new: Path, parts: Sequence[Part], rows: dict[str, _Row]) -> MatrixRun:
    plan = parts[0].matrix.plan
    with disk_errors(new):
        (new / CELLS).mkdir()
    for cell in plan.cells:
        if cell.id in rows and rows[cell.id].result.run:
            _copy_cell(new, rows[cell.id], cell)
    made = _joined(parts, rows)
    write_plan(new, plan)
    write_matrix(new, made)
    return made


def _copy_cell(new: Path, row: _Row, cell: PlannedCell) -> None:
    folder, result = row.part.folder, row.result
    if result.run != cell_path(row.part.matrix.plan, cell.id):
        raise UsageError(
            f"{folder / MATRIX_FILE}: cell {cell.id}: its run lies in {result.run!r}, "
            f"not in {cell_path(row.part.matrix.plan, cell.id)}",
            hint="no run of this program does that",
        )
    cell_run(folder, result, cell.pair)  # refuses what is damaged or leads elsewhere
    copy_tree(cell_folder(folder, result), new / cell_path(row.part.matrix.plan, cell.id))


def _joined(parts: Sequence[Part], rows: dict[str, _Row]) -> MatrixRun:
    plan = parts[0].matrix.plan
    matrices = [part.matrix for part in parts]
    results = tuple(
        rows[cell.id].result if cell.id in rows else missing(cell.id) for cell in plan.cells
    )
    used = [*matrices, *(part.matrix for part in _borrowed(parts, rows))]
    hosts = [matrix.host for matrix in used]
    builds = sorted((name, seconds) for matrix in used for name, seconds in matrix.builds.items())
    overall = of_matrix(row.verdict for row in results)
    return MatrixRun(
        schema=MATRIX_SCHEMA_VERSION,
        id=merged_id(parts),
        plan=plan,
        shard=None,
        started=min(matrix.started for matrix in matrices),
        seconds=_wall(parts),
        host=hosts[0] if all(host == hosts[0] for host in hosts) else None,
        builds=dict(builds),  # of what several built, the longest
        cells=results,
        verdict=overall,
        exit_code=exit_code_of(overall, (row.exit_code for row in results)),
        warnings=tuple(dict.fromkeys(_warnings(parts, rows))),
    )


def _wall(parts: Sequence[Part]) -> float:
    """Seconds from the beginning of the first to the end of the last."""
    spans = [part.span for part in parts]
    return round(max(end for _, end in spans) - min(begin for begin, _ in spans), 3)


def _borrowed(parts: Sequence[Part], rows: dict[str, _Row]) -> list[Part]:
    """Return the older attempts of which a cell was taken."""
    used = {row.part.folder for row in rows.values()}
    return [part for newest in parts for part in newest.older if part.folder in used]


def _warnings(parts: Sequence[Part], rows: dict[str, _Row]) -> Iterator[str]:
    """Name the shards and cells that are not there, and what the shards warn of."""
    given = {cell.id for part in parts for cell in part.matrix.cells}
    nowhere = [cell.id for cell in parts[0].matrix.plan.cells if cell.id not in given]
    shards = [part.matrix.shard for part in parts if part.matrix.shard]
    there = {shard.index for shard in shards}
    total = max((shard.total for shard in shards), default=0)
    absent = [f"{index}/{total}" for index in range(1, total + 1) if index not in there]
    for shard in absent:
        yield f"shard {shard} is missing"
    if nowhere:
        where = "of these " if absent else ""
        yield f"{len(nowhere)} cells {where}gave no result: {_some(nowhere)}"
    for part in parts:
        yield from _attempts(part, rows)
        lacking = [cell.id for cell in part.matrix.cells if cell.id not in rows]
        if part.matrix.interrupted:
            yield f"{part.name} was interrupted"
        if lacking:
            yield f"{part.name} has no result of {len(lacking)} cells: {_some(lacking)}"
        yield from part.matrix.warnings


def _attempts(part: Part, rows: dict[str, _Row]) -> Iterator[str]:
    """Return which attempt of a shard counts, and what was taken of those that are left out."""
    for older in part.older:
        yield (
            f"{part.name}, begun {part.matrix.started}, was run again: {older.folder}, begun "
            f"{older.matrix.started}, is left out"
        )
        taken = [name for name, row in rows.items() if row.part is older]
        if taken:
            yield (
                f"{part.name} did not finish {len(taken)} cells, which are taken from "
                f"{older.folder}: {_some(taken)}"
            )


def _some(names: Sequence[str]) -> str:
    rest = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" and {rest} more" if rest > 0 else "")
