"""What broke the tests of a run: the content of culprits.json, which lies beside matrix.json."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

from harness.model.words import Record, Sha, Share, Verdict

CULPRITS_VERSION = 1
"""Version of culprits.json."""

Words = Annotated[str, Meta(max_length=4_000)]
"""What is bounded because anybody may have written it."""


class Suspect(Record, frozen=True, kw_only=True):
    """A commit at which the verdict turned, or one of those between which nobody can tell."""

    sha: Sha
    subject: Words
    author: Words
    day: Annotated[str, Meta(max_length=40)]
    link: Words = ""
    """Of the pull request; empty if no subject names one."""


class Blame(Record, frozen=True, kw_only=True):
    """One cause: what fails alike on one daemon, and the commits that did it."""

    verdict: Verdict
    cause: Words
    """The line that says most of the failure; empty for tests that were lost."""
    daemon: Words
    frontend: Words
    """The pair that was looked into, by the names of its commits."""
    tests: dict[str, tuple[str, ...]]
    """All that fail so, by the ids of cells; full names."""
    tried: Words
    """The one that was tried on behalf of all."""
    suspects: Annotated[tuple[Suspect, ...], Meta(max_length=10_000)] = ()
    """One if the commit is found, oldest first; none if nothing could be told."""
    probability: Share | None = None
    """Of that, where the test fails now and then; None where no commit's attempts differed."""
    words: Words = ""
    """Why no commit could be told."""
    good: Words = ""
    """Folder of the last run that did as before; empty if none was run."""
    bad: Words = ""
    """Folder of the first run that fails."""
    searched: Words = ""
    """Id of the earlier run whose search found it; empty for this run's own search."""


class KeptBlame(Record, frozen=True, kw_only=True):
    """What a search found, as the history keeps it for later runs with the same cause."""

    new: Sha
    """The newer end of the search."""
    run: str
    """Id of the run that it was for."""
    searched: str
    """When: UTC, ISO 8601."""
    blame: Blame


class Culprits(Record, frozen=True, kw_only=True):
    """The content of culprits.json."""

    schema: int
    run: str
    """Id of the run that it is about."""
    blames: tuple[Blame, ...]
    """The cause with most tests first."""
