"""Time: one place that reads the clock, so that everything else can be given one."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

JUMP = 2.0
"""Seconds from which a step of the time of day is no correction by an NTP server any more: those
slew a clock by half a thousandth, under a second in a leg."""


class ClockWatch:
    """Sees whether the time of day jumps, as it does when a machine slept or somebody set it.

    Two clocks are compared at every look: that of the day, and one that nobody can set.
    """

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        steady: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin with a first look."""
        self._wall = wall
        self._steady = steady
        self._ahead = wall() - steady()
        self.jump = 0.0
        """The largest step, in seconds; below zero if it went back, and 0 if there was none."""

    def look(self) -> None:
        """Compare the clocks, and go on from there."""
        ahead = self._wall() - self._steady()
        step, self._ahead = ahead - self._ahead, ahead
        if abs(step) >= JUMP and abs(step) > abs(self.jump):
            self.jump = step


class Stopwatch:
    """Counts from its creation."""

    def __init__(self) -> None:
        """Start."""
        self._begun = time.monotonic()

    @property
    def seconds(self) -> float:
        """Seconds since the start, to the millisecond."""
        return round(time.monotonic() - self._begun, 3)


def now() -> str:
    """Return the time in UTC as ISO 8601, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def timestamp() -> float:
    """Return the time in seconds since 1970."""
    return time.time()


def since_boot() -> float:
    """Return the seconds since the machine booted, as /proc/uptime counts them."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
