"""What is run against what, from what, and where."""

from __future__ import annotations

from harness.model.words import Bytes, Channel, Count, Leg, Record, Release, Sha, Side, Vary


class Commit(Record, frozen=True, kw_only=True):
    """A resolved ref: what was asked for and what it means in the repository."""

    asked: str
    ref: str
    """Full name of the tag or branch that was meant, or the commit itself."""
    sha: Sha
    """40 hex digits."""
    date: str
    """Committer date, YYYY-MM-DD, UTC."""
    line: str
    """Name of the release line whose data applies, for example `v0.6`."""
    version: Release
    """Nearest release as MAJOR.MINOR.PATCH; a commit on its way to a line counts as its .0."""
    dockerfile: Release
    """Nearest release of the Dockerfile frontend, in the same form."""

    @property
    def short(self) -> str:
        """First seven digits, as people write commits."""
        return self.sha[:7]

    def __str__(self) -> str:
        """`v0.6 → v0.6.4 (ebcef1f, 2020-02-21)`."""
        meant = f"{self.ref} ({self.short}, {self.date})"
        return meant if self.asked == self.ref else f"{self.asked} → {meant}"


class Pair(Record, frozen=True, kw_only=True):
    """A suite and the frontend under test, on one worker of one backend."""

    suite: Commit
    frontend: Commit
    suite_channel: Channel
    frontend_channel: Channel
    worker: str
    backend: str
    vary: Vary = Vary.FRONTEND
    """What differs between control and candidate."""


class PatchRef(Record, frozen=True, kw_only=True):
    """A patch that was applied to a tree before it was built."""

    side: Side
    leg: Leg | None
    """None for the suite's tree; otherwise whose frontend it was applied to."""
    path: str
    """Below the patches folder."""
    sha256: str
    reason: str


class Host(Record, frozen=True, kw_only=True):
    """The machine, as far as results depend on it."""

    kernel: str
    cpus: Count
    memory: Bytes
    """Bytes."""
    tools: dict[str, str]
    """Version line of each program the run relied on."""
