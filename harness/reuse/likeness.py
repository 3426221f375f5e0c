"""Whether two commits are built to the same thing, told without building the second one.

Of what was built it is known which packages Go compiled. If no file of theirs differs in another
commit, then they import the same, so that the other commit is compiled from the same packages, and
whatever else changed in its tree is no part of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from threading import Lock

from harness.backends.base import BuildRequest, Place
from harness.backends.native import Native
from harness.backends.native.build import Package
from harness.bisect.content import Content
from harness.bisect.line import History
from harness.bisect.matter import Matter
from harness.errors import InfrastructureError, UsageError
from harness.model import Record, Side
from harness.model.matrix import PlannedBuild
from harness.plan.opening import Opened
from harness.repository.git import GitFailed
from harness.repository.refs import ResolvedRef

Packages = Callable[[Side, BuildRequest], tuple[Package, ...]]
"""Returns what Go compiles one side of a commit from; nothing if it cannot say."""


def asked_of_go(opened: Opened, say: Callable[[str], None]) -> Packages:
    """Return what asks Go; `say` hears why it cannot be asked."""
    workspace = opened.workspace
    go = Native(Place(workspace.store, workspace.repository.git, workspace.lines))

    def packages(side: Side, request: BuildRequest) -> tuple[Package, ...]:
        try:
            return go.packages(side, request)
        except (InfrastructureError, UsageError) as error:
            say(f"{request.commit.ref} is known again by its commit alone: {error}")
            return ()

    return packages


class Made(Record, frozen=True, kw_only=True):
    """What is kept of a build."""

    side: Side
    sha: str
    key: str
    """The artefact's key in the store."""
    packages: tuple[Package, ...] = ()
    """What Go compiled; empty if it could not say."""


@dataclass
class Likeness:
    """Compares builds of one plan with those of earlier ones. For several threads."""

    opened: Opened
    packages: Packages
    _asked: dict[str, Made] = field(default_factory=dict)
    _alike: dict[tuple[str, str], bool] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)

    def made(self, build: PlannedBuild, request: BuildRequest) -> Made:
        """Return what is to be kept of a build; Go is asked once for each."""
        with self._lock:
            if build.key not in self._asked:
                self._asked[build.key] = Made(
                    side=build.side,
                    sha=build.commit.sha,
                    key=build.key,
                    packages=() if request.commit.image else self.packages(build.side, request),
                )
            return self._asked[build.key]

    def alike(self, stored: Made, build: PlannedBuild, request: BuildRequest) -> bool:
        """Return whether building this would give what is stored."""
        if stored.key == build.key:
            return True
        if stored.side is not build.side or not stored.packages or request.commit.image:
            return False
        asked = (stored.key, build.key)
        if asked not in self._alike:
            self._alike[asked] = self._same(stored, request)
        return self._alike[asked]

    def _same(self, stored: Made, request: BuildRequest) -> bool:
        opened, history = self.opened, History(self.opened.workspace.repository.git)
        try:
            commit = opened.workspace.commit(ResolvedRef(stored.sha, stored.sha, stored.sha))
            then = opened.workspace.request(
                stored.side, commit, request.channel, opened.stage, opened.backend
            )
            # Today's tools, line data and patches would make of it what was made of it then,
            # and they are those of the other commit.
            if opened.backend.find(stored.side, then).key != stored.key:
                return False
            if then != replace(request, commit=commit):
                return False
            there = history.folders((stored.sha, request.commit.sha))
            matter = Matter.of(stored.side, stored.packages, there)
            content = Content(history, matter, lambda _sha: ())
            return content.key(stored.sha) == content.key(request.commit.sha)
        except (GitFailed, UsageError):
            return False  # the repository has it no more, or no line for it
