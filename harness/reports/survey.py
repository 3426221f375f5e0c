"""What reports say across all cells: one verdict letter per test and cell, and root causes.

Cells come one by one and are not kept. What is kept of a test that passes is its letter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from harness.gotest import names
from harness.gotest.fingerprint import normalise
from harness.history import Before
from harness.model import Judgement, Leg, Run, Verdict
from harness.model.culprits import Blame
from harness.reports.floors import FloorTable
from harness.reports.summary import failure, side_error, suspicion_text, suspicions
from harness.reports.text import excerpt, one_line
from harness.reports.words import WORDS
from harness.verdict.table import flake_rate

NO_CAUSE = -1
NO_BLAMES: Mapping[tuple[int, str], Blame] = MappingProxyType({})

_NAME = 300
_EXAMPLE = 1_500

_CAUSES = 20_000
"""Kinds of failures that are told apart; a healthy matrix has dozens."""
_GAP = " "
_RANK = {WORDS[verdict].letter: verdict.weight for verdict in Verdict} | {_GAP: len(Verdict)}


@dataclass(frozen=True, slots=True)
class Found:
    """A judgement that is not plainly compatible, with its numbers in the survey."""

    test: int
    cause: int
    """Index into `Survey.causes`, or NO_CAUSE."""
    judgement: Judgement


@dataclass
class Trouble:
    """A root cause: every test of every cell that has one verdict for one reason."""

    verdict: Verdict
    cause: int
    number: int = 0
    tests: dict[int, None] = field(default_factory=dict)
    cells: dict[int, None] = field(default_factory=dict)
    example: str = ""
    """What the first of these tests said when it failed; as it came, not escaped."""
    failed: int = 0
    """Of flaky tests: how many attempts of the flaky side did not pass."""
    attempts: int = 0
    """And of how many."""
    blames: list[Blame] = field(default_factory=list)
    """What is known of the commits that did it, the same on one daemon."""


class Survey:
    """Numbers tests and causes in the order in which they come."""

    def __init__(self, blames: Mapping[tuple[int, str], Blame] = NO_BLAMES) -> None:
        """Begin with nothing but what is known to be whose doing, by cell and full name."""
        self._blames = blames
        self.causes: list[str] = []
        """Error lines, one for each kind of failure."""
        self.tests: list[str] = []
        """Names of tests as people write them, by number; the same on every worker."""
        self.suspicious: dict[str, set[int]] = {}
        """What daemons said of tests that passed, and the numbers of these tests."""
        self.floors = FloorTable()
        self._tests: dict[str, int] = {}
        self._numbers: dict[str, int] = {}
        self._by_line: dict[str, int] = {}
        self._by_print: dict[str, int] = {}
        self._letters: dict[int, tuple[int, str, tuple[int, ...]]] = {}
        self._troubles: dict[tuple[Verdict, int], Trouble] = {}

    @property
    def letters(self) -> dict[int, tuple[int, str, tuple[int, ...]]]:
        """For each cell: the first test's number, a letter per test, a cause per letter but P.

        A blank is a test that the cell does not have.
        """
        return self._letters

    def add(self, cell: int, run: Run, before: Before | None = None) -> list[Found]:
        """Take in a cell; return what is worth a word, in the order of the run.

        `before` is what its tests did in the run before.
        """
        known: frozenset[str] | None = None
        numbered: dict[int, tuple[str, int]] = {}
        found = []
        for judgement in run.judgements:
            number = self._numbers.get(judgement.name)
            if number is None:
                known = known or frozenset(it.name for it in run.judgements)
                number = self._number(judgement.name, known)
            self._suspicions(number, judgement)
            self.floors.add(number, judgement, run.pair, before)
            letter, cause = WORDS[judgement.verdict].letter, NO_CAUSE
            if judgement.verdict is not Verdict.COMPATIBLE:
                cause = self._cause(judgement)
                found.append(Found(number, cause, judgement))
                self._trouble(cell, found[-1])
            if _RANK[letter] < _RANK[numbered.get(number, (_GAP, 0))[0]]:
                numbered[number] = letter, cause
        self._letters[cell] = _packed(numbered)
        return found

    def number(self, name: str) -> int | None:
        """Find a test by its full name."""
        return self._numbers.get(name)

    def troubles(self) -> list[Trouble]:
        """Return the root causes that somebody should look at: worst first, then by extent."""
        return sorted(
            self._troubles.values(), key=lambda it: (it.verdict.weight, -it.number, it.cause)
        )

    def _number(self, name: str, known: frozenset[str]) -> int:
        shown = one_line(names.display(name, known), _NAME)
        number = self._tests.setdefault(shown, len(self.tests))
        if number == len(self.tests):
            self.tests.append(shown)
        self._numbers[name] = number
        return number

    def _cause(self, judgement: Judgement) -> int:
        """Return the number of a cause: one for equal fingerprints, and for equal error lines.

        A fingerprint holds the place in the test's source, so one cause has as many as it fails
        tests. What a maintainer looks for is the line without it.
        """
        failed = failure(judgement, Leg.CANDIDATE) or failure(judgement, Leg.CONTROL)
        seen = failed.fingerprint if failed else ""
        if seen in self._by_print:
            return self._by_print[seen]
        line = side_error(judgement, Leg.CANDIDATE) or side_error(judgement, Leg.CONTROL)
        cause = self._line(line) if line else NO_CAUSE
        if seen and len(self._by_print) < _CAUSES:
            self._by_print[seen] = cause
        return cause

    def _line(self, line: str) -> int:
        key = normalise(line)
        if key not in self._by_line:
            if len(self.causes) >= _CAUSES:
                return NO_CAUSE
            self._by_line[key] = len(self.causes)
            self.causes.append(line)
        return self._by_line[key]

    def _suspicions(self, number: int, judgement: Judgement) -> None:
        for leg, it in suspicions(judgement):
            words = suspicion_text(leg, it)
            if words in self.suspicious or len(self.suspicious) < _CAUSES:
                self.suspicious.setdefault(words, set()).add(number)

    def _trouble(self, cell: int, found: Found) -> None:
        judgement = found.judgement
        verdict = judgement.verdict
        if verdict.deserves_detail:
            key = verdict, found.cause
            trouble = self._troubles.get(key)
            if trouble is None:
                trouble = self._troubles[key] = Trouble(*key, example=_example(judgement))
            trouble.number += 1
            for rate in filter(None, map(flake_rate, (judgement.candidate, judgement.control))):
                trouble.failed += rate[0]
                trouble.attempts += rate[1]
            blame = self._blames.get((cell, judgement.name))
            if blame and blame not in trouble.blames:
                trouble.blames.append(blame)
            trouble.tests[found.test] = None
            trouble.cells[cell] = None


def _example(judgement: Judgement) -> str:
    failed = failure(judgement, Leg.CANDIDATE) or failure(judgement, Leg.CONTROL)
    return excerpt(failed.error, _EXAMPLE) if failed else ""


def _packed(numbered: dict[int, tuple[str, int]]) -> tuple[int, str, tuple[int, ...]]:
    if not numbered:
        return 0, "", ()
    first, last = min(numbered), max(numbered)
    row = [numbered.get(number, (_GAP, NO_CAUSE)) for number in range(first, last + 1)]
    silent = {WORDS[Verdict.COMPATIBLE].letter, _GAP}
    return first, "".join(letter for letter, _ in row), tuple(_causes(row, silent))


def _causes(row: Iterable[tuple[str, int]], silent: set[str]) -> Iterable[int]:
    return (cause for letter, cause in row if letter not in silent)
