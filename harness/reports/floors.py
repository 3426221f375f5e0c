"""What tests do on daemons that vary: a row for each test, a column for each line of daemons.

Shown are the tests that some line of daemons fails, and for each capability that a daemon says it
lacks the tests that were refused for want of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.model import Judgement, Pair
from harness.reports.layout import Age, daemon_age
from harness.reports.text import one_line, visible
from harness.reports.words import FLOORS, UNKNOWN, Word
from harness.verdict.floors import Did, seen

KINDS = 1_000
"""Capabilities that are told apart; those of BuildKit are dozens."""

_CAPABILITY = 200


@dataclass(frozen=True)
class FloorRow:
    """What one test does on every line."""

    test: str
    words: tuple[Word, ...]
    """One for each line."""


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
        self._lacks: dict[str, dict[int, None]] = {}

    def add(self, test: int, row: Judgement, pair: Pair) -> None:
        """Take in what a test did; nothing where the daemon does not vary."""
        for daemon, it in seen(row, pair):
            line = visible(daemon.line)
            self._ages[line] = min(self._ages.get(line, daemon_age(daemon)), daemon_age(daemon))
            did = self._did.setdefault(test, {})
            did[line] = did.get(line, it).worse(it)
            lacks = one_line(it.lacks, _CAPABILITY)
            if lacks and (lacks in self._lacks or len(self._lacks) < KINDS):
                self._lacks.setdefault(lacks, {})[test] = None

    @property
    def lines(self) -> list[str]:
        """Every line that something is known of, the oldest first."""
        return sorted(self._ages, key=lambda line: (self._ages[line], line))

    def rows(self, names: Sequence[str]) -> list[FloorRow]:
        """Return the tests that fail on some line, by name; `names` are those of the survey."""
        lines = self.lines
        failing = (
            (names[test], did)
            for test, did in self._did.items()
            if any(it.below for it in did.values())
        )
        return [
            FloorRow(name, tuple(FLOORS[did[it].below] if it in did else UNKNOWN for it in lines))
            for name, did in sorted(failing, key=lambda it: it[0])
        ]

    def lacking(self, names: Sequence[str]) -> list[Lacking]:
        """Return every capability, the one that most tests want first."""
        found = sorted(self._lacks.items(), key=lambda it: (-len(it[1]), it[0]))
        return [Lacking(it, tuple(sorted(names[test] for test in tests))) for it, tests in found]
