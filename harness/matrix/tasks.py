"""From planned builds and cells to tasks of the queue. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from harness.backends.base import BuildRequest
from harness.matrix.queue import BuildTask, CellTask
from harness.model.matrix import Plan, PlannedBuild, PlannedCell
from harness.plan.cell import Cell, Control
from harness.plan.forecast import Durations

BUILD_MEMORY = 2 << 30
"""Bytes that are reckoned for a build: Go links BuildKit's largest program in less than one GiB,
while the compiler works on packages of another."""

BUILD_SECONDS = 120.0
CELL_SECONDS = 600.0
"""Taken for all where nothing is known of any."""


def durations(plan: Plan) -> Durations:
    """Return what the queue goes by; of what history does not know the median is expected."""
    return Durations(plan, cell=CELL_SECONDS, build=BUILD_SECONDS)


def build_tasks(builds: Iterable[PlannedBuild], expected: Durations) -> list[BuildTask]:
    """Make tasks of builds."""
    return [
        BuildTask(
            id=build.id,
            commit=build.commit.sha,
            seconds=0.0 if build.cached else expected.build(build),
            memory=0 if build.cached else BUILD_MEMORY,
            found=build.cached,
        )
        for build in builds
    ]


def cell_tasks(
    planned: Iterable[PlannedCell], controls: Mapping[str, Control], expected: Durations
) -> list[CellTask]:
    """Make tasks of cells; `controls` are those that they may share, by the cells' ids."""
    return [
        CellTask(
            id=it.id,
            needs=(it.suite, it.candidate, it.control),
            control=controls.get(it.id),
            seconds=expected.cell(it),
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
