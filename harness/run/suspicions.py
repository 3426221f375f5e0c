"""Whose daemon said what it should not have: by who ran while it lived.

A daemon does not know the name of its test. It begins after its test and ends before it, so of the
tests that ran around its life the one that ended next is its own. Where another ended within a
moment of that one, both are named: tests that run side by side and are short often do.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from harness.backends.processes import Process
from harness.config.oracle import Oracle
from harness.gotest.names import parse, sandbox_name
from harness.gotest.oracle import suspicious
from harness.model import LegRun, Outcome, Suspicion

_SLACK = 0.05
"""Seconds by which what two programs wrote down may be apart; /proc/uptime has hundredths."""

_LATE = 1.0
"""Seconds by which the end of a test may be read late, and with it when it began."""

_MOMENT = 0.1
"""Seconds within which two ends may have come in either order."""


@dataclass(frozen=True)
class Life:
    """When a test ran."""

    test: str
    began: float
    """Seconds since the boot."""
    ended: float


def marked(
    run: LegRun, lives: Iterable[Life], processes: Iterable[Process], oracle: Oracle
) -> LegRun:
    """Return the leg with what the daemons of its passing tests said.

    The subtests of a test share its daemon. What belongs to no passing test is left: a failing
    test shows its daemon's log.
    """
    sandboxed = _sandboxed(lives)
    told: defaultdict[str, list[Suspicion]] = defaultdict(list)
    for process in processes:
        with process.log.open("rb") as log:
            found = suspicious(log, oracle)
        tests = owners(process, sandboxed) if found else ()
        for test in tests:
            told[test] += [
                Suspicion(
                    kind=it.kind,
                    words=it.words,
                    log=f"{run.folder}/{process.log.parent.name}/{process.log.name}",
                    tests=len(tests),
                )
                for it in found
            ]
    known = frozenset(life.test for life in sandboxed)
    results = tuple(
        replace(result, suspicions=tuple(told[sandbox_name(result.name, known)]))
        if result.outcome is Outcome.PASS
        else result
        for result in run.results
    )
    return replace(run, results=results)


def _sandboxed(lives: Iterable[Life]) -> list[Life]:
    """Leave what has a daemon of its own: neither the suite as a whole nor subtests of a test."""
    told = list(lives)
    known = frozenset(life.test for life in told)
    return [
        life
        for life in told
        if parse(life.test).function and sandbox_name(life.test, known) == life.test
    ]


def owners(process: Process, lives: Sequence[Life]) -> tuple[str, ...]:
    """Name the tests that a process may have belonged to; one, where that can be told."""
    if process.ended is None:
        return ()
    around = [
        life
        for life in lives
        if life.began <= process.began + _LATE and life.ended >= process.ended - _SLACK
    ]
    next_end = min((life.ended for life in around), default=0.0)
    return tuple(life.test for life in around if life.ended <= next_end + _MOMENT)
