"""Searches for a commit in histories that are made up, and what was run for them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.bisect.answers import Answer, Kind, Notebook
from harness.bisect.content import Content
from harness.bisect.found import Found
from harness.bisect.hunt import CONFIDENCE, Hunt
from harness.bisect.matter import Matter
from harness.model import Side
from tests.support.simulated_history import Simulated

Does = Callable[[str], Answer]


def works(sha: str) -> Answer:
    return Answer(kind=Kind.WORKS, commit=sha, words="compatible", seen=("",))


def fails(sha: str, print_: str = "f1") -> Answer:
    return Answer(kind=Kind.FAILS, commit=sha, words="regressed", failure=(print_,), seen=(print_,))


def silent(sha: str) -> Answer:
    return Answer(kind=Kind.UNCLEAR, commit=sha, words="does not build")


@dataclass
class Bench:
    """A hunt in a made-up history, and what was run for it."""

    history: Simulated
    folder: Path
    does: Does
    """Says what a commit does when it is run."""
    ran: list[str] = field(default_factory=list)
    ends: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    samples: list[str] = field(default_factory=list)
    """What was run once more."""
    built: set[str] = field(default_factory=set)
    """What costs no build."""

    def test(self, commits: Sequence[str], end: bool) -> Answer:  # noqa: FBT001 - Hunt's
        self.ran.append(commits[0])
        if end:
            self.ends.append(commits[0])
        return self.does(commits[0])

    def sample(self, commits: Sequence[str]) -> Answer:
        self.samples.append(commits[0])
        return self.does(commits[0])

    def hunt(
        self,
        old: str,
        new: str,
        *,
        trusted: bool = False,
        races: bool = False,
        confidence: float = CONFIDENCE,
    ) -> Found:
        self.folder.mkdir(exist_ok=True)
        content = Content(self.history, Matter(Side.FRONTEND), lambda _sha: ())
        notebook = Notebook(self.folder, {"test": "TestCopy"})
        hunt = Hunt(
            history=self.history,
            content=content,
            notebook=notebook,
            test=self.test,
            sample=self.sample,
            built=lambda commits: bool(self.built & {*commits}),
            say=self.said.append,
            trusted=trusted,
            races=races,
            confidence=confidence,
        )
        return hunt.hunt(old, new)


def has(history: Simulated, culprit: str) -> Does:
    """Return what breaks with a commit, and in all that have it."""
    return lambda sha: fails(sha) if history.is_ancestor(culprit, sha) else works(sha)


def row(history: Simulated, length: int, start: str = "") -> list[str]:
    """Add commits in a row, each of which changes a file."""
    made = [start or history.add(a_a="0")]
    for number in range(length):
        made.append(history.add(made[-1], a_a=f"{made[0]} {number}"))
    return made


Benches = Callable[[Does], Bench]
