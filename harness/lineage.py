"""Which release line a commit belongs to, by ancestry.

Release tags of BuildKit sit on release branches, so the nearest tag in a commit's history lies
about its line: the history of master never meets v0.12.5. Branch points tell. The trunk commit
where a release branch leaves is the newest that all its releases hold, so a commit belongs to
the first line whose branch point holds the commit's own last trunk ancestor, and to the trunk's
own line if none does.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from harness.config.lines import MASTER, Line, Lines
from harness.errors import UsageError
from harness.model import Commit, Record
from harness.refs import Meant, Repository, releases
from harness.store import Store, key_of

TESTS = "frontend/dockerfile"
"""Folder that makes a repository a BuildKit: the frontend and the suite's tests."""

_FILE = "place.json"


class Place(Record, frozen=True, kw_only=True):
    """What ancestry says of a commit; found again while the repository's refs stay as they are."""

    line: str
    version: str
    dockerfile: str
    date: str


def locate(store: Store, repository: Repository, lines: Lines, meant: Meant) -> Commit:
    """Describe a commit: its line, its nearest releases, its date.

    Raises UsageError if the repository is no BuildKit or shares no history with its trunk.
    """
    key = key_of(
        {
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


def _place(repository: Repository, lines: Lines, meant: Meant) -> Place:
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
    graph = repository.graph
    trunk = repository.named(MASTER)
    if trunk is None:
        raise UsageError(f"{repository.git.path} has no branch {MASTER}", hint="fetch its branches")
    root = graph.merge_base(sha, trunk)
    if root is None:
        raise UsageError(f"{sha} shares no history with {MASTER}")
    tags = repository.tags()
    released = [
        (line, tags[found[-1]])
        for line in lines.lines
        if (found := releases(tags, f"v{line.version}."))
    ]
    low, high = 0, len(released)
    while low < high:
        middle = (low + high) // 2
        branch_point = graph.merge_base(released[middle][1], trunk)
        if branch_point is not None and graph.is_ancestor(root, branch_point):
            high = middle
        else:
            low = middle + 1
    return released[low][0] if low < len(released) else lines.lines[-1]


def _nearest(repository: Repository, sha: str, prefix: str) -> str:
    """Give the newest release of a line within a commit's history, or the line's .0."""
    tags = repository.tags()
    found = releases(tags, prefix)
    exact = [tag for tag in found if tags[tag] == sha]
    held = exact or [tag for tag in found if repository.graph.is_ancestor(tags[tag], sha)]
    return (held[-1] if held else f"{prefix}0").removeprefix("dockerfile/").removeprefix("v")
