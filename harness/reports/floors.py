"""What tests do on daemons that vary: a row for each test, a column for each line of daemons.

Shown are the tests that some line of daemons fails or failed in the last run, and for each
capability that a daemon says it lacks the tests that were refused for want of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.history import Before
from harness.model import Judgement, Pair
from harness.reports.layout import Age, daemon_age
from harness.reports.text import one_line, visible
from harness.reports.words import FLOORS, UNKNOWN, Word
from harness.verdict.floors import Did, seen

CHANGED = "\N{GREEK CAPITAL LETTER DELTA}"
"""Stands behind the letter of what changed since the last run."""

KINDS = 1_000
"""Capabilities that are told apart; those of BuildKit are dozens."""

_CAPABILITY = 200


@dataclass(frozen=True)
class FloorRow:
    """What one test does on every line."""

    test: str
    words: tuple[Word, ...]
    """One for each line."""
    changed: tuple[bool, ...]
    """For each line whether it passes now and failed in the last run, or the other way round."""


@dataclass(frozen=True)
class Lacking:
    """What a daemon said that it lacks."""

    capability: str
    tests: tuple[str, ...]
    """Those that were refused for want of it."""


class FloorTable:
    """Takes in tests one by one, by their numbers in the survey."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._ages: dict[str, Age] = {}
        self._did: dict[int, dict[str, Did]] = {}
        self._changed: dict[int, set[str]] = {}
        self._lacks: dict[str, dict[int, None]] = {}

    def add(self, test: int, row: Judgement, pair: Pair, before: Before | None = None) -> None:
        """Take in what a test did, and `before`; nothing where the daemon does not vary."""
        for daemon, it in seen(row, pair):
            line = visible(daemon.line)
            self._ages[line] = min(self._ages.get(line, daemon_age(daemon)), daemon_age(daemon))
            did = self._did.setdefault(test, {})
            did[line] = did.get(line, it).worse(it)
            known = before is not None and daemon is pair.suite and row.name in before.ran
            if known and before and bool(it.below) != (row.name in before.failed):
                self._changed.setdefault(test, set()).add(line)
            lacks = one_line(it.lacks, _CAPABILITY)
            if lacks and (lacks in self._lacks or len(self._lacks) < KINDS):
                self._lacks.setdefault(lacks, {})[test] = None

    @property
    def lines(self) -> list[str]:
        """Every line that something is known of, the oldest first."""
        return sorted(self._ages, key=lambda line: (self._ages[line], line))

    def rows(self, names: Sequence[str]) -> list[FloorRow]:
        """Return the tests that fail on some line or did, by name; `names` are the survey's."""
        lines = self.lines
        failing = (
            (test, did)
            for test, did in self._did.items()
            if test in self._changed or any(it.below for it in did.values())
        )
        return [
            FloorRow(
                names[test],
                tuple(FLOORS[did[it].below] if it in did else UNKNOWN for it in lines),
                tuple(it in self._changed.get(test, ()) for it in lines),
            )
            for test, did in sorted(failing, key=lambda it: names[it[0]])
        ]

    def lacking(self, names: Sequence[str]) -> list[Lacking]:
        """Return every capability, the one that most tests want first."""
        found = sorted(self._lacks.items(), key=lambda it: (-len(it[1]), it[0]))
        return [Lacking(it, tuple(sorted(names[test] for test in tests))) for it, tests in found]
