"""From planned builds and cells to tasks of the queue. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import median

from harness.backends.base import BuildRequest
from harness.matrix.queue import BuildTask, CellTask
from harness.model.matrix import PlannedBuild, PlannedCell
from harness.plan.cell import Cell, Control

BUILD_MEMORY = 2 << 30
"""Bytes that are reckoned for a build: Go links BuildKit's largest program in less than one GiB,
while the compiler works on packages of another."""

BUILD_SECONDS = 120.0
CELL_SECONDS = 600.0
"""Taken for all where nothing is known of any."""


def build_tasks(builds: Iterable[PlannedBuild]) -> list[BuildTask]:
    """Make tasks of builds; of what history does not know the median is expected."""
    wanted = list(builds)
    guess = _guess((it.expected for it in wanted), BUILD_SECONDS)
    return [
        BuildTask(
            id=build.id,
            commit=build.commit.sha,
            seconds=0.0 if build.cached else _or(build.expected, guess),
            memory=0 if build.cached else BUILD_MEMORY,
            found=build.cached,
        )
        for build in wanted
    ]


def cell_tasks(planned: Sequence[PlannedCell], controls: Mapping[str, Control]) -> list[CellTask]:
    """Make tasks of cells; `controls` are those that they may share, by the cells' ids."""
    guess = _guess((it.expected for it in planned), CELL_SECONDS)
    return [
        CellTask(
            id=it.id,
            needs=(it.suite, it.candidate, it.control),
            control=controls.get(it.id),
            seconds=_or(it.expected, guess),
            memory=it.memory,
        )
        for it in planned
    ]


def requests(planned: Iterable[PlannedCell], cells: Mapping[str, Cell]) -> dict[str, BuildRequest]:
    """Return what each build is made from, by its id."""
    found: dict[str, BuildRequest] = {}
    for it in planned:
        cell = cells[it.id]
        sides = (it.suite, cell.suite), (it.control, cell.control), (it.candidate, cell.candidate)
        for name, request in sides:
            found.setdefault(name, request)
    return found


def _guess(known: Iterable[float | None], otherwise: float) -> float:
    told = [seconds for seconds in known if seconds is not None]
    return median(told) if told else otherwise


def _or(known: float | None, guess: float) -> float:
    return guess if known is None else known
