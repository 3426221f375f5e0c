"""Repositories whose names are known, and a git that must not be asked."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import pytest

from harness.model import Side
from harness.repository.git import Git
from harness.repository.refs import Repository, resolve


class NoGit(Git):
    """A git that must not be asked."""

    def __init__(self, path: Path = Path("/the/repository")) -> None:
        super().__init__(path)

    def _call(self, *args: str, **_kwargs: object) -> NoReturn:
        pytest.fail(f"git was called with {args}")


class Commits(NoGit):
    """A git that knows commits by their first digits, and other names by what is given."""

    def __init__(self, *shas: str, **named: str) -> None:
        super().__init__()
        self._shas = shas
        self._named = named

    def commit(self, rev: str) -> str | None:
        found = self.commits(rev)
        return found[0] if len(found) == 1 else self._named.get(rev)

    def commits(self, digits: str) -> list[str]:
        return [sha for sha in self._shas if sha.startswith(digits)]


def sha(name: str) -> str:
    """Return every ref a commit of its own that a reader can tell."""
    return name.encode("utf-8", "surrogatepass").hex().ljust(40, "0")[:40]


def repository(*names: str, git: Git | None = None) -> Repository:
    return Repository(git or NoGit(), {name: sha(name) for name in names})


BUILDKIT = repository(
    "refs/remotes/origin/HEAD",
    "refs/heads/master",
    "refs/heads/v0.7",
    "refs/tags/v0.6.0",
    "refs/tags/v0.6.4",
    "refs/tags/v0.6.9",
    "refs/tags/v0.6.10",
    "refs/tags/v0.6.11-rc1",
    "refs/tags/v0.7.2",
    "refs/tags/v0.9.3",
    "refs/tags/v0.10.0",
    "refs/tags/v0.11.0-rc2",
    "refs/tags/dockerfile/1.4.0",
    "refs/tags/dockerfile/1.4.3",
    "refs/tags/dockerfile/1.4.3-labs",
    "refs/tags/dockerfile/1.10.0",
    "refs/tags/dockerfile/1.10.1-labs",
    "refs/remotes/origin/topic/x",
    "refs/remotes/fork/topic/y",
    "refs/remotes/pull/7/merge",
    "refs/heads/fix#12",
    git=Commits(),
)


def meant(asked: str, side: Side = Side.SUITE, where: Repository = BUILDKIT) -> tuple[str, str]:
    found = resolve(where, asked, side)
    assert found.asked == asked
    return found.ref, found.sha
