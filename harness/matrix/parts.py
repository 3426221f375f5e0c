"""The shards of a matrix run as they are found on a disk, and whether they belong together."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from msgspec.structs import replace as replace_record

from harness.errors import UsageError
from harness.journal import MATRIX_FILE, PLAN_FILE, read_matrix, read_plan
from harness.model import Verdict
from harness.model.matrix import MatrixRun, Plan, Shard
from harness.model.pairs import ADOPTED

_DEPTH = 3
"""Levels below a folder that was named at which the folder of a shard is looked for."""


@dataclass(frozen=True)
class Part:
    """A shard as it was found; of one that was run again, the newest attempt."""

    folder: Path
    matrix: MatrixRun
    older: tuple[Part, ...] = ()
    """The attempts before it, the newest first."""
    adopted: bool = False
    """Whether it was run elsewhere, by others: it has a plan of its own."""

    @property
    def name(self) -> str:
        """For people: which shard, and where it lies."""
        shard = self.matrix.shard
        return f"shard {shard} ({self.folder})" if shard else str(self.folder)

    @property
    def span(self) -> tuple[float, float]:
        """Seconds since 1970 of its beginning and its end. Raises UsageError."""
        started = self.matrix.started
        try:
            begin = datetime.fromisoformat(started).astimezone(UTC).timestamp()
        except (ValueError, OverflowError) as error:
            raise UsageError(
                f"{self.folder / MATRIX_FILE}: {started!r} is no time",
                hint="fetch this shard again",
            ) from error
        return begin, begin + self.matrix.seconds


def read_parts(folders: Iterable[Path]) -> list[Part]:
    """Read the shards in or below these folders, as artefacts are when they were fetched.

    A shard that was run again comes once, with its older attempts; the plan of all is one that has
    the cells of runs that were adopted, too. Raises UsageError for a
    folder without any, for a file that is damaged or of another schema version, and for shards
    of different plans.
    """
    found = dict.fromkeys(place for folder in folders for place in _places(folder))
    parts = sorted(map(_read, found), key=_order)
    adopted = [part for part in parts if part.adopted]
    shards = [part for part in parts if not part.adopted]
    for part in shards[1:]:
        _check_same(shards[0], part)
    return beside(list(_newest(shards)), adopted)


def beside(shards: Sequence[Part], adopted: Sequence[Part]) -> list[Part]:
    """Give all of them the plan that has the cells of each.

    What was run elsewhere stands in for a cell of the same name that could not be run here. Raises
    UsageError if the plan has its cell already, and that was run, or two of them are one cell.
    """
    if not adopted:
        return list(shards)
    taken: dict[str, Part] = {}
    for part in adopted:
        for cell in part.matrix.plan.cells:
            first = taken.setdefault(cell.id, part)
            if first is not part:
                raise UsageError(
                    f"{first.folder} and {part.folder} are both cell {cell.id}",
                    hint="leave one of them out; further attempts are given to one `compat adopt`",
                )
    left = [_without(part, taken) for part in shards]
    plans = [part.matrix.plan for part in (*left[:1], *adopted)]
    cells = tuple(cell for plan in plans for cell in plan.cells)
    builds = {build.id: build for plan in reversed(plans) for build in plan.builds}
    digest = hashlib.sha256("\0".join(plan.digest for plan in plans).encode()).hexdigest()
    plan = replace_record(plans[0], cells=cells, builds=tuple(builds.values()), digest=digest)
    return [
        replace(part, matrix=replace_record(part.matrix, plan=plan)) for part in (*left, *adopted)
    ]


def _without(part: Part, taken: Mapping[str, Part]) -> Part:
    """Leave out of a shard what could not be run here and was run elsewhere. Raises UsageError."""
    for row in part.matrix.cells:
        if row.id in taken and row.verdict is not Verdict.UNAVAILABLE and row.run:
            raise UsageError(
                f"{taken[row.id].folder} is cell {row.id}, which {part.folder} has run",
                hint="leave one of them out",
            )
    matrix = part.matrix
    plan = replace_record(
        matrix.plan, cells=tuple(it for it in matrix.plan.cells if it.id not in taken)
    )
    rows = tuple(it for it in matrix.cells if it.id not in taken)
    older = tuple(_without(it, taken) for it in part.older)
    return replace(part, matrix=replace_record(matrix, plan=plan, cells=rows), older=older)


def _newest(parts: Iterable[Part]) -> Iterator[Part]:
    """Yield the newest attempt of each shard with those before it.

    When they began decides; of one that was taken up again, how long it took. Copies of one
    attempt stay side by side.
    """
    shards: dict[Shard | None, list[Part]] = {}
    for part in parts:
        shards.setdefault(part.matrix.shard, []).append(part)
    for shard, attempts in shards.items():
        if shard is None or len(attempts) == 1:
            yield from attempts
            continue
        attempts.sort(key=lambda part: part.span, reverse=True)
        older = tuple(part for part in attempts if part.span != attempts[0].span)
        yield from (replace(it, older=older) for it in attempts if it.span == attempts[0].span)


def _places(folder: Path) -> Iterator[Path]:
    found = list(_search(folder, _DEPTH))
    if not found:
        raise UsageError(
            f"{folder} holds no shard: there is no {MATRIX_FILE} in or below it",
            hint="name what `compat matrix --shard` made, or a folder that holds such folders",
        )
    yield from found


def _search(folder: Path, depth: int) -> Iterator[Path]:
    if (folder / MATRIX_FILE).is_file():
        yield folder
    elif depth and folder.is_dir():
        below = sorted(it for it in folder.iterdir() if it.is_dir() and not it.is_symlink())
        for inner in below:
            yield from _search(inner, depth - 1)


def _read(folder: Path) -> Part:
    matrix = read_matrix(folder / MATRIX_FILE)
    if matrix.plan.pair:
        raise UsageError(
            f"{folder} is the run of one pair, not the shard of a matrix",
            hint="name what `compat matrix --shard` made",
        )
    if (folder / PLAN_FILE).exists() and read_plan(folder).digest != matrix.plan.digest:
        raise UsageError(
            f"{folder}: {PLAN_FILE} and {MATRIX_FILE} are of different plans",
            hint="files of several runs were mixed: fetch this shard again",
        )
    return Part(folder, matrix, adopted=matrix.plan.matrix == ADOPTED)


def _order(part: Part) -> tuple[int, str]:
    return part.matrix.shard.index if part.matrix.shard else 0, str(part.folder)


def _check_same(one: Part, other: Part) -> None:
    both = f"{one.folder} and {other.folder}"
    hint = (
        "name the shards of one run alone, and have all of them run one plan (compat plan --write)"
    )
    if one.matrix.plan.digest != other.matrix.plan.digest:
        raise UsageError(f"{both} are of different plans", hint=hint)
    if _cells(one.matrix.plan) != _cells(other.matrix.plan):
        raise UsageError(f"{both} say different things of the cells of one plan", hint=hint)
    totals = [part.matrix.shard.total if part.matrix.shard else None for part in (one, other)]
    if None not in totals and totals[0] != totals[1]:
        raise UsageError(
            f"{both} are of different divisions: shard {one.matrix.shard} and "
            f"shard {other.matrix.shard}",
            hint=hint,
        )


def _cells(plan: Plan) -> list[object]:
    return [(it.id, it.pair, it.timeout, it.needs) for it in plan.cells]
