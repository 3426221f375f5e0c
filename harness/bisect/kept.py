"""Culprits that earlier searches found: a cause that lasts is not searched for every night."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

from harness.bisect.blamed import is_known
from harness.bisect.causes import Cause
from harness.gotest.fingerprint import normalise
from harness.history import History
from harness.model.culprits import Blame, KeptBlame
from harness.store import key_of


@dataclass(frozen=True)
class Sought:
    """A cause, and between which commits who broke it is sought."""

    cause: Cause
    question: Mapping[str, str]
    """What all answers are about: test, daemon, whose tests, patches, version of the harness."""
    old: str
    """The older end: a commit that the test works with."""
    new: str
    """The newer end: one that it fails with."""

    @property
    def digest(self) -> str:
        """What stays the same from night to night: all but the newer end, which moves on."""
        told = {"verdict": self.cause.verdict, "line": normalise(self.cause.line), "old": self.old}
        return key_of({"question": dict(self.question), **told})


@dataclass(frozen=True)
class KeptCulprits:
    """The culprits that a history keeps."""

    file: Path
    """Of the history; it need not be there yet."""
    is_ancestor: Callable[[str, str], bool]
    """Whether the first of two commits is the second, or lies in its history."""

    def find(self, sought: Sought) -> KeptBlame | None:
        """Return what an earlier search found; None if that may not hold any more.

        It holds between the same ends. Where the newer end has moved on, it holds if the test has
        failed in every run since, as far as the history knows: then nobody mended it meanwhile.
        Raises HistoryError.
        """
        if not self.file.exists():
            return None
        with History.open(self.file) as history:
            kept = history.culprit(sought.digest)
            if kept is None or kept.new == sought.new:
                return kept
            cell = next(iter(sought.cause.tests))
            story = history.story(cell, sought.cause.tried)
        failing = story.since.failing if story and story.since else None
        lasts = failing is not None and failing.started <= kept.searched
        return kept if lasts and self.is_ancestor(kept.new, sought.new) else None

    def keep(self, sought: Sought, blame: Blame, run: str, searched: str) -> None:
        """Keep what a search for a run found at a time, if it is one commit and likely enough.

        Raises HistoryError.
        """
        if is_known(blame):
            kept = KeptBlame(new=sought.new, run=run, searched=searched, blame=blame)
            with History.open(self.file, create=True) as history:
                history.keep_culprit(sought.digest, kept)


def taken(whole: Blame, kept: KeptBlame) -> Blame:
    """Return a cause of this run with the commit that an earlier search found."""
    found = kept.blame
    return replace(whole, suspects=found.suspects, probability=found.probability, searched=kept.run)
