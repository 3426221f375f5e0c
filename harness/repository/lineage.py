"""Which release line a commit belongs to, by ancestry.

Release tags of BuildKit sit on release branches, so the nearest tag in a commit's history lies
about its line: the history of master never meets v0.12.5. Branch points tell. The trunk commit
where a release branch leaves is the newest that all its releases hold, so a commit belongs to
the first line whose branch point holds the commit's own last trunk ancestor, and to the trunk's
own line if none does.
"""

from __future__ import annotations

import re
import shlex
from functools import cached_property
from pathlib import Path

import msgspec

from harness.config.lines import MASTER, Line, Lines
from harness.errors import UsageError
from harness.model import Commit, Record
from harness.repository.clones import DEFAULT_REPOSITORY
from harness.repository.refs import Repository, ResolvedRef, releases
from harness.store import Store, key_of

TESTS = "frontend/dockerfile"
"""Folder that makes a repository a BuildKit: the frontend and the suite's tests."""


_FILE = "place.json"

_RULE = 2
"""Of the answers; a changed rule must not find those of another."""

_NAMED = 3


class Place(Record, frozen=True, kw_only=True):
    """What ancestry says of a commit; found again while the repository's refs stay as they are."""

    line: str
    version: str
    dockerfile: str
    date: str


def locate(store: Store, repository: Repository, lines: Lines, meant: ResolvedRef) -> Commit:
    """Describe a commit: its line, its nearest releases, its date.

    Raises UsageError if the repository is no BuildKit or shares no history with its trunk.
    """
    key = key_of(
        {
            "rule": _RULE,
            "commit": meant.sha,
            "refs": dict(repository.refs),
            "lines": [[line.name, line.version, line.dockerfile] for line in lines.lines],
        }
    )

    def make(folder: Path) -> None:
        place = Lineage(repository, lines).place(meant)
        (folder / _FILE).write_bytes(msgspec.json.encode(place))

    folder = store.publish("place", key, make).path
    place = msgspec.json.decode((folder / _FILE).read_bytes(), type=Place)
    return _commit(meant, place)


class StrangerError(UsageError):
    """A commit that shares no history with the trunk."""


class Lineage:
    """The release lines of one repository; what is asked of many commits is found out once."""

    def __init__(self, repository: Repository, lines: Lines) -> None:
        """Take a repository and the lines that data files know."""
        self._repository = repository
        self._lines = lines
        self._branch_points: dict[str, str | None] = {}
        self._releases: dict[str, list[str]] = {}

    def describe(self, meant: ResolvedRef) -> Commit:
        """Describe a commit of BuildKit as `locate` does, without a store. Raises UsageError."""
        return _commit(meant, self._place(meant))

    def place(self, meant: ResolvedRef) -> Place:
        """Return what ancestry says of a commit. Raises UsageError."""
        git = self._repository.git
        if not git.has(meant.sha, TESTS):
            raise UsageError(
                f"{meant.ref} in {git.path} has no {TESTS}: this is not a commit of BuildKit",
                hint="give --repo a clone of moby/buildkit",
            )
        return self._place(meant)

    def _place(self, meant: ResolvedRef) -> Place:
        line = self.line(meant.sha)
        return Place(
            line=line.name,
            date=self._repository.graph.date(meant.sha),
            version=self._nearest(meant.sha, f"v{line.version}."),
            dockerfile=self._nearest(meant.sha, f"dockerfile/{line.dockerfile}."),
        )

    def line(self, sha: str) -> Line:
        """Find the line whose data builds this commit; bisects over the branch points."""
        repository, lines = self._repository, self._lines
        graph = repository.graph
        root = graph.merge_base(sha, self._trunk)
        if root is None:
            raise StrangerError(f"{sha} shares no history with {MASTER}")
        released = self._released
        if not released:
            raise UsageError(
                f"{repository.git.path} has no release tags, such as {lines.lines[-2].name}.0, so "
                "no commit's line can be told",
                hint=_fetch_tags(repository),
            )
        low, high = 0, len(released)
        while low < high:
            middle = (low + high) // 2
            branch_point = self._branch_point(released[middle])
            if branch_point is not None and graph.is_ancestor(root, branch_point):
                high = middle
            else:
                low = middle + 1
        line = released[low] if low < len(released) else lines.lines[-1]
        before = released[low - 1] if low else None
        _check_between(repository, lines, before, line, sha)
        return line

    @cached_property
    def _trunk(self) -> str:
        return _trunk(self._repository)

    @cached_property
    def _released(self) -> list[Line]:
        return [line for line in self._lines.lines if self._of(f"v{line.version}.")]

    def _branch_point(self, line: Line) -> str | None:
        """Return the newest commit of the trunk that all releases of a line hold."""
        if line.name not in self._branch_points:
            newest = self._tags[self._of(f"v{line.version}.")[-1]]
            found = self._repository.graph.merge_base(newest, self._trunk)
            self._branch_points[line.name] = found
        return self._branch_points[line.name]

    def _nearest(self, sha: str, prefix: str) -> str:
        """Return the newest release of a line within a commit's history, or the line's .0."""
        tags, graph = self._tags, self._repository.graph
        found = self._of(prefix)
        exact = [tag for tag in found if tags[tag] == sha]
        held = exact or [tag for tag in found if graph.is_ancestor(tags[tag], sha)]
        return (held[-1] if held else f"{prefix}0").removeprefix("dockerfile/").removeprefix("v")

    @cached_property
    def _tags(self) -> dict[str, str]:
        return self._repository.tags()

    def _of(self, prefix: str) -> list[str]:
        """Return the releases whose tags begin so, oldest first."""
        if prefix not in self._releases:
            self._releases[prefix] = releases(self._tags, prefix)
        return self._releases[prefix]


