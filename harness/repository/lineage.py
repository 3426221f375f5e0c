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
        place = _place(repository, lines, meant)
        (folder / _FILE).write_bytes(msgspec.json.encode(place))

    folder = store.publish("place", key, make).path
    place = msgspec.json.decode((folder / _FILE).read_bytes(), type=Place)
    return Commit(
        asked=meant.asked,
        ref=meant.ref,
        sha=meant.sha,
        date=place.date,
        line=place.line,
        version=place.version,
        dockerfile=place.dockerfile,
    )


def _place(repository: Repository, lines: Lines, meant: ResolvedRef) -> Place:
    git = repository.git
    if not git.has(meant.sha, TESTS):
        raise UsageError(
            f"{meant.ref} in {git.path} has no {TESTS}: this is not a commit of BuildKit",
            hint="give --repo a clone of moby/buildkit",
        )
    line = line_of(repository, lines, meant.sha)
    return Place(
        line=line.name,
        date=repository.graph.date(meant.sha),
        version=_nearest(repository, meant.sha, f"v{line.version}."),
        dockerfile=_nearest(repository, meant.sha, f"dockerfile/{line.dockerfile}."),
    )


def line_of(repository: Repository, lines: Lines, sha: str) -> Line:
    """Find the line whose data builds this commit; bisects over the branch points."""
    graph, trunk = repository.graph, _trunk(repository)
    tags = repository.tags()
    newest = {
        line.name: tags[found[-1]]
        for line in lines.lines
        if (found := releases(tags, f"v{line.version}."))
    }
    root = graph.merge_base(sha, trunk)
    if root is None:
        raise UsageError(f"{sha} shares no history with {MASTER}")
    if not newest:
        raise UsageError(
            f"{repository.git.path} has no release tags, such as {lines.lines[-2].name}.0, so no "
            "commit's line can be told",
            hint=_fetch_tags(repository),
        )
    released = [line for line in lines.lines if line.name in newest]
    low, high = 0, len(released)
    while low < high:
        middle = (low + high) // 2
        branch_point = graph.merge_base(newest[released[middle].name], trunk)
        if branch_point is not None and graph.is_ancestor(root, branch_point):
            high = middle
        else:
            low = middle + 1
    line = released[low] if low < len(released) else lines.lines[-1]
    before = released[low - 1] if low else None
    _check_between(repository, lines, before, line, sha)
    return line


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


def _nearest(repository: Repository, sha: str, prefix: str) -> str:
    """Return the newest release of a line within a commit's history, or the line's .0."""
    tags = repository.tags()
    found = releases(tags, prefix)
    exact = [tag for tag in found if tags[tag] == sha]
    held = exact or [tag for tag in found if repository.graph.is_ancestor(tags[tag], sha)]
    return (held[-1] if held else f"{prefix}0").removeprefix("dockerfile/").removeprefix("v")
