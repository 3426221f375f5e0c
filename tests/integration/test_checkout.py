"""Trees with patches, as git writes and applies them."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from harness.config.conditions import ALWAYS
from harness.config.diffs import check_diff
from harness.config.series import Patch
from harness.errors import PatchError
from harness.model import Side
from harness.repository.checkout import tree
from harness.repository.git import Git
from harness.store import Store
from tests.support.small_repositories import Origin, listing

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("own_home")]

FILES = {"a.txt": "one\ntwo\nthree\n", "b/c.txt": "alpha\nbeta\ngamma\n"}


def patch(name: str, text: str) -> Patch:
    content = text.encode()
    return Patch(
        name=f"v0.4/{name}.patch",
        side=Side.SUITE,
        condition=ALWAYS,
        reason="a test",
        link="https://example.com/1",
        path=Path(f"{name}.patch"),
        sha256=hashlib.sha256(content).hexdigest(),
        text=content,
        where="v0.4/series.yaml:2",
    )


def edit(file: str, line: int, *words: str) -> str:
    """Write a hunk with one line of context on both sides: before, old, new, after."""
    before, old, new, after = words
    hunk = f" {before}\n-{old}\n+{new}\n {after}\n"
    return f"--- a/{file}\n+++ b/{file}\n@@ -{line},3 +{line},3 @@\n{hunk}"


FIRST = patch("first", edit("a.txt", 1, "one", "two", "2", "three"))
SECOND = patch("second", edit("a.txt", 1, "one", "2", "zwei", "three"))
ELSEWHERE = patch("elsewhere", edit("b/c.txt", 1, "alpha", "delta", "d", "gamma"))


@pytest.fixture
def origin(tmp_path: Path) -> Origin:
    return Origin(tmp_path / "origin")


@pytest.fixture
def sha(origin: Origin) -> str:
    (origin.path / "loose").symlink_to("nowhere/at/all")
    return origin.commit("one", FILES)


@pytest.fixture
def git(origin: Origin, sha: str) -> Git:
    assert sha
    return Git(origin.path)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "cache")


def test_a_tree_is_the_commits_and_is_made_once(store: Store, git: Git, sha: str) -> None:
    first = tree(store, git, sha, ())
    assert (first.path / "a.txt").read_text("utf-8") == FILES["a.txt"]
    assert (first.path / "loose").readlink() == Path("nowhere/at/all")
    assert sorted(p.name for p in first.path.iterdir()) == ["a.txt", "b", "loose"]
    assert not first.cached
    again = tree(store, git, sha, ())
    assert (again.path, again.cached) == (first.path, True)


def test_patches_are_applied_in_their_order(store: Store, git: Git, sha: str) -> None:
    path = tree(store, git, sha, (FIRST, SECOND)).path
    assert (path / "a.txt").read_text("utf-8") == "one\nzwei\nthree\n"
    with pytest.raises(PatchError, match=r"second\.patch"):
        tree(store, git, sha, (SECOND, FIRST))


def test_every_series_has_a_tree_of_its_own(store: Store, git: Git, sha: str) -> None:
    patched = tree(store, git, sha, (FIRST,)).path
    assert (tree(store, git, sha, ()).path / "a.txt").read_text("utf-8") == FILES["a.txt"]
    assert (patched / "a.txt").read_text("utf-8") == "one\n2\nthree\n"


def test_a_patch_that_does_not_apply_is_named_with_its_file_and_hunk_and_leaves_nothing(
    store: Store, git: Git, sha: str
) -> None:
    with pytest.raises(PatchError) as caught:
        tree(store, git, sha, (FIRST, ELSEWHERE))
    assert str(caught.value) == (
        f"patch v0.4/elsewhere.patch does not apply to {sha[:12]}: b/c.txt, hunk at line 1"
    )
    assert "series.yaml" in caught.value.hint
    assert not [*store.root.glob("tree/*")]
    assert not [*store.root.glob("tmp/*")]


def test_a_patch_of_a_file_that_is_not_there_says_so(store: Store, git: Git, sha: str) -> None:
    gone = patch("gone", edit("no/such.go", 1, "x", "y", "z", "x"))
    with pytest.raises(PatchError, match=r"gone\.patch .*: no/such\.go is not in this tree"):
        tree(store, git, sha, (gone,))


@pytest.mark.parametrize("name", ["../outside.txt", "b/../../outside.txt"])
def test_a_patch_cannot_write_outside_its_tree(name: str, store: Store, git: Git, sha: str) -> None:
    hostile = patch("hostile", f"--- /dev/null\n+++ b/{name}\n@@ -0,0 +1 @@\n+owned\n")
    with pytest.raises(PatchError, match=r"hostile\.patch"):
        tree(store, git, sha, (hostile,))
    assert not [*store.root.rglob("outside.txt")]


def test_a_patch_cannot_write_through_a_link_of_its_tree(
    store: Store, origin: Origin, tmp_path: Path
) -> None:
    (origin.path / "exit").symlink_to(tmp_path)
    sha = origin.commit("one", FILES)
    hostile = patch("hostile", "--- /dev/null\n+++ b/exit/owned\n@@ -0,0 +1 @@\n+owned\n")
    with pytest.raises(PatchError, match=r"hostile\.patch"):
        tree(store, Git(origin.path), sha, (hostile,))
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize("name", ["exit/notes.txt", "link.txt"])
def test_a_patch_cannot_edit_a_file_behind_a_link_of_its_tree(
    name: str, store: Store, origin: Origin, tmp_path: Path
) -> None:
    outside = tmp_path / "outside" / "notes.txt"
    outside.parent.mkdir()
    outside.write_text("a\n")
    (origin.path / "exit").symlink_to(outside.parent)
    (origin.path / "link.txt").symlink_to(outside)
    sha = origin.commit("one", FILES)
    text = f"--- a/{name}\n+++ b/{name}\n@@ -1 +1 @@\n-a\n+owned\n"
    assert check_diff(text.encode()) == (name,)
    with pytest.raises(PatchError, match=r"hostile\.patch"):
        tree(store, Git(origin.path), sha, (patch("hostile", text),))
    assert outside.read_text() == "a\n"


def test_a_callers_repository_is_not_obeyed(
    store: Store, git: Git, sha: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Origin(tmp_path / "other")
    other.commit("other", FILES)
    before = listing(other.path)
    monkeypatch.setenv("GIT_DIR", str(other.path / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other.path))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other.path / ".git" / "index"))
    path = tree(store, git, sha, (FIRST,)).path
    assert (path / "a.txt").read_text("utf-8") == "one\n2\nthree\n"
    assert listing(other.path) == before


def test_a_cache_inside_another_repository_gets_its_own_files(
    git: Git, sha: str, tmp_path: Path
) -> None:
    outer = Origin(tmp_path / "outer")
    outer.commit("outer", FILES | {".gitignore": "cache\n"})
    path = tree(Store(outer.path / "cache"), git, sha, (FIRST,)).path
    assert (path / "a.txt").read_text("utf-8") == "one\n2\nthree\n"
    assert (outer.path / "a.txt").read_text("utf-8") == FILES["a.txt"]


def test_the_repository_is_only_read(store: Store, git: Git, origin: Origin, sha: str) -> None:
    before = listing(origin.path)
    tree(store, git, sha, (FIRST,))
    assert listing(origin.path) == before


def test_a_tree_is_made_whatever_a_killed_run_left(store: Store, git: Git, sha: str) -> None:
    made = tree(store, git, sha, ()).path
    half = store.root / "tmp" / f"tree-{made.name}"
    made.rename(half)
    (half / "a.txt").unlink()
    half.with_suffix(".index").touch()
    half.with_suffix(".index.lock").touch()
    again = tree(store, git, sha, ())
    assert not again.cached
    assert (again.path / "a.txt").is_file()
