"""Git's answers about a real repository, and its errors in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import MissingToolError
from harness.repository.credentials import Remote
from harness.repository.git import Git, GitFailed, clone
from harness.repository.graph import Graph
from tests.support.small_repositories import TESTS, Origin, listing

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("own_home")]

NOWHERE = "0123456789012345678901234567890123456789"


@pytest.fixture
def origin(tmp_path: Path) -> Origin:
    return Origin(tmp_path / "origin")


def test_refs_are_tags_and_branches_with_tags_peeled(origin: Origin) -> None:
    first = origin.commit("one", tag="light")
    second = origin.commit("two")
    origin.git("tag", "--annotate", "--message=words", "heavy")
    origin.branch("topic/x", first)
    assert dict(Git(origin.path).refs()) == {
        "refs/tags/light": first,
        "refs/tags/heavy": second,
        "refs/heads/master": second,
        "refs/heads/topic/x": first,
    }


def test_a_commit_is_found_by_its_beginning_and_by_nothing_else(origin: Origin) -> None:
    sha = origin.commit("one")
    tree = origin.git("rev-parse", "HEAD^{tree}")
    git = Git(origin.path)
    assert git.commit(sha) == git.commit(sha[:7]) == sha
    assert git.commit(NOWHERE) is None
    assert git.commit(tree) is None


def test_a_search_finds_what_matches_in_the_files_of_a_folder(origin: Origin) -> None:
    files = {"a/x_test.go": "func testOne(\nx\n", "a/b/x_test.go": "func testTwo(\n", "c": "func"}
    sha = origin.commit("one", files=files)
    git = Git(origin.path)
    origin.git("config", "grep.lineNumber", "true")
    origin.git("config", "color.ui", "always")
    assert git.search(sha, "^func [a-zA-Z]+", "a/*_test.go") == ["func testOne"]
    assert git.search(sha, "nothing", "a/*_test.go") == []


def test_the_date_is_the_committers_in_utc(origin: Origin) -> None:
    sha = origin.commit("half past eleven at night in New York")
    assert Git(origin.path).date(sha) == "2020-02-02"


def test_ancestry_counts_a_commit_as_its_own_ancestor(origin: Origin) -> None:
    first, second = origin.commit("one"), origin.commit("two")
    git = Git(origin.path)
    assert git.is_ancestor(first, second)
    assert git.is_ancestor(first, first)
    assert not git.is_ancestor(second, first)


def test_a_commit_that_is_not_here_is_nobodys_ancestor(origin: Origin) -> None:
    assert not Git(origin.path).is_ancestor(NOWHERE, origin.commit("one"))


def test_a_question_about_a_commit_that_is_not_here_is_an_error_and_no_answer(
    origin: Origin,
) -> None:
    sha = origin.commit("one")
    git = Git(origin.path)
    with pytest.raises(GitFailed, match="merge-base"):
        git.is_ancestor(sha, NOWHERE)
    with pytest.raises(GitFailed, match="merge-base"):
        git.merge_base(sha, NOWHERE)
    with pytest.raises(GitFailed, match="ls-tree"):
        git.has(NOWHERE, TESTS)


def test_the_merge_base_is_where_branches_part_or_none(origin: Origin) -> None:
    first = origin.commit("one")
    second = origin.commit("two")
    origin.branch("topic", first)
    third = origin.commit("three")
    origin.git("checkout", "--quiet", "--orphan", "other")
    stranger = origin.commit("four")
    git = Git(origin.path)
    assert git.merge_base(second, third) == first
    assert git.merge_base(second, stranger) is None


def test_files_of_a_commit_are_read_as_they_are_there(origin: Origin) -> None:
    sha = origin.commit("one", {"go.mod": "module x\n\ngo 1.21\n", "[odd] *name": "x"})
    git = Git(origin.path)
    assert git.read(sha, "go.mod") == "module x\n\ngo 1.21"
    assert git.read(sha, "go.sum") is None
    assert git.has(sha, "[odd] *name")
    assert not git.has(sha, "go.*")
    nested = origin.commit("two")
    assert git.has(nested, "frontend/dockerfile")
    assert not git.has(sha, "frontend/dockerfile")


@pytest.mark.parametrize("bare", [True, False])
def test_an_export_is_the_commits_tree_and_leaves_the_repository_as_it_was(
    bare: bool,  # noqa: FBT001 - one of the two kinds of repository
    origin: Origin,
    tmp_path: Path,
) -> None:
    (origin.path / "bin").mkdir()
    script = origin.path / "bin" / "run"
    script.write_text("#!/bin/sh\n", "utf-8")
    script.chmod(0o755)
    (origin.path / "link").symlink_to("bin/run")
    (origin.path / "loose").symlink_to("nowhere")
    sha = origin.commit("one", {"text": "line\n", ".gitattributes": "text export-ignore\n"})
    origin.commit("two", {"text": "another\n"})
    path = origin.path
    if bare:
        path = clone(Remote(origin.url, {}), tmp_path / "bare.git").path
    before = listing(path)
    dest = tmp_path / "tree"
    dest.mkdir()
    Git(path).export(sha, tmp_path / "index", dest)
    assert (dest / "text").read_text("utf-8") == "line\n"
    assert (dest / "bin" / "run").stat().st_mode & 0o111
    assert (dest / "link").readlink() == Path("bin/run")
    assert (dest / "loose").is_symlink()
    assert sorted(p.name for p in dest.iterdir()) == [
        ".gitattributes",
        "bin",
        "link",
        "loose",
        "text",
    ]
    assert listing(path) == before


def test_line_ends_are_exported_as_they_are_whatever_the_user_likes(
    origin: Origin, tmp_path: Path, own_home: Path
) -> None:
    sha = origin.commit("one", {"script": "#!/bin/sh\n"})
    (own_home / ".gitconfig").write_text("[core]\n\tautocrlf = true\n", "utf-8")
    (tmp_path / "tree").mkdir()
    Git(origin.path).export(sha, tmp_path / "index", tmp_path / "tree")
    assert (tmp_path / "tree" / "script").read_bytes() == b"#!/bin/sh\n"


def test_neither_attributes_nor_settings_of_a_repository_change_what_is_exported(
    origin: Origin, tmp_path: Path, own_home: Path
) -> None:
    attributes = "as-committed eol=crlf\nf filter=upper\n"
    files = {"text": "a\n", "as-committed": "b\n", "f": "c\n", ".gitattributes": attributes}
    sha = origin.commit("one", files)
    origin.git("replace", sha, origin.commit("two", {"text": "another\n"}))
    for key, value in {
        "core.autocrlf": "true",
        "core.symlinks": "false",
        "core.sparseCheckout": "true",
        "filter.upper.smudge": "tr a-z A-Z",
        "log.showSignature": "true",
    }.items():
        origin.git("config", key, value)
    info = origin.path / ".git" / "info"
    info.mkdir(exist_ok=True)
    (info / "attributes").write_text("text eol=crlf\n", "utf-8")
    (own_home / "config" / "git").mkdir(parents=True)
    (own_home / "config" / "git" / "attributes").write_text("text eol=crlf\n", "utf-8")
    dest = tmp_path / "tree"
    dest.mkdir()
    Git(origin.path).export(sha, tmp_path / "scratch", dest)
    assert {name: (dest / name).read_bytes() for name in ("text", "as-committed", "f")} == {
        "text": b"a\n",
        "as-committed": b"b\r\n",
        "f": b"c\n",
    }


def test_an_export_goes_where_it_is_told_inside_another_repository(
    origin: Origin, tmp_path: Path
) -> None:
    sha = origin.commit("one", {"text": "inner\n"})
    outer = Origin(tmp_path / "outer")
    outer.commit("outer", {"text": "outer\n", "kept": "kept\n"})
    dest = outer.path / "cache" / "tree"
    dest.mkdir(parents=True)
    Git(origin.path).export(sha, outer.path / "cache" / "index", dest)
    assert [p.name for p in dest.iterdir()] == ["text"]
    assert (outer.path / "text").read_text("utf-8") == "outer\n"


def test_a_repository_is_never_looked_for_above_its_folder(origin: Origin) -> None:
    origin.commit("one")
    below = origin.path / "frontend"
    with pytest.raises(GitFailed, match="not a git repository"):
        Git(below).check()
    Git(origin.path).check()


def test_a_linked_worktree_is_a_repository(origin: Origin, tmp_path: Path) -> None:
    sha = origin.commit("one")
    origin.git("worktree", "add", "--quiet", "--detach", str(tmp_path / "linked"))
    assert Git(tmp_path / "linked").commit("HEAD") == sha


def test_a_callers_repository_is_not_obeyed(
    origin: Origin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sha = origin.commit("one")
    other = Origin(tmp_path / "other")
    other.commit("other")
    monkeypatch.setenv("GIT_DIR", str(other.path / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other.path))
    assert Git(origin.path).commit("master") == sha


def test_without_git_the_error_says_what_installs_it(
    origin: Origin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingToolError, match="git is not installed") as caught:
        Git(origin.path).check()
    assert caught.value.hint == "apt-get install git"


def test_a_clone_has_tags_and_branches_and_no_work_tree(origin: Origin, tmp_path: Path) -> None:
    origin.commit("one", tag="v0.1.0")
    origin.branch("topic")
    git = clone(Remote(origin.url, {}), tmp_path / "clone.git")
    assert {name for name, _ in git.refs()} == {
        "refs/tags/v0.1.0",
        "refs/heads/master",
        "refs/heads/topic",
    }
    assert git.run("rev-parse", "--is-bare-repository") == "true"


def test_a_clone_of_nothing_says_what_failed(tmp_path: Path) -> None:
    with pytest.raises(GitFailed, match=f"git clone failed in {tmp_path}: fatal: .*gone"):
        clone(Remote(f"file://{tmp_path}/gone", {}), tmp_path / "clone.git")


def test_names_may_hold_what_ends_a_line_elsewhere(origin: Origin) -> None:
    sha = origin.commit("one", tag="a\u2028refs/tags/v9.9.9")
    origin.git("tag", "b\x85c")
    names = {name for name, _ in Git(origin.path).refs()}
    assert names == {"refs/heads/master", "refs/tags/a\u2028refs/tags/v9.9.9", "refs/tags/b\x85c"}
    assert set(dict(Git(origin.path).refs()).values()) == {sha}


def test_a_fetch_follows_moved_and_deleted_refs(origin: Origin, tmp_path: Path) -> None:
    origin.commit("one", tag="moving")
    origin.git("branch", "gone")
    origin.git("tag", "gone")
    git = clone(Remote(origin.url, {}), tmp_path / "clone.git")
    second = origin.commit("two")
    origin.git("tag", "--force", "moving")
    origin.git("branch", "--delete", "--force", "gone")
    origin.git("tag", "--delete", "gone")
    git.fetch(Remote(origin.url, {}))
    assert dict(git.refs()) == {"refs/tags/moving": second, "refs/heads/master": second}


def test_a_fetch_recovers_from_one_that_was_killed(origin: Origin, tmp_path: Path) -> None:
    origin.commit("one", tag="old")
    git = clone(Remote(origin.url, {}), tmp_path / "clone.git")
    second = origin.commit("two")
    origin.git("tag", "--force", "old")
    (git.path / "packed-refs.lock").touch()
    (git.path / "refs" / "heads" / "master.lock").touch()
    git.fetch(Remote(origin.url, {}))
    assert dict(git.refs())["refs/heads/master"] == second


def test_what_was_asked_ahead_is_answered_without_git(
    origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = origin.commit("one", files={"go.mod": "go 1.21\n", "empty": ""})
    second = origin.commit("two", files={"x": "y"})
    origin.git("rm", "--quiet", "go.mod")
    third = origin.commit("three")
    git, plain = Git(origin.path), Git(origin.path)
    shas, texts = (first, second, third), ("go.mod", "empty", "x")
    expected = {(sha, text): plain.read(sha, text) for sha in shas for text in texts}
    there = {sha: plain.has(sha, TESTS) for sha in shas}
    git.look_ahead(shas, [TESTS, "no such/file"], texts)
    monkeypatch.setenv("PATH", str(origin.path))
    with pytest.raises(MissingToolError):
        plain.has(first, TESTS)
    assert {one: git.read(*one) for one in expected} == expected
    assert set(expected.values()) == {"go 1.21", "", "y", None}
    assert {sha: git.has(sha, TESTS) for sha in shas} == there
    assert not git.has(first, "no such/file")


def test_a_commit_that_no_ref_reaches_is_asked_of_git(origin: Origin) -> None:
    first = origin.commit("one")
    origin.branch("topic", first)
    lost = origin.commit("two")
    origin.go_to("master")
    origin.git("branch", "--delete", "--force", "topic")
    last = origin.commit("three")
    graph = Graph(Git(origin.path))
    assert graph.is_ancestor(first, lost)
    assert not graph.is_ancestor(lost, last)
    assert graph.merge_base(lost, last) == first
    assert graph.date(lost) == "2020-02-03"
