"""Tells people of commits: whose they are, what they say, and what lies between two of them.

GitPython gives commits as objects. It is imported here alone, by what talks of commits, for it
takes a third of a second; names and ancestry are `refs`'s and `graph`'s. While a
repository is open, this program's environment is that of all our git (tools/inherited.py).
"""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Self

from harness.model import Record
from harness.repository.git import GitFailed
from harness.tools.inherited import GIT, inherited
from harness.tools.process import find

if TYPE_CHECKING:
    from git import Commit, Repo

LISTED = 10
"""Commits of a range that are told one by one, and folders of which files are counted."""

_PATIENCE = 120.0
"""Seconds for one question to git."""

_PULL = re.compile(r"^Merge pull request #([0-9]{1,9})\b|\(#([0-9]{1,9})\)$")


class CommitLine(Record, frozen=True, kw_only=True):
    """One commit in a line."""

    sha: str
    day: str
    """Of its author, YYYY-MM-DD, in the author's own time zone."""
    author: str
    """The name alone."""
    subject: str
    pull: int | None
    """The pull request that the subject names."""


class Range(Record, frozen=True, kw_only=True):
    """What lies between two commits."""

    before: CommitLine
    after: CommitLine
    ahead: int
    """Commits of `after` that are none of `before`'s, on the line of first parents."""
    behind: int
    """Commits of `before` that are none of `after`'s, counted alike: over 0 if it went back."""
    newest: tuple[CommitLine, ...]
    """The newest of the former, the newest first, LISTED at most."""
    files: int
    """Files that differ between the two trees."""
    folders: dict[str, int]
    """How many of them lie in each folder at the top, the most first, LISTED at most."""


class Story(Record, frozen=True, kw_only=True):
    """One commit and what it changed."""

    commit: CommitLine
    files: tuple[str, ...]
    """Paths that differ from its first parent's tree."""


class Stories:
    """Reads commits of one repository."""

    def __init__(self, path: Path, repo: Repo) -> None:
        """Take the folder of a repository and what GitPython made of it; see `open`."""
        self._path = path
        self._repo = repo

    @classmethod
    @contextmanager
    def open(cls, path: Path) -> Iterator[Self]:
        """Open a repository, bare or not; at the end, every git that was started ends.

        Raises GitFailed if there is none, MissingToolError without git.
        """
        with _environment(inherited(GIT, GIT_PYTHON_GIT_EXECUTABLE=str(find("git")))):
            from git import (  # noqa: PLC0415 - see the module's text
                InvalidGitRepositoryError,
                NoSuchPathError,
                Repo,
            )

            try:
                repo = Repo(path)
            except (InvalidGitRepositoryError, NoSuchPathError) as error:
                raise GitFailed(f"{path} is no repository of git") from error
            with repo:
                # Where git looks by itself depends on what the repository says of being bare.
                repo.git.update_environment(GIT_DIR=str(repo.git_dir))
                yield cls(path, repo)

    def between(self, before: str, after: str) -> Range | None:
        """Return what lies between two commits; None if one of them is not in the repository.

        Raises GitFailed if git cannot read them, or takes too long.
        """
        from git import BadName, Commit, GitCommandError  # noqa: PLC0415 - see the module's text

        if Commit.NULL_HEX_SHA in {before, after}:  # which GitPython takes for a commit
            return None
        try:
            old, new = self._repo.commit(before), self._repo.commit(after)
        except (BadName, ValueError):
            return None
        try:
            return self._range(old, new)
        except GitCommandError as error:
            raise GitFailed(f"{self._path}: {error.stderr.strip() or error}") from error

    def told(self, sha: str) -> Story:
        """Tell what one commit is, and which files it changed against its first parent.

        Raises GitFailed if git cannot read it, or takes too long.
        """
        from git import BadName, GitCommandError  # noqa: PLC0415 - see the module's text

        try:
            commit = self._repo.commit(sha)
            parent = [one.hexsha for one in commit.parents[:1]] or ["--root", "--no-commit-id"]
            words = ("-r", "--no-renames", "--name-only", "-z", *parent, commit.hexsha)
            paths = self._asked("diff_tree", *words).rstrip("\0")
        except (BadName, ValueError, GitCommandError) as error:
            raise GitFailed(f"{self._path}: {sha} cannot be read: {error}") from error
        return Story(commit=_line(commit), files=tuple(paths.split("\0")) if paths else ())

    def _range(self, old: Commit, new: Commit) -> Range:
        found = self._between(old, new)
        paths = self._asked("diff_tree", "-r", "--name-only", "-z", old.hexsha, new.hexsha)
        files = paths.rstrip("\0").split("\0") if paths else []
        folders = Counter(path.partition("/")[0] if "/" in path else "." for path in files)
        return Range(
            before=_line(old),
            after=_line(new),
            ahead=len(found),
            behind=len(self._between(new, old)),
            newest=tuple(_line(self._repo.commit(sha)) for sha in found[:LISTED]),
            files=len(files),
            folders=dict(folders.most_common(LISTED)),
        )

    def _between(self, old: Commit, new: Commit) -> Sequence[str]:
        return self._asked("rev_list", "--first-parent", new.hexsha, f"^{old.hexsha}").split()

    def _asked(self, command: str, *args: str) -> str:
        answer = getattr(self._repo.git, command)(*args, kill_after_timeout=_PATIENCE)
        return str(answer)


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Be in another environment: GitPython reads this program's, and hands all of it on."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(variables)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _line(commit: Commit) -> CommitLine:
    subject = str(commit.summary)
    pull = _PULL.search(subject)
    return CommitLine(
        sha=commit.hexsha,
        day=f"{commit.authored_datetime:%Y-%m-%d}",
        author=commit.author.name or "",
        subject=subject,
        pull=int(pull[1] or pull[2]) if pull else None,
    )
