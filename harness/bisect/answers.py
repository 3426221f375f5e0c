"""What a commit answered, and the file in which all answers to one question are kept.

An answer is the verdict of our own comparison on one test, with the fingerprints of what failed.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from enum import StrEnum
from itertools import zip_longest
from pathlib import Path

import msgspec

from harness.bisect.search import Says
from harness.gotest.fingerprint import anywhere
from harness.gotest.names import parse
from harness.journal.documents import read_document, write_document
from harness.model import Judgement, Outcome, Record, Result, Run, Verdict

SCHEMA_VERSION = 1
FILE = "bisect.json"
_AGAIN = "remove it, and what it knows is found out again"
_MISSING = "missing"
_FAILS = frozenset(
    {
        Verdict.REGRESSED,
        Verdict.LOST,
        Verdict.CHANGED_FAILURE,
        Verdict.SAME_FAILURE,
        Verdict.KNOWN,
        Verdict.REFUSED,
    }
)


class Prints(StrEnum):
    """Which fingerprints tell failures apart."""

    AS_THEY_ARE = "as they are"
    """With the place in the test's source: all commits run the same tests."""
    ANYWHERE = "anywhere"
    """Without: the tests are another commit's each time, and their lines move."""


class Kind(StrEnum):
    """What a commit does to the test."""

    WORKS = "works"
    FAILS = "fails"
    UNCLEAR = "cannot tell"


class Answer(Record, frozen=True, kw_only=True):
    """What one commit does to the test."""

    kind: Kind
    commit: str
    """The commit that was run."""
    words: str
    """The verdict, or why there is none; for people."""
    failure: tuple[str, ...] = ()
    """Fingerprints of what failed, sorted; `missing` for a test that only the control ran."""
    run: str = ""
    """The folder of the run; empty if none came about."""
    seen: tuple[str, ...] = ()
    """Each attempt that says something: the fingerprint of its failure, or nothing for a pass."""

    @property
    def racy(self) -> bool:
        """Whether one attempt passed and another one failed."""
        return "" in self.seen and any(self.seen)

    def like(self, other: Answer) -> bool:
        """Return whether two commits do the same; failures are alike if they share a print."""
        same = self.kind is other.kind and self.kind is not Kind.UNCLEAR
        return same and (self.kind is Kind.WORKS or bool({*self.failure} & {*other.failure}))

    def says(self, old: Answer, new: Answer) -> Says:
        """Return which end's answer this is, if it is one of both."""
        if self.like(old):
            return Says.OLD
        return Says.NEW if self.like(new) else Says.UNCLEAR


class Learnt(Record, frozen=True, kw_only=True):
    """The content of bisect.json."""

    schema: int
    question: dict[str, str]
    """What all answers are about, for people; its digest is part of the folder's name."""
    answers: dict[str, Answer] = msgspec.field(default_factory=dict)
    """By the commit that was run."""
    more: dict[str, tuple[str, ...]] = msgspec.field(default_factory=dict)
    """Attempts beside those of the answers, by the commit that was run."""


