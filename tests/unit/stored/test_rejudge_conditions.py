"""Entries with conditions: the repository is opened for those that ask, and only once."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.config.conditions import Commits, Condition
from harness.errors import UsageError
from harness.repository.git import GitFailed
from harness.repository.refs import Repository
from harness.stored.rejudge import reclassify
from tests.support.factories import FRONTEND, SUITE
from tests.support.played import MIXED, Bench, Player
from tests.support.rejudged import KNOWN, changes, lists, stored


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, Player(dict(MIXED)))


def test_a_repository_is_opened_for_a_condition_that_asks_and_only_once(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = stored(bench)
    asked: list[tuple[str, str]] = []

    class Known:
        def is_ancestor(self, older: str, newer: str) -> bool:
            asked.append((older, newer))
            return newer == FRONTEND.sha

    def opened() -> Repository:
        monkeypatch.setattr(Repository, "graph", Known())
        return Repository(None, {})  # type: ignore[arg-type]

    sha = "a" * 40
    holds = replace(KNOWN, when=Condition(contains=Commits(frontend=(sha,))))
    misses = replace(KNOWN, when=Condition(contains=Commits(daemon=(sha,))))
    assert changes(reclassify(folder, lists(bench, holds, opened=opened)))
    assert not changes(reclassify(folder, lists(bench, misses, opened=opened)))
    assert asked == [(sha, FRONTEND.sha), (sha, SUITE.sha)]
    # The cache remembers, so nothing is opened any more.
    assert changes(reclassify(folder, lists(bench, holds)))


def test_a_repository_without_the_commits_says_what_to_do(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Strange:
        def is_ancestor(self, older: str, newer: str) -> bool:
            raise GitFailed(f"no commit {newer} to look for {older}")

    class Place:
        path = Path("/a/repository")

    monkeypatch.setattr(Repository, "graph", Strange())
    asks = replace(KNOWN, when=Condition(contains=Commits(daemon=("b" * 40,))))

    def opened() -> Repository:
        return Repository(Place(), {})  # type: ignore[arg-type]

    with pytest.raises(UsageError, match="cannot tell which entries apply") as caught:
        reclassify(stored(bench), lists(bench, asks, opened=opened))
    assert "--repo" in caught.value.hint
