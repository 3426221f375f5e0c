"""Room for the logs of all tests that are at work: however many there are, it is bounded."""

from __future__ import annotations

from harness.gotest.logs import HALF, BoundedLog

SHELVES = ((2 * 1024, 1024), (32 * 1024, 64), (HALF, 8))
"""Bytes kept of either end of a log, and how many logs may have so much room at a time."""


class Shelf:
    """Lends room to logs. A log begins small and moves on as it grows, while there is a place.

    Where each log lies depends on what was written before, never on the pieces it came in.
    """

    def __init__(self) -> None:
        """Begin with all places free."""
        self._free = [places for _, places in SHELVES]
        self._place: dict[BoundedLog, int] = {}

    def open(self) -> BoundedLog:
        """Return an empty log; if there are too many already, one that keeps nothing."""
        if not self._free[0]:
            return BoundedLog(0)
        log = BoundedLog(SHELVES[0][0])
        self._free[0] -= 1
        self._place[log] = 0
        return log

    def append(self, log: BoundedLog, data: bytes) -> None:
        """Write into a log, moving it on where it needs more room and there is some."""
        while log.holds() and not log.holds(len(data)) and self._widened(log):
            pass
        log.append(data)

    def _widened(self, log: BoundedLog) -> bool:
        place = self._place.get(log)
        if place is None or place + 1 == len(SHELVES) or not self._free[place + 1]:
            return False
        log.widen(SHELVES[place + 1][0])
        self._free[place] += 1
        self._free[place + 1] -= 1
        self._place[log] = place + 1
        return True

    def close(self, log: BoundedLog) -> bytes:
        """Take a log back and return its text."""
        place = self._place.pop(log, None)
        if place is not None:
            self._free[place] += 1
        return log.value()
