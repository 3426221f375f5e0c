"""What floors say of tests on a daemon that varies, and how these may fail there. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from harness.config.floors import Floors
from harness.gotest.names import TestKey
from harness.model import Below, FloorRef, Pair, Vary


@dataclass(frozen=True)
class Promises:
    """What the floors say of tests on the daemons of one line."""

    floors: Floors
    line: str

    def of(self, key: TestKey) -> FloorRef | None:
        """Return what is said of a test; None if it has no floor."""
        floor = self.floors.find(name_of(key), dict(key.params))
        if floor is None:
            return None
        return FloorRef(
            where=floor.where,
            since=floor.since,
            holds=not self.floors.older(self.line, floor.since),
            below=floor.below,
            cause=floor.cause,
            issue=floor.issue or "",
        )


def promises(floors: Floors, pair: Pair) -> Promises | None:
    """Return what floors say of a pair's tests; None where the daemon does not vary."""
    if pair.vary is not Vary.DAEMON:
        return None
    return Promises(floors, pair.suite.line)


def allowed(floor: FloorRef | None) -> frozenset[Below]:
    """Return how a test may fail where the daemon varies: refused, if not its floor forbids it."""
    if floor is None:
        return frozenset({Below.REFUSED})
    if floor.holds:
        return frozenset()
    return frozenset({Below.REFUSED, floor.below or Below.REFUSED})


def name_of(key: TestKey) -> str:
    """Return how data files name a test."""
    return f"{key.function}/{key.subtest}" if key.subtest else key.function
