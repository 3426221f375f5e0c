"""How long a matrix will still take, going by what is expected and by what it took so far. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field

from harness.matrix.queue import BuildTask, Limits, Queue, Task

_LEAST = 0.1
"""Share of its expected time that a task which is late is still given."""


@dataclass
class Prospect:
    """Tells what is left, and learns from each task that ends how well history knew its kind."""

    limits: Limits
    known: frozenset[str]
    """Ids of the tasks of which history knows something, or which take no time."""
    began: dict[str, float] = field(default_factory=dict)
    _told: dict[type[Task], list[float]] = field(default_factory=dict)

    def ended(self, task: Task, seconds: float) -> None:
        """Note what a task took."""
        self._told.setdefault(type(task), []).append(seconds)

    def left(self, queue: Queue, now: float) -> float | None:
        """Return the seconds until everything is over, or None while that is anybody's guess.

        Builds are hidden behind cells where there are enough of these: what cells are expected
        to take was measured beside builds. `now` is of the clock that `began` is of.
        """
        cells = [(task, legs, self._seconds(task)) for task, legs in queue.legs()]
        running = [task for task, _ in queue.running.values() if isinstance(task, BuildTask)]
        builds = [(task, self._seconds(task)) for task in (*queue.builds.values(), *running)]
        if any(seconds is None for *_, seconds in (*cells, *builds)):
            return None
        rest = [(legs, self._rest(task, seconds or 0.0, now)) for task, legs, seconds in cells]
        work = sum(legs * seconds for legs, seconds in rest) / self.limits.legs
        longest = max((seconds for _, seconds in rest), default=0.0)
        building = sum(self._rest(task, seconds or 0.0, now) for task, seconds in builds)
        return max(work, longest, building / self.limits.builds)

    def _seconds(self, task: Task) -> float | None:
        if task.id in self.known:
            return task.seconds
        told = self._told.get(type(task))
        return sum(told) / len(told) if told else None

    def _rest(self, task: Task, seconds: float, now: float) -> float:
        if task.id not in self.began:
            return seconds
        return max(seconds - (now - self.began[task.id]), seconds * _LEAST)
