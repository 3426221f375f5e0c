"""What a plan will take, by what history expects of its parts."""

from __future__ import annotations

import heapq
from collections.abc import Iterable
from dataclasses import dataclass
from statistics import median

from harness.model.matrix import Plan, PlannedBuild, PlannedCell


class Durations:
    """Seconds of every part of a plan; what history does not know counts as the median does.

    Where it knows none, a cell and a build count as what is given.
    """

    def __init__(self, plan: Plan, *, cell: float = 1.0, build: float = 0.0) -> None:
        """Take the plan's expectations, and seconds for where there are none."""
        self._otherwise = cell, build
        self._builds = {build.id: build for build in plan.builds}
        self._cell = _middle(cell.expected for cell in plan.cells)
        self._build = _middle(build.expected for build in plan.builds)

    def cell(self, cell: PlannedCell) -> float:
        """Return the seconds of a cell, builds aside."""
        if cell.expected is not None:
            return cell.expected
        return self._otherwise[0] if self._cell is None else self._cell

    def build(self, build: PlannedBuild) -> float:
        """Return the seconds of a build, as if it were not cached."""
        if build.expected is not None:
            return build.expected
        return self._otherwise[1] if self._build is None else self._build

    def part(self, cells: Iterable[PlannedCell]) -> float | None:
        """Return the seconds of some cells and the builds that they need, one after the other.

        None if history knows no cell of the plan.
        """
        if self._cell is None:
            return None
        cells = tuple(cells)
        needed = {name for cell in cells for name in (cell.suite, cell.control, cell.candidate)}
        return sum(map(self.cell, cells)) + sum(self.build(self._builds[n]) for n in needed)

    def suite(self, cell: PlannedCell) -> float:
        """Return the seconds of the builds that all cells of a suite share."""
        return sum(self.build(self._builds[name]) for name in {cell.suite, cell.control})


@dataclass(frozen=True)
class Forecast:
    """What running a plan will take, in seconds."""

    builds: float
    """Of those that are not cached, one after the other."""
    cells: float
    """One after the other."""
    wall: float
    """With so many builds and cells at once as was said."""
    unknown: int
    """Cells and builds that history knows nothing like; they count as the median does."""


def forecast(plan: Plan, jobs: int) -> Forecast | None:
    """Return what a plan will take; None if history knows none of its cells."""
    if all(cell.expected is None for cell in plan.cells):
        return None
    durations = Durations(plan)
    builds = {one.id: durations.build(one) for one in plan.builds if not one.cached}
    cells = {one.id: durations.cell(one) for one in plan.cells}
    due = [build for build in plan.builds if build.id in builds]
    return Forecast(
        builds=sum(builds.values()),
        cells=sum(cells.values()),
        wall=_wall(plan, builds, cells, jobs),
        unknown=[*(b.expected for b in due), *(c.expected for c in plan.cells)].count(None),
    )


def _wall(plan: Plan, builds: dict[str, float], cells: dict[str, float], jobs: int) -> float:
    """Play a schedule: what is ready begins, the longest first, and what is most waited for."""
    waits = {
        cell.id: {name for name in (cell.suite, cell.control, cell.candidate) if name in builds}
        for cell in plan.cells
    }
    after: dict[str, list[str]] = {name: [] for name in builds}
    for cell, names in waits.items():
        for name in names:
            after[name].append(cell)
    ready = [
        (-seconds - sum(cells[one] for one in after[name]), name, True)
        for name, seconds in builds.items()
    ]
    ready += [(-cells[name], name, False) for name, names in waits.items() if not names]
    heapq.heapify(ready)
    running: list[tuple[float, str, bool]] = []
    clock = 0.0
    while ready or running:
        while ready and len(running) < jobs:
            _, name, is_build = heapq.heappop(ready)
            took = builds[name] if is_build else cells[name]
            heapq.heappush(running, (clock + took, name, is_build))
        clock, name, is_build = heapq.heappop(running)
        for cell in after[name] if is_build else ():
            waits[cell].discard(name)
            if not waits[cell]:
                heapq.heappush(ready, (-cells[cell], cell, False))
    return clock


def _middle(known: Iterable[float | None]) -> float | None:
    found = [seconds for seconds in known if seconds is not None]
    return median(found) if found else None
