"""What our git says of a repository, held against GitPython, which reads it in its own way."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from itertools import product
from pathlib import Path

import git as gitpython
import pytest

from harness import minikit
from harness.config.datadir import find_data
from harness.repository.git import Git
from harness.repository.graph import Graph
from harness.store import Store

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    source = find_data(None, {}).examples / "minikit"
    return minikit.materialise(source, Store(tmp_path_factory.mktemp("cache")))


@pytest.fixture(scope="module")
def other(path: Path) -> gitpython.Repo:
    return gitpython.Repo(path)


def test_refs_are_the_same(path: Path, other: gitpython.Repo) -> None:
    theirs = {ref.path: ref.commit.hexsha for ref in (*other.tags, *other.heads)}
    assert dict(Git(path).refs()) == theirs


@pytest.mark.parametrize("kind", [Git, lambda path: Graph(Git(path))], ids=["git", "graph"])
def test_ancestry_is_the_same(
    path: Path, other: gitpython.Repo, kind: Callable[[Path], Git | Graph]
) -> None:
    ours = kind(path)
    commits = {ref.commit for ref in (*other.tags, *other.heads)}
    assert len(commits) > 5
    for one, two in product(commits, commits):
        assert ours.is_ancestor(one.hexsha, two.hexsha) == other.is_ancestor(one, two)
        (base,) = other.merge_base(one, two)
        assert ours.merge_base(one.hexsha, two.hexsha) == base.hexsha
        assert ours.date(one.hexsha) == f"{one.committed_datetime.astimezone(UTC):%Y-%m-%d}"


def test_an_exported_tree_holds_what_the_commit_holds(
    path: Path, other: gitpython.Repo, tmp_path: Path
) -> None:
    commit = other.heads["master"].commit
    folder = tmp_path / "tree"
    folder.mkdir()
    Git(path).export(commit.hexsha, tmp_path / "index", folder)
    files = [item for item in commit.tree.traverse() if isinstance(item, gitpython.Blob)]
    assert {str(f.relative_to(folder)) for f in folder.rglob("*") if f.is_file()} == {
        str(blob.path) for blob in files
    }
    for blob in files:
        content = blob.data_stream.read()
        assert (folder / blob.path).read_bytes() == content
        assert (Git(path).read(commit.hexsha, str(blob.path)) or "").encode() == content.rstrip(
            b"\n"
        )
