"""How long every part of a plan takes: the one estimate, for plans, shards, queues and displays."""

from __future__ import annotations

from collections.abc import Iterable
from statistics import median

from harness.model.matrix import Plan, PlannedBuild, PlannedCell

# Taken for all where nothing is known of any.
BUILD_SECONDS = 120.0
CELL_SECONDS = 600.0


class Durations:
    """Seconds of every part of a plan, by its id.

    What history does not know counts as the median of its kind does: of what history knows of
    the others, and of what parts took since.
    """

    def __init__(self, plan: Plan) -> None:
        """Take what a plan expects of its parts."""
        self._builds = _Kind(plan.builds, BUILD_SECONDS)
        self._cells = _Kind(plan.cells, CELL_SECONDS)

    @property
    def known(self) -> bool:
        """Whether anything is known of any cell; else all that is said of cells is a guess."""
        return self._cells.known

    def of(self, part: str) -> float:
        """Return the seconds of a cell, builds aside, or of a build, as if it were not cached."""
        return self._kind(part).of(part)

    def took(self, part: str, seconds: float) -> None:
        """Learn from a part that was run or built now."""
        self._kind(part).took(seconds)

    def shard(self, cells: Iterable[PlannedCell]) -> float | None:
        """Return the seconds of some cells and the builds that they need, one after the other.

        None if nothing is known of any cell of the plan.
        """
        if not self.known:
            return None
        cells = tuple(cells)
        needed = {name for cell in cells for name in cell.needs}
        return sum(self.of(cell.id) for cell in cells) + sum(map(self.of, needed))

    def suite(self, cell: PlannedCell) -> float:
        """Return the seconds of the builds that all cells of a suite share."""
        return sum(map(self.of, {cell.suite, cell.tested or cell.suite, cell.control}))

    def _kind(self, part: str) -> _Kind:
        return self._builds if part in self._builds.expected else self._cells


class _Kind:
    """The builds of a plan, or its cells."""

    def __init__(self, parts: Iterable[PlannedBuild | PlannedCell], guess: float) -> None:
        self.expected = {part.id: part.expected for part in parts}
        self._seen = [seconds for seconds in self.expected.values() if seconds is not None]
        self._middle = median(self._seen) if self._seen else guess

    @property
    def known(self) -> bool:
        return bool(self._seen)

    def of(self, part: str) -> float:
        seconds = self.expected[part]
        return self._middle if seconds is None else seconds

    def took(self, seconds: float) -> None:
        self._seen.append(seconds)
        self._middle = median(self._seen)