def _commit(meant: ResolvedRef, place: Place) -> Commit:
    return Commit(
        asked=meant.asked,
        ref=meant.ref,
        sha=meant.sha,
        date=place.date,
        line=place.line,
        version=place.version,
        dockerfile=place.dockerfile,
        image=meant.image,
    )


def _check_between(
    repository: Repository, lines: Lines, before: Line | None, found: Line, sha: str
) -> None:
    """Check that no line lies between two branch points of which this repository has no release.

    The commit comes after `before` left the trunk and not after `found` did: it may as well be
    of a line between them. Raises UsageError.
    """
    names = [line.name for line in lines.lines]
    start = names.index(before.name) + 1 if before else 0
    lacking = names[start : names.index(found.name)]
    if lacking:
        more = f" to {lacking[-1]}" if len(lacking) > 1 else ""
        raise UsageError(
            f"the line of {sha[:12]} ({repository.graph.date(sha)}) cannot be told: "
            f"{repository.git.path} has no release tag of {lacking[0]}{more}, so it may be of "
            f"{lacking[0]} as well as of {found.name}",
            hint=_fetch_tags(repository),
        )


def _fetch_tags(repository: Repository) -> str:
    return f"git -C {shlex.quote(str(repository.git.path))} fetch --tags {DEFAULT_REPOSITORY}"


def _trunk(repository: Repository) -> str:
    """Return the tip of the trunk: of all branches of that name, the one with most commits.

    A branch of one's own, or of a fork, may have been left behind. Raises UsageError.
    """
    names = [
        name
        for name in repository.refs
        if name == f"refs/heads/{MASTER}" or re.fullmatch(rf"refs/remotes/[^/]+/{MASTER}", name)
    ]
    if not names:
        where = shlex.quote(str(repository.git.path))
        refspec = f"+refs/heads/{MASTER}:refs/remotes/origin/{MASTER}"
        raise UsageError(
            f"{repository.git.path} has no branch {MASTER}",
            hint=f"git -C {where} fetch --tags {DEFAULT_REPOSITORY} {refspec}",
        )
    tips = sorted({repository.refs[name] for name in names})
    return tips[0] if len(tips) == 1 else max(tips, key=repository.graph.size)
