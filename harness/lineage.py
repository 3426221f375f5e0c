"""Which release line a commit belongs to, by ancestry.

Release tags of BuildKit sit on release branches, so the nearest tag in a commit's history lies
about its line: the history of master never meets v0.12.5. Branch points tell. The trunk commit
where a release branch leaves is the newest that all its releases hold, so a commit belongs to
the first line whose branch point holds the commit's own last trunk ancestor, and to the trunk's
own line if none does.
"""

from __future__ import annotations

from harness.config.lines import MASTER, Line, Lines
from harness.errors import UsageError
from harness.model import Commit
from harness.refs import Meant, Repository, releases

TESTS = "frontend/dockerfile"
"""Folder that makes a repository a BuildKit: the frontend and the suite's tests."""


def locate(repository: Repository, lines: Lines, meant: Meant) -> Commit:
    """Describe a commit: its line, its nearest releases, its date.

    Raises UsageError if the repository is no BuildKit or shares no history with its trunk.
    """
    git = repository.git
    if not git.has(meant.sha, TESTS):
        raise UsageError(
            f"{meant.ref} in {git.path} has no {TESTS}: this is not a commit of BuildKit",
            hint="give --repo a clone of moby/buildkit",
        )
    line = line_of(repository, lines, meant.sha)
    return Commit(
        asked=meant.asked,
        ref=meant.ref,
        sha=meant.sha,
        date=git.date(meant.sha),
        line=line.name,
        version=_nearest(repository, meant.sha, f"v{line.version}."),
        dockerfile=_nearest(repository, meant.sha, f"dockerfile/{line.dockerfile}."),
    )


def line_of(repository: Repository, lines: Lines, sha: str) -> Line:
    """Find the line whose data builds this commit; bisects over the branch points."""
    git = repository.git
    trunk = repository.named(MASTER)
    if trunk is None:
        raise UsageError(f"{git.path} has no branch {MASTER}", hint="fetch its branches")
    root = git.merge_base(sha, trunk)
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
        branch_point = git.merge_base(released[middle][1], trunk)
        if branch_point is not None and git.is_ancestor(root, branch_point):
            high = middle
        else:
            low = middle + 1
    return released[low][0] if low < len(released) else lines.lines[-1]


def _nearest(repository: Repository, sha: str, prefix: str) -> str:
    """Give the newest release of a line within a commit's history, or the line's .0."""
    tags = repository.tags()
    found = releases(tags, prefix)
    exact = [tag for tag in found if tags[tag] == sha]
    held = exact or [tag for tag in found if repository.git.is_ancestor(tags[tag], sha)]
    return (held[-1] if held else f"{prefix}0").removeprefix("dockerfile/").removeprefix("v")
