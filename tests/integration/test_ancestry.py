"""Answers about history come from git once, and from the database after that."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import InfrastructureError
from harness.repository.ancestry import FILE, Ancestry
from harness.repository.git import Git, GitFailed
from harness.tools.process import Request, run

pytestmark = pytest.mark.integration


class Counting(Git):
    """Git that counts how often it is asked."""

    asked = 0

    def is_ancestor(self, older: str, newer: str) -> bool:
        self.asked += 1
        return super().is_ancestor(older, newer)


@pytest.fixture
def git(tmp_path: Path) -> Counting:
    folder = tmp_path / "repository"
    words = ["-c", "user.name=n", "-c", "user.email=e@example.com", "commit", "--allow-empty"]
    for argv in (["init", "-q", str(folder)], ["-C", str(folder), *words, "-qm", "one"]):
        run(Request(["git", *argv]))
    run(Request(["git", "-C", str(folder), *words, "-qm", "two"]))
    return Counting(folder)


def test_an_answer_is_asked_for_once_even_by_another_run(git: Counting, tmp_path: Path) -> None:
    new, old = git.run("rev-parse", "HEAD"), git.run("rev-parse", "HEAD~1")
    for _ in range(2):
        ancestry = Ancestry(git, tmp_path)
        assert ancestry.contains(new, old)
        assert not ancestry.contains(old, new)
    assert git.asked == 2


def test_an_unknown_commit_is_an_error_and_no_answer(git: Counting, tmp_path: Path) -> None:
    ancestry = Ancestry(git, tmp_path)
    new = git.run("rev-parse", "HEAD")
    for _ in range(2):
        with pytest.raises(GitFailed):
            ancestry.contains("0" * 40, new)
    assert git.asked == 2


def test_a_damaged_database_is_named_with_what_to_do(git: Counting, tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"this is no database, and long enough to be read as one" * 40)
    with pytest.raises(InfrastructureError) as caught:
        Ancestry(git, tmp_path).contains("1" * 40, "2" * 40)
    assert f"rm {tmp_path / FILE}" in caught.value.hint
