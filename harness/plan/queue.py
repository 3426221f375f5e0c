"""What may begin when: builds once, cells when theirs are there, within what a machine holds. Pure.

Room for cells is counted in legs, since two legs side by side fill a machine (`default_parallel`).
A cell runs both only if its control is not stored yet: then it is the one cell that runs it, and
others with the same control wait. Those that find theirs stored run one leg, so two of them fit
where a pair does, and each runs under the load that its control had.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from math import inf
from typing import TypeGuard

PAIR = 2
"""Legs of a cell that runs its control too."""


@dataclass(frozen=True)
class BuildTask:
    """Something to be built."""

    id: str
    commit: str
    seconds: float
    """Expected."""
    memory: int
    """Bytes."""
    found: bool = False
    """It is there already, as far as is known: to fetch it takes no room."""


@dataclass(frozen=True)
class CellTask:
    """A cell to be run."""

    id: str
    needs: tuple[str, ...]
    """Ids of its builds, in the order in which they are best begun."""
    control: Hashable
    """Equal for cells whose controls are the same run; None if each runs its own, or none."""
    seconds: float
    """Expected."""
    memory: int
    """Bytes."""
    legs: int = PAIR
    """That it runs if no control is stored for it."""


Task = BuildTask | CellTask


@dataclass(frozen=True)
class Limits:
    """What runs side by side."""

    jobs: int
    """Pairs of legs."""
    memory: float = inf
    """Bytes that all tasks together may need; one that needs more runs alone."""

    @property
    def legs(self) -> int:
        """Legs at once."""
        return PAIR * self.jobs

    @property
    def builds(self) -> int:
        """Builds at once while no cell can run: as many as a pair needs of different commits."""
        return self.jobs + 1

    @property
    def beside(self) -> int:
        """Builds at once beside cells."""
        return self.jobs

    @property
    def threads(self) -> int:
        """Tasks at once, whatever they are; what is found is fetched when one of these is idle."""
        return self.legs + self.builds


class _Control(Enum):
    """What is known of the control that some cells share."""

    UNKNOWN = auto()
    RUNNING = auto()
    STORED = auto()
    UNSTORABLE = auto()


class Queue:
    """The tasks of a matrix: what waits, what runs, what is over. Not for several threads."""

    def __init__(
        self,
        builds: Iterable[BuildTask],
        cells: Sequence[CellTask],
        limits: Limits,
        stored: Callable[[str], bool],
    ) -> None:
        """Take the tasks; `stored` tells of a cell whose builds are there if its control is."""
        self._limits = limits
        self._stored = stored
        self._controls: dict[Hashable, _Control] = {}
        self._built: set[str] = set()
        self.running: dict[str, tuple[Task, int]] = {}
        """What runs now, with its legs."""
        self.cells = {cell.id: cell for cell in _longest_first(cells)}
        """Cells that wait, in the order in which they are best begun."""
        self.builds = {build.id: build for build in _first_needed(builds, self.cells.values())}
        """Builds that wait, ditto."""

    @property
    def over(self) -> bool:
        """Whether nothing waits or runs."""
        return not (self.running or self.cells or self.builds)

    @property
    def idle(self) -> bool:
        """Whether no cell waits or runs, so that nothing needs the builds that still run."""
        return not self.cells and not any(
            isinstance(task, CellTask) for task, _ in self.running.values()
        )

    def copy(self, stored: Callable[[str], bool]) -> Queue:
        """Return a queue with the same tasks in the same state, which asks `stored` instead."""
        made = Queue((), (), self._limits, stored)
        made._controls = {**self._controls}
        made._built = {*self._built}
        made.running = {**self.running}
        made.cells = {**self.cells}
        made.builds = {**self.builds}
        return made

    def begin(self) -> Task | None:
        """Take the task that is best begun now; None if something else has to end before."""
        room = self._limits.legs - self._legs
        for cell in self.cells.values() if room else ():
            legs = self._legs_now(cell)
            if 0 < legs <= room and self._fits(cell):
                return self._begin_cell(cell, legs)
        build = self._next_build()
        if build:
            del self.builds[build.id]
            self.running[build.id] = build, 0
        return build

    def built(self, build: str) -> None:
        """Note that a build is there."""
        del self.running[build]
        self._built.add(build)

    def not_built(self, build: str) -> list[str]:
        """Note that a build failed; return the cells that waited for it and never run now.

        What was to be built for them alone is not built.
        """
        self.running.pop(build)
        lost = [cell.id for cell in self.cells.values() if build in cell.needs]
        for cell in lost:
            del self.cells[cell]
        wanted = {need for cell in self.cells.values() for need in cell.needs}
        self.builds = {name: task for name, task in self.builds.items() if name in wanted}
        return lost

    def ended(self, cell: str, *, control: bool) -> None:
        """Note that a cell is over, and whether its control came to an end.

        If it did and yet is not stored, the others have to run their own. If it did not, the
        next one tries.
        """
        task, legs = self.running.pop(cell)
        shared = task.control if isinstance(task, CellTask) else None
        if shared is None or legs < PAIR or self._controls[shared] is not _Control.RUNNING:
            return
        if self._stored(cell):
            self._controls[shared] = _Control.STORED
        else:
            self._controls[shared] = _Control.UNSTORABLE if control else _Control.UNKNOWN

    @property
    def _legs(self) -> int:
        return sum(legs for _, legs in self.running.values())

    def _ready(self, cell: CellTask) -> bool:
        return self._built.issuperset(cell.needs)

    def _legs_now(self, cell: CellTask) -> int:
        """How many legs a cell would run if it began now; 0 if it has to wait for something."""
        if not self._ready(cell):
            return 0
        if cell.control is None:
            return cell.legs
        if cell.control not in self._controls:
            stored = self._stored(cell.id)
            self._controls[cell.control] = _Control.STORED if stored else _Control.UNKNOWN
        known = self._controls[cell.control]
        return {_Control.STORED: 1, _Control.RUNNING: 0}.get(known, cell.legs)

    def _begin_cell(self, cell: CellTask, legs: int) -> CellTask:
        if self._controls.get(cell.control) is _Control.UNKNOWN:
            self._controls[cell.control] = _Control.RUNNING
        del self.cells[cell.id]
        self.running[cell.id] = cell, legs
        return cell

    def _next_build(self) -> BuildTask | None:
        """Return the best build that can begin: two of one commit would compile the same twice."""
        first = next(iter(self.builds.values()), None)
        if first is None or first.found:
            return first
        commits = {task.commit for task, _ in self.running.values() if _is_built(task)}
        cells = self._legs > 0 or any(self._legs_now(cell) for cell in self.cells.values())
        if len(commits) >= (self._limits.beside if cells else self._limits.builds):
            return None
        others = (build for build in self.builds.values() if build.commit not in commits)
        return next(filter(self._fits, others), None)

    def _fits(self, task: Task) -> bool:
        used = sum(other.memory for other, _ in self.running.values())
        return not self.running or used + task.memory <= self._limits.memory


def _is_built(task: Task) -> TypeGuard[BuildTask]:
    return isinstance(task, BuildTask) and not task.found


def _longest_first(cells: Sequence[CellTask]) -> list[CellTask]:
    """Put first the control that keeps most waiting, and what needs it: few builds at a time."""
    longest: dict[Hashable, float] = {}
    first: dict[Hashable, int] = {}
    for number, cell in enumerate(cells):
        shared = _shared(cell)
        longest[shared] = max(longest.get(shared, 0.0), cell.seconds)
        first.setdefault(shared, number)
    return sorted(
        cells,
        key=lambda cell: (-longest[_shared(cell)], first[_shared(cell)], -cell.seconds),
    )


def _shared(cell: CellTask) -> Hashable:
    return cell.id if cell.control is None else ("control", cell.control)


def _first_needed(builds: Iterable[BuildTask], cells: Iterable[CellTask]) -> list[BuildTask]:
    """Put first what is there already, then what the first cells need."""
    order: dict[str, int] = {}
    for cell in cells:
        for need in cell.needs:
            order.setdefault(need, len(order))
    wanted = [build for build in builds if build.id in order]
    return sorted(wanted, key=lambda build: (not build.found, order[build.id]))
