"""The shards of a matrix run as they are found on a disk, and whether they belong together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from harness.errors import UsageError
from harness.journal import MATRIX_FILE, PLAN_FILE, read_matrix, read_plan
from harness.model.matrix import MatrixRun, Plan, Shard

_DEPTH = 3
"""Levels below a folder that was named at which the folder of a shard is looked for."""


@dataclass(frozen=True)
class Part:
    """A shard as it was found; of one that was run again, the newest attempt."""

    folder: Path
    matrix: MatrixRun
    older: tuple[Part, ...] = ()
    """The attempts before it, the newest first."""

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

    A shard that was run again comes once, with its older attempts. Raises UsageError for a
    folder without any, for a file that is damaged or of another schema version, and for shards
    of different plans.
    """
    found = dict.fromkeys(place for folder in folders for place in _places(folder))
    parts = sorted(map(_read, found), key=_order)
    first = parts[0]
    for part in parts[1:]:
        _check_same(first, part)
    return list(_newest(parts))


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
    return Part(folder, matrix)


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