class Notebook:
    """The answers to one question, on disk after each of them."""

    def __init__(self, folder: Path, question: dict[str, str]) -> None:
        """Read what is known already. Raises UsageError for a file that is damaged."""
        self.folder = folder
        self._file = folder / FILE
        self._learnt = Learnt(schema=SCHEMA_VERSION, question=question)
        if self._file.exists():
            self._learnt = read_document(self._file, Learnt, version=SCHEMA_VERSION, again=_AGAIN)

    def get(self, commits: Iterable[str]) -> Answer | None:
        """Return what is known of the first of these commits of which anything is."""
        found = (self._learnt.answers.get(sha) for sha in commits)
        return next((one for one in found if one), None)

    def put(self, answer: Answer) -> None:
        """Keep an answer; a commit that cannot tell is asked again the next time.

        Of one whose attempts differ these are kept. Raises InfrastructureError if the disk refuses.
        """
        if answer.racy:
            self.see(answer)
        if answer.racy or answer.kind is Kind.UNCLEAR:
            return
        answers = {**self._learnt.answers, answer.commit: answer}
        self._learnt = msgspec.structs.replace(self._learnt, answers=answers)
        write_document(self._file, self._learnt)

    def see(self, answer: Answer) -> None:
        """Keep the attempts of a further run of a commit. Raises InfrastructureError."""
        if not answer.seen:
            return
        seen = (*self._learnt.more.get(answer.commit, ()), *answer.seen)
        more = {**self._learnt.more, answer.commit: seen}
        self._learnt = msgspec.structs.replace(self._learnt, more=more)
        write_document(self._file, self._learnt)

    def seen(self, commits: Iterable[str]) -> list[str]:
        """Return every attempt of these commits."""
        learnt = self._learnt
        answers = {sha: it.seen for sha, it in learnt.answers.items()}
        both = (from_.get(sha, ()) for sha in commits for from_ in (answers, learnt.more))
        return [one for seen in both for one in seen]

    @property
    def racy(self) -> bool:
        """Whether a commit did now this, now that."""
        known = {*self._learnt.answers, *self._learnt.more}
        return any("" in seen and any(seen) for seen in (self.seen([sha]) for sha in known))

    def number(self, prints: Collection[str]) -> int:
        """Count the attempts, of any commit, that failed in one of these ways."""
        return sum(one in prints for one in self.seen({*self._learnt.answers, *self._learnt.more}))


def answer_of(
    run: Run, test: str, commit: str, folder: Path, prints: Prints = Prints.AS_THEY_ARE
) -> Answer:
    """Return what a run of our comparison says of a test: a function, or a full name."""
    told = named(run, test)
    kind, decides = _kind(told)
    names = ", ".join(dict.fromkeys(one.verdict for one in decides))
    return Answer(
        kind=kind,
        commit=commit,
        words=names or "the test did not run",
        failure=tuple(sorted({_print(one, prints) for one in decides}))
        if kind is Kind.FAILS
        else (),
        run=str(folder),
        seen=tuple(_attempts(told, prints)),
    )


def named(run: Run, test: str) -> list[Judgement]:
    """Return what a run says of a test that is named by its function, or in full."""
    return [one for one in run.judgements if test in {one.name, parse(one.name).function}]


def function_of(test: str) -> str:
    """Return the test function of a test that is named as reports do, or by its function."""
    return parse(test).function or test.partition("/")[0]


def _kind(told: Sequence[Judgement]) -> tuple[Kind, Sequence[Judgement]]:
    if fails := [one for one in told if one.verdict in _FAILS]:
        return Kind.FAILS, fails
    works = [one for one in told if one.verdict.passes]
    rest = [one for one in told if not one.verdict.passes and one.verdict.ran]
    if works and not rest:
        return Kind.WORKS, works
    return Kind.UNCLEAR, rest or told


def _print(told: Judgement, prints: Prints) -> str:
    failed = next((one for one in told.candidate if one.outcome.failing), None)
    return print_of(failed, prints) if failed else _MISSING


def print_of(failed: Result, prints: Prints) -> str:
    """Return what tells a failure apart."""
    return (anywhere(failed.error) if prints is Prints.ANYWHERE else failed.fingerprint) or _MISSING


def _attempts(told: Sequence[Judgement], prints: Prints) -> Iterator[str]:
    """Yield what each attempt of the candidate did that says something of it.

    Of a function that makes several tests one that fails is enough. Nothing is said where the
    machine failed, the test did not run, or it never passes in the control.
    """
    if not all(any(it.outcome is Outcome.PASS for it in row.control) for row in told):
        return
    for results in zip_longest(*(row.candidate for row in told)):
        ran = [it for it in results if it]
        failed = [it for it in ran if it.outcome.failing]
        if any(it.reason and it.reason.spurious for it in failed):
            continue
        if failed:
            yield print_of(failed[0], prints)
        elif any(row.verdict is Verdict.LOST for row in told):
            yield _MISSING
        elif all(it.outcome is Outcome.PASS for it in ran):
            yield ""
