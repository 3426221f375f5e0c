"""What a search finds, and what ends one that finds nothing."""

from __future__ import annotations

from enum import StrEnum

from harness.bisect.answers import Answer
from harness.errors import CompatError, ExitCode
from harness.model import Record, Share, Tally


class Turned(StrEnum):
    """What a commit did to the test."""

    BROKE = "broke"
    MENDED = "mended"
    CHANGED = "changed the failure of"


class Weighed(Record, frozen=True, kw_only=True):
    """How likely a finding is, where the test fails now and then."""

    probability: Share
    """That the suspect, or one of several, turned the rate of failures."""
    confidence: Share
    """What was asked for."""
    before: Tally
    """Attempts of all commits before it."""
    after: Tally
    """Attempts of it, and of all behind it."""


class Found(Record, frozen=True, kw_only=True):
    """Where the answer turns."""

    turned: Turned
    suspects: tuple[str, ...]
    """One commit, or several between which nobody can tell, oldest first."""
    merge: str
    """The merge on the line of first parents that brought it in; empty without one."""
    old: Answer
    """Of the last run that did as the old end."""
    new: Answer
    """Of the first one that did as the new end."""
    commits: int
    """All commits of the range."""
    line: int
    """Those on its line of first parents."""
    candidates: int
    """What is left of that line where neighbours that are built from the same are one."""
    runs: int
    """Commits that were run for it, or found run, this time."""
    known: int
    """Answers that were there already."""
    unclear: tuple[Answer, ...] = ()
    notes: tuple[str, ...] = ()
    weighed: Weighed | None = None
    """None where every commit that was tried did the same each time."""

    @property
    def exit_code(self) -> ExitCode:
        """0 if one commit is found, likely enough; else 3."""
        likely = self.weighed is None or self.weighed.probability >= self.weighed.confidence
        found = len(self.suspects) == 1 and likely
        return ExitCode.COMPATIBLE if found else ExitCode.INDETERMINATE


class CannotTellError(CompatError):
    """The ends, or the commits between them, do not let the commit be found."""

    exit_code = ExitCode.INDETERMINATE
