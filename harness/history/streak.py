"""Since when a test fails: read off what each run said of it; pure.

Of the verdicts that say anything at all, those that do not pass are failures: `known` and
`same-failure` too, and `flaky`, which so ends no row of them.
"""

from __future__ import annotations

from collections.abc import Sequence

from harness.model import Record, Verdict
from harness.model.matrix import CellState


class Mark(Record, frozen=True, kw_only=True):
    """What one run said, of a cell or of a test in it."""

    run: str
    """Id of the matrix run, or of the single run."""
    started: str
    """UTC, ISO 8601."""
    suite: str
    """Commit, 40 hex digits."""
    frontend: str
    """Commit, 40 hex digits."""
    state: CellState
    verdict: Verdict
    seconds: float | None = None
    """Of a cell, for both legs and their reruns."""


class Since(Record, frozen=True, kw_only=True):
    """The failures of one test in one cell."""

    first: Mark
    """The first run that ever saw it fail."""
    failing: Mark | None
    """The run from which on it failed in every one; None if it passed in the last."""
    last: Mark
    """The newest run that says anything about it."""
    runs: int
    """How many runs in a row it has failed in."""


class Before(Record, frozen=True, kw_only=True):
    """What the tests of a cell did in one run."""

    ran: frozenset[str]
    """Those that were to run, by the names that they are kept by."""
    failed: frozenset[str]
    """Those of them that did not pass, explained or not."""


class Flakiness(Record, frozen=True, kw_only=True):
    """How often the attempts of a test differed within a run."""

    flaky: int
    runs: int


def streak(failed: Sequence[bool]) -> tuple[int, int] | None:
    """Find where a test failed first, and since when it fails, in its runs from old to new.

    The second is the number of runs if it passed in the last. None if it never failed.
    """
    if not any(failed):
        return None
    begin = len(failed)
    while begin and failed[begin - 1]:
        begin -= 1
    return failed.index(True), begin


def since(marks: Sequence[Mark]) -> Since | None:
    """Find a test's failures in what every run said of it, oldest first; None if there are none."""
    found = streak([not mark.verdict.passes for mark in marks])
    if found is None:
        return None
    first, begin = found
    return Since(
        first=marks[first],
        failing=marks[begin] if begin < len(marks) else None,
        last=marks[-1],
        runs=len(marks) - begin,
    )
