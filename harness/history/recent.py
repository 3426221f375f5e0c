"""What tests did in the newest runs of one pair; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from harness.model import Recent, Tally

LAST = 20
"""Newest runs of a pair that are counted."""

DAYS = 30
"""Days after which a run is too old to say what a test does now."""

ENOUGH = 5
"""Runs without which nothing is said."""

PLAIN = Tally(failed=0, attempts=1)
"""What a test counts for in a run in which it simply passed: that is not kept test by test."""


@dataclass(frozen=True)
class RunTallies:
    """What one run said of its tests; tests are numbers."""

    started: str
    controlled: bool
    """Whether it had a control."""
    roster: frozenset[int]
    tallies: Mapping[int, tuple[Tally, Tally] | None]
    """Control and candidate of those that did not simply pass; None for what says nothing."""

    def of(self, test: int) -> tuple[Tally, Tally] | None:
        """Return what it said of a test."""
        plain = (PLAIN if self.controlled else Tally(), PLAIN)
        return self.tallies.get(test, plain) if test in self.roster else None


def since(before: str) -> str:
    """Return the time from which on runs count that began before this one."""
    earliest = datetime.fromisoformat(before) - timedelta(days=DAYS)
    return earliest.strftime("%Y-%m-%dT%H:%M:%SZ")


def recents(said: Iterable[RunTallies]) -> dict[int, Recent]:
    """Count over runs, newest first; tests of which too few say anything are left out."""
    runs = list(said)
    tests = frozenset[int]().union(*(run.roster for run in runs))
    found = {test: _recent(test, runs) for test in tests}
    return {test: recent for test, recent in found.items() if recent.runs >= ENOUGH}


def _recent(test: int, runs: Iterable[RunTallies]) -> Recent:
    told = [(run.started, each) for run in runs if (each := run.of(test)) is not None]
    return Recent(
        runs=len(told),
        since=told[-1][0] if told else "",
        control=_sum(control for _, (control, _) in told),
        candidate=_sum(candidate for _, (_, candidate) in told),
        failing=_failing(candidate for _, (_, candidate) in told),
    )


def _sum(tallies: Iterable[Tally]) -> Tally:
    each = list(tallies)
    return Tally(failed=sum(it.failed for it in each), attempts=sum(it.attempts for it in each))


def _failing(tallies: Iterable[Tally]) -> int:
    """Count from the newest run back to one with a pass; what says nothing does not count."""
    count = 0
    for tally in tallies:
        if tally.failed < tally.attempts:
            break
        count += bool(tally.attempts)
    return count
