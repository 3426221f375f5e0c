"""Time: one place that reads the clock, so that everything else can be given one."""

from __future__ import annotations

import time
from datetime import UTC, datetime


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
    """Give the time in UTC as ISO 8601, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def timestamp() -> float:
    """Give the time in seconds since 1970."""
    return time.time()


def since_boot() -> float:
    """Give the seconds since the machine booted, as /proc/uptime counts them."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)
