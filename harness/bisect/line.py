"""The commits between two ends, as git has them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from harness.errors import UsageError
from harness.repository.git import Git

_MARK = "commit "


@dataclass(frozen=True)
class Step:
    """One commit of a line, and what it changes against the one before it."""

    sha: str
    paths: tuple[str, ...]


class History:
    """What a search asks of a repository. Every method raises GitFailed."""

    def __init__(self, git: Git) -> None:
        """Take a repository."""
        self._git = git

    def line(self, old: str, new: str) -> list[Step]:
        """List the commits from `old`, left out, to `new` along first parents, oldest first."""
        words = ("--first-parent", "-m", "--no-renames", "--name-only", "--reverse")
        text = self._git.run("log", *words, f"--format={_MARK}%H", f"{old}..{new}", "--")
        found: list[tuple[str, list[str]]] = []
        for row in text.split("\n"):
            if row.startswith(_MARK):
                found.append((row.removeprefix(_MARK), []))
            elif row:
                found[-1][1].append(row)
        return [Step(sha, tuple(paths)) for sha, paths in found]

    def count(self, old: str, new: str) -> int:
        """Count the commits that `new` has in its history and `old` has not."""
        return int(self._git.run("rev-list", "--count", f"{old}..{new}"))

    def parents(self, sha: str) -> list[str]:
        """Return the parents of a commit, the first one first."""
        return self._git.run("rev-list", "--parents", "-1", sha).split()[1:]

    def is_ancestor(self, older: str, newer: str) -> bool:
        """Return whether `older` is `newer` or an ancestor of it."""
        return self._git.is_ancestor(older, newer)

    def merge_base(self, one: str, other: str) -> str | None:
        """Return the best common ancestor of two commits, if there is one."""
        return self._git.merge_base(one, other)

    def files(self, sha: str) -> Mapping[str, str]:
        """Return every path of a commit's tree with what git knows its content by."""
        rows = self._git.run("ls-tree", "-r", "--full-tree", sha).split("\n")
        return {path: entry for entry, _, path in (row.partition("\t") for row in rows)}

    def folders(self, shas: Iterable[str]) -> set[str]:
        """Return every folder in the trees of these commits, the root as `.`."""
        words = ("ls-tree", "-r", "-d", "--full-tree", "--name-only")
        listings = (self._git.run(*words, sha) for sha in shas)
        return {".", *(folder for listing in listings for folder in listing.split("\n") if folder)}

    def text(self, sha: str, path: str) -> str:
        """Return the content of a file; empty if there is none."""
        return self._git.read(sha, path) or ""

    def look_ahead(self, shas: Iterable[str], paths: Iterable[str]) -> None:
        """Ask at once for the files that `text` will be asked for."""
        self._git.look_ahead(shas, (), paths)


def check_path(history: History, old: str, new: str) -> None:
    """Check that one commit has the other in its history. Raises UsageError with what to do."""
    if old == new:
        raise UsageError(
            f"both ends are {old[:12]}: nothing lies between them",
            hint="--good names the older end, --bad the newer one, where the test does otherwise",
        )
    if history.is_ancestor(old, new):
        return
    if history.is_ancestor(new, old):
        raise UsageError(
            f"--good {old[:12]} is newer than --bad {new[:12]}",
            hint="--good takes the older end and --bad the newer one: what mended a test is found "
            "as well as what broke it",
        )
    base = history.merge_base(old, new)
    raise UsageError(
        f"no path leads from {old[:12]} to {new[:12]}: neither has the other in its history",
        hint=f"their histories part at {base}: --good {base[:12]}"
        if base
        else "they share no history: give ends from one repository",
    )
