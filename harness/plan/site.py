"""What planning asks of a repository, its data files and a backend: the answers of a workspace."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from harness.backends.base import Backend, Found
from harness.config.lines import Lines
from harness.model import Channel, Commit, Side
from harness.plan.foreign import here
from harness.plan.workspace import Workspace
from harness.repository.refs import Repository, ResolvedRef


@dataclass(frozen=True)
class WorkspaceSite:
    """Answers planning's questions."""

    workspace: Workspace
    made_for: Backend
    stage: str | None
    offline: bool

    @property
    def repository(self) -> Repository:
        """Return the repository."""
        return self.workspace.repository

    @property
    def lines(self) -> Lines:
        """Return the release lines."""
        return self.workspace.lines

    @property
    def backend(self) -> str:
        """Return the backend's name."""
        return self.made_for.name

    @property
    def platform(self) -> str:
        """Return what this machine is."""
        return here()

    def resolve(self, asked: str, side: Side, platform: str = "") -> ResolvedRef:
        """Find what a name means; an image is that for a platform. Raises UsageError."""
        return self.workspace.resolve(asked, side, platform)

    def look_ahead(self, shas: Collection[str]) -> None:
        """Prefetch what git says of these commits."""
        self.workspace.look_ahead(shas)

    def commit(self, meant: ResolvedRef) -> Commit:
        """Describe a commit. Raises UsageError."""
        return self.workspace.commit(meant)

    def check(self, suite: Commit, worker: str, tests: Commit | None = None) -> None:
        """Check that tests can drive a daemon. Raises UsageError."""
        self.workspace.check(suite, worker, tests)

    def channel(self, commit: Commit, wanted: Channel | None) -> Channel:
        """Choose a commit's frontend channel. Raises UsageError."""
        return self.workspace.channel(commit, wanted)

    def contains(self, newer: str, older: str) -> bool:
        """Return whether a commit has another in its history."""
        return self.workspace.contains(newer, older)

    def find(self, side: Side, commit: Commit, channel: Channel) -> Found:
        """Return what building one side of a commit would make."""
        # A suite is built for the channel that its commit has, as Workspace.cell does.
        request = self.workspace.request(side, commit, channel, self.stage, self.made_for)
        return self.made_for.find(side, request)
