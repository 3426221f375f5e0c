"""Where each cell of a matrix stands: one grid per worker and channel, newest first."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import groupby

from harness.model import Commit, Pair
from harness.reports.overview import CellView
from harness.reports.summary import ref_name, variant
from harness.reports.text import visible

ROOMY = 10
"""Columns up to which a cell has room for words; grids with more show letter and figures."""

_NUMBERS = re.compile(r"\d{1,9}")


@dataclass(frozen=True)
class Axis:
    """The head of a row or of a column."""

    family: str
    """`dockerfile/` of dockerfile/1.10.0, or empty."""
    name: str
    date: str
    full: str
    """What was asked for and what it means, with its commit."""

    @property
    def ref(self) -> str:
        """The name in one piece."""
        return self.family + self.name


@dataclass(frozen=True)
class Row:
    """A daemon with its cells, one place for each column."""

    head: Axis
    places: tuple[tuple[CellView, ...], ...]
    """Empty where no such pair was planned."""


@dataclass(frozen=True)
class Line:
    """The daemons of one release line."""

    name: str
    rows: tuple[Row, ...]


@dataclass(frozen=True)
class Grid:
    """Rows of daemons, columns of frontends, of one variant."""

    variant: str
    """What `variant_of` says of its cells."""
    columns: tuple[Axis, ...]
    lines: tuple[Line, ...]

    @property
    def roomy(self) -> bool:
        """Whether cells have room for words."""
        return len(self.columns) <= ROOMY

    @property
    def lined(self) -> bool:
        """Whether lines need to be told apart."""
        return any(len(line.rows) > 1 for line in self.lines)


def variant_of(pair: Pair, *, backends: bool) -> str:
    """Name what tells apart two cells of the same commits: `oci`, `containerd, mainline`."""
    backend = [visible(pair.backend)] if backends else []
    return ", ".join([*variant(pair), *backend])


def grids(views: Iterable[CellView]) -> list[Grid]:
    """Lay out all cells; the order of the variants is that of the plan."""
    cells = list(views)
    backends = len({view.planned.pair.backend for view in cells}) > 1
    by_variant: dict[str, list[CellView]] = {}
    for view in cells:
        by_variant.setdefault(variant_of(view.planned.pair, backends=backends), []).append(view)
    return [_grid(name, members) for name, members in by_variant.items()]


def _grid(name: str, views: list[CellView]) -> Grid:
    suites = _newest_first({s.planned.pair.suite for s in views}, daemon_age)
    frontends = _newest_first({s.planned.pair.frontend for s in views}, frontend_age)
    places: dict[tuple[Commit, Commit], list[CellView]] = {}
    for view in views:
        key = (view.planned.pair.suite, view.planned.pair.frontend)
        places.setdefault(key, []).append(view)
    rows = [
        (
            suite.line,
            Row(_axis(suite), tuple(tuple(places.get((suite, it), ())) for it in frontends)),
        )
        for suite in suites
    ]
    lines = tuple(
        Line(visible(line), tuple(row for _, row in members))
        for line, members in groupby(rows, key=lambda it: it[0])
    )
    return Grid(name, tuple(_axis(it) for it in frontends), lines)


def _axis(commit: Commit) -> Axis:
    name = ref_name(commit)
    family, slash, rest = name.rpartition("/")
    return Axis(
        family=family + slash,
        name=rest or name,
        date=visible(commit.date),
        full=visible(str(commit)),
    )


Age = tuple[tuple[int, ...], tuple[int, ...], str, str, str]


def _newest_first(commits: set[Commit], age: Callable[[Commit], Age]) -> list[Commit]:
    return sorted(commits, key=age, reverse=True)


def daemon_age(commit: Commit) -> Age:
    """Return the key that sorts daemons from old to new."""
    return (_numbers(commit.version), (), commit.date, commit.ref, commit.sha)


def frontend_age(commit: Commit) -> Age:
    """Return the key that sorts frontends from old to new, by releases of their own first."""
    return (
        *(_numbers(commit.dockerfile), _numbers(commit.version)),
        *(commit.date, commit.ref, commit.sha),
    )


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in _NUMBERS.findall(version)[:4])
