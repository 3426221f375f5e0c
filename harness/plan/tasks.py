"""From planned builds and cells to tasks of the queue. Pure."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping

from harness.backends.base import BuildRequest
from harness.model.matrix import PlannedBuild, PlannedCell
from harness.plan.cell import Cell
from harness.plan.estimate import Durations
from harness.plan.queue import BuildTask, CellTask

BUILD_MEMORY = 2 << 30
"""Bytes that are reckoned for a build: Go links BuildKit's largest program in less than one GiB,
while the compiler works on packages of another."""


def build_tasks(builds: Iterable[PlannedBuild], durations: Durations) -> list[BuildTask]:
    """Make tasks of builds."""
    return [
        BuildTask(
            id=build.id,
            commit=build.commit.sha,
            seconds=0.0 if build.cached else durations.of(build.id),
            memory=0 if build.cached else BUILD_MEMORY,
            found=build.cached,
        )
        for build in builds
    ]


def cell_tasks(
    planned: Iterable[PlannedCell], controls: Mapping[str, Hashable], durations: Durations
) -> list[CellTask]:
    """Make tasks of cells; `controls` are those that they may share, by the cells' ids."""
    return [
        CellTask(
            id=it.id,
            needs=it.needs,
            control=controls.get(it.id),
            seconds=durations.of(it.id),
            memory=it.memory,
        )
        for it in planned
    ]


def requests(planned: Iterable[PlannedCell], cells: Mapping[str, Cell]) -> dict[str, BuildRequest]:
    """Return what each build is made from, by its id."""
    found: dict[str, BuildRequest] = {}
    for it in planned:
        cell = cells[it.id]
        sides = (
            *((it.suite, cell.suite), (it.tested or it.suite, cell.tests)),
            *((it.control, cell.control), (it.candidate, cell.candidate)),
            *(((it.client, cell.client),) if cell.client else ()),
        )
        for name, request in sides:
            found.setdefault(name, request)
    return found
