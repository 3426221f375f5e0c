"""What names mean in real repositories of every kind that people give with --repo."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.events import Event, Said, ignore
from harness.model import Side
from harness.repository.clones import find
from harness.repository.git import Git
from harness.repository.refs import ResolvedRef, UnknownRefError
from harness.stored.gate import release
from harness.tools.process import CommandFailed
from harness.tools.refnames import check_text
from tests.support.small_repositories import Origin

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("own_home")]

NAMES = (
    *("dependabot/npm_and_yarn/@types/node-18", "fix#12", "a=b", "\u00fcmlaut", "\u65e5\u672c"),
    *("$(id)", "it's", 'a|b<c>&%0A"', "{x}", "a@b", "a,b;c"),
)


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Origin:
    origin = Origin(tmp_path_factory.mktemp("refs") / "origin")
    origin.commit("one", tag="v0.6.3")
    origin.commit("two")
    for name in NAMES:
        origin.git("branch", name, "v0.6.3")
    origin.git("update-ref", "refs/pull/7/head", "v0.6.3")
    origin.git("tag", "--annotate", "--message=inner", "inner")
    origin.git("tag", "--annotate", "--message=outer", "outer", "inner")
    origin.git("tag", "blob", origin.git("hash-object", "-w", str(origin.path / ".git" / "HEAD")))
    origin.commit("three")
    return origin


@pytest.fixture
def clone(origin: Origin, tmp_path: Path) -> Path:
    path = tmp_path / "clone"
    origin.git("clone", "--quiet", origin.url, str(path))
    return path


def meant(where: Path | str, asked: str, cache: Path, *, fetch: bool = False) -> ResolvedRef:
    def listen(event: Event) -> None:
        assert isinstance(event, Said)

    asking = [(asked, Side.SUITE)]
    _, (found,) = find(str(where), asking, cache=cache, fetch=fetch, listener=listen)
    return found


def head(origin: Origin, path: Path, rev: str = "HEAD") -> str:
    return origin.git("-C", str(path), "rev-parse", f"{rev}^{{commit}}")


@pytest.mark.parametrize("asked", ["HEAD", "@"])
def test_head_is_the_commit_that_is_checked_out(
    origin: Origin, clone: Path, tmp_path: Path, asked: str
) -> None:
    assert meant(clone, asked, tmp_path).sha == head(origin, clone, "origin/HEAD")
    origin.git("-C", str(clone), "checkout", "--quiet", "--detach", "master~1")
    assert meant(clone, asked, tmp_path).sha == head(origin, clone, "origin/master~1")
    tree = tmp_path / "tree"
    origin.git("-C", str(clone), "worktree", "add", "--quiet", str(tree), "v0.6.3")
    assert meant(tree, asked, tmp_path).sha == head(origin, clone, "v0.6.3")
    assert meant(clone, asked, tmp_path).sha != head(origin, clone, "v0.6.3")


def test_head_without_a_commit_is_refused(tmp_path: Path) -> None:
    origin = Origin(tmp_path / "empty")
    with pytest.raises(UnknownRefError, match="leads to no commit"):
        meant(origin.path, "HEAD", tmp_path)


def test_head_of_a_url_follows_its_remote(tmp_path: Path) -> None:
    origin = Origin(tmp_path / "origin")
    origin.commit("one")
    origin.branch("other")
    origin.commit("two")
    url, cache = origin.url, tmp_path / "cache"
    assert meant(url, "HEAD", cache).sha == head(origin, origin.path)
    origin.go_to("master")
    assert meant(url, "HEAD", cache, fetch=True).sha == head(origin, origin.path, "master")
    origin.git("checkout", "--quiet", "--detach", "other~1")
    origin.commit("of no branch")
    assert meant(url, "HEAD", cache, fetch=True).sha == head(origin, origin.path)


def test_a_pull_request_is_fetched_from_a_url(origin: Origin, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    for asked in ("refs/pull/7/head", "pull/7/head", "7/head"):
        found = meant(origin.url, asked, cache)
        assert (found.ref, found.sha) == ("pull/7/head", head(origin, origin.path, "v0.6.3"))
    with pytest.raises(UnknownRefError, match="no ref 'pull/8/head'"):
        meant(origin.url, "pull/8/head", cache)


@pytest.mark.parametrize("name", NAMES)
def test_every_name_that_git_took_means_its_commit(
    origin: Origin, clone: Path, tmp_path: Path, name: str
) -> None:
    for asked in (name, f"origin/{name}", f"refs/remotes/origin/{name}", f"refs/heads/{name}"):
        found = meant(clone, asked, tmp_path)
        assert (found.ref, found.sha) == (name, head(origin, clone, "v0.6.3"))


@pytest.mark.parametrize(
    "name",
    [
        *("a b", "a~1", "a^", "a:b", "a?", "a*", "a[", "a\\b", "a..b", "a@{b", "a.", "a/", "/a"),
        *("a//b", ".a", "a/.b", "a.lock", "a.lock/b", "a\tb", "a\x7f"),
    ],
)
def test_what_git_takes_for_no_name_is_refused(origin: Origin, name: str) -> None:
    with pytest.raises(UsageError, match="is not a ref: "):
        check_text(name)
    with pytest.raises(CommandFailed):
        origin.git("check-ref-format", "--allow-onelevel", name)


def test_ids_of_commits_and_of_tags_in_any_spelling(
    origin: Origin, clone: Path, tmp_path: Path
) -> None:
    sha = head(origin, clone, "inner")
    tag = origin.git("rev-parse", "inner")
    for asked in (sha, sha.upper(), sha[:9], sha[:9].upper(), tag, tag[:9], "inner", "outer"):
        assert meant(clone, asked, tmp_path).sha == sha
    with pytest.raises(UnknownRefError):
        meant(clone, "blob", tmp_path)


def test_what_git_keeps_beside_head_is_taken(origin: Origin, clone: Path, tmp_path: Path) -> None:
    origin.git("-C", str(clone), "fetch", "--quiet", "origin", "refs/pull/7/head")
    assert meant(clone, "FETCH_HEAD", tmp_path).sha == head(origin, clone, "v0.6.3")


def test_replaced_and_grafted_commits_are_what_their_ids_say(origin: Origin, clone: Path) -> None:
    one, three = head(origin, clone, "v0.6.3"), head(origin, clone)
    origin.git("-C", str(clone), "replace", three, one)
    assert Git(clone).is_ancestor(one, three)
    assert not Git(clone).is_ancestor(three, one)
    origin.git("-C", str(clone), "replace", "--delete", three)
    (clone / ".git" / "info").mkdir(exist_ok=True)
    (clone / ".git" / "info" / "grafts").write_text(f"{three}\n")
    assert Git(clone).is_ancestor(one, three)


def test_a_bundle_is_refused_with_the_command_that_opens_it(origin: Origin, tmp_path: Path) -> None:
    bundle = tmp_path / "x.bundle"
    origin.git("bundle", "create", "--quiet", str(bundle), "--all")
    with pytest.raises(UsageError) as caught:
        meant(bundle, "master", tmp_path)
    assert f"git clone --mirror {bundle}" in caught.value.hint


def test_a_release_may_be_named_like_a_ref_with_an_equals_sign(
    origin: Origin, clone: Path, tmp_path: Path
) -> None:
    source = release.Source(where=str(clone), cache=tmp_path, fetch=False)
    asked = ["refs/heads/a=b", "a=b=abcdef0", "master"]
    found = release.read(asked, source, ignore)
    assert [(it.name, it.ref) for it in found] == [
        ("refs/heads/a=b", "a=b"),
        ("a=b", "a=b"),
        ("master", "master"),
    ]
    assert [it.sha for it in found[:2]] == [head(origin, clone, "v0.6.3"), "abcdef0"]
