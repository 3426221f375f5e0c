"""What a plan will take, and what is left of it: its queue is played to the end. Pure."""

from __future__ import annotations

import heapq
from collections.abc import Hashable, Mapping
from dataclasses import dataclass

from harness.model.matrix import Plan
from harness.plan.estimate import Durations
from harness.plan.queue import BuildTask, Limits, Queue, Task
from harness.plan.tasks import build_tasks, cell_tasks

_LEAST = 0.1
"""Share of its expected time that a task is still given which should be over by now."""

_NOT_BEGUN: Mapping[str, float] = {}


@dataclass(frozen=True)
class Forecast:
    """What running a plan will take, in seconds."""

    builds: float
    """Of those that are not cached, one after the other."""
    cells: float
    """One after the other."""
    wall: float
    """From the first build to the last cell, with so much at once as was said."""
    unknown: int
    """Cells and builds that history knows nothing like; they count as the median does."""


def forecast(plan: Plan, limits: Limits, shared: Mapping[str, Hashable]) -> Forecast | None:
    """Return what a plan will take; None if history knows none of its cells.

    `shared` are the controls that cells may share, by the cells' ids; none is stored yet, as far
    as a plan knows.
    """
    durations = Durations(plan)
    if not durations.known:
        return None
    due = [build for build in plan.builds if not build.cached]
    builds, cells = build_tasks(plan.builds, durations), cell_tasks(plan.cells, shared, durations)
    queue = Queue(builds, cells, limits, lambda _cell: False)
    return Forecast(
        builds=sum(durations.of(build.id) for build in due),
        cells=sum(durations.of(cell.id) for cell in plan.cells),
        wall=_played(queue, durations, _NOT_BEGUN, 0.0),
        unknown=[*(b.expected for b in due), *(c.expected for c in plan.cells)].count(None),
    )


def left(
    queue: Queue, durations: Durations, began: Mapping[str, float], now: float
) -> float | None:
    """Return the seconds until a queue that is carried out is over; it is not changed.

    `began` says when its running tasks began, by the clock that `now` is of. None while nothing
    is known of any cell.
    """
    return _played(queue, durations, began, now) if durations.known else None


def _played(queue: Queue, durations: Durations, began: Mapping[str, float], now: float) -> float:
    """Carry a copy of a queue out, and return the seconds until its last cell ends."""
    over: set[str] = set()
    copy = queue.copy(over.__contains__)
    ends = [
        (_rest(_seconds(task, durations), now - began[name]), name)
        for name, (task, _) in copy.running.items()
    ]
    heapq.heapify(ends)
    clock = 0.0
    while not copy.idle:
        while (task := copy.begin()) is not None:
            heapq.heappush(ends, (clock + _seconds(task, durations), task.id))
        clock = ends[0][0]
        while ends and ends[0][0] == clock:
            _, name = heapq.heappop(ends)
            if isinstance(copy.running[name][0], BuildTask):
                copy.built(name)
            else:
                over.add(name)
                copy.ended(name, control=True)
    return clock


def _seconds(task: Task, durations: Durations) -> float:
    return 0.0 if isinstance(task, BuildTask) and task.found else durations.of(task.id)


def _rest(seconds: float, elapsed: float) -> float:
    return seconds - elapsed if elapsed < seconds else seconds * _LEAST
