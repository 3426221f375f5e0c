"""Where names are looked up: a cached clone of a URL, or a local repository that is only read."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from multiprocessing import get_context
from pathlib import Path

import pytest

from harness.errors import InfrastructureError, UsageError
from harness.events import Event, Said
from harness.model import Side
from harness.repository.clones import find
from harness.repository.git import GitFailed
from harness.repository.refs import ResolvedRef, UnknownRefError
from tests.support.small_repositories import Origin, listing

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("own_home")]


@pytest.fixture
def origin(tmp_path: Path) -> Origin:
    origin = Origin(tmp_path / "origin")
    origin.commit("one", tag="v0.6.3")
    return origin


class Lookup:
    """Looks names up in one cache and keeps what was said about it."""

    def __init__(self, where: str, cache: Path) -> None:
        self.where = where
        self.cache = cache
        self.said: list[str] = []

    def __call__(self, *names: str, fetch: bool = False) -> list[ResolvedRef]:
        self.said = []
        asked = [(name, Side.SUITE) for name in names]
        _, meant = find(self.where, asked, cache=self.cache, fetch=fetch, listener=self._listen)
        return meant

    def _listen(self, event: Event) -> None:
        assert isinstance(event, Said)
        self.said.append(event.text)

    @property
    def clone(self) -> Path:
        (found,) = (self.cache / "repos").glob("*.git")
        return found


@pytest.fixture
def lookup(origin: Origin, tmp_path: Path) -> Lookup:
    return Lookup(origin.url, tmp_path / "cache")


def test_a_url_is_cloned_once(lookup: Lookup, origin: Origin) -> None:
    (meant,) = lookup("v0.6.3")
    assert meant.sha == origin.git("rev-parse", "v0.6.3")
    assert lookup.said == [f"cloning {origin.url}, once"]
    before = listing(lookup.clone)
    assert lookup("v0.6.3", "master", "v0.6")[0] == meant
    assert lookup.said == []
    assert listing(lookup.clone) == before


def test_what_is_known_is_not_asked_for_again_though_the_origin_went_on(
    lookup: Lookup, origin: Origin
) -> None:
    (old,) = lookup("v0.6")
    origin.commit("two", tag="v0.6.4")
    assert lookup("v0.6") == [old]
    assert lookup.said == []


def test_a_missing_name_is_fetched(lookup: Lookup, origin: Origin) -> None:
    lookup("master")
    sha = origin.commit("two", tag="v0.6.4")
    (meant,) = lookup("v0.6.4")
    assert meant.sha == sha
    assert lookup.said == [f"fetching {origin.url}"]
    third = origin.commit("three")
    assert lookup(third)[0].sha == third


def test_a_fetch_is_made_where_it_is_asked_for(lookup: Lookup, origin: Origin) -> None:
    lookup("master")
    sha = origin.commit("two", tag="v0.6.4")
    (meant,) = lookup("v0.6", fetch=True)
    assert (meant.ref, meant.sha) == ("v0.6.4", sha)
    assert lookup.said == [f"fetching {origin.url}"]


def test_a_first_use_clones_and_does_not_fetch_on_top(lookup: Lookup, origin: Origin) -> None:
    lookup("master", fetch=True)
    assert lookup.said == [f"cloning {origin.url}, once"]


def test_a_name_that_nobody_bears_is_fetched_for_once_and_then_unknown(
    lookup: Lookup, origin: Origin
) -> None:
    with pytest.raises(UnknownRefError):
        lookup("v0.6.33")
    assert lookup.said == [f"cloning {origin.url}, once"]
    with pytest.raises(UnknownRefError, match=r"no ref 'v0\.6\.33'") as caught:
        lookup("v0.6.33")
    assert "v0.6.3" in caught.value.hint
    assert lookup.said == [f"fetching {origin.url}"]


def test_an_unknown_name_stays_a_usage_error_where_the_origin_is_out_of_reach(
    lookup: Lookup, origin: Origin
) -> None:
    lookup("master")
    shutil.rmtree(origin.path)
    with pytest.raises(UnknownRefError, match=r"no ref 'v0\.6\.33'"):
        lookup("v0.6.33")
    assert "could not be updated" in lookup.said[-1]
    assert lookup("master")[0].asked == "master"
    with pytest.raises(GitFailed):
        lookup("master", fetch=True)


def test_a_clone_that_was_killed_half_way_is_thrown_away(lookup: Lookup, tmp_path: Path) -> None:
    lookup("master")
    name = lookup.clone.name
    shutil.rmtree(tmp_path / "cache")
    half = tmp_path / "cache" / "repos" / Path(name).with_suffix(".part")
    (half / "objects").mkdir(parents=True)
    (half / "objects" / "garbage").write_text("x", "utf-8")
    assert lookup("v0.6.3")[0].ref == "v0.6.3"
    assert [path.name for path in (tmp_path / "cache" / "repos").glob("*.git")] == [name]
    assert not half.exists()


def test_a_clone_that_fails_is_no_clone(tmp_path: Path) -> None:
    lookup = Lookup(f"file://{tmp_path}/gone", tmp_path / "cache")
    for _ in range(2):
        with pytest.raises(GitFailed, match="clone failed"):
            lookup("master")
    assert not [*(tmp_path / "cache").glob("repos/*.git")]


def _look_up(url: str, cache: Path) -> tuple[str, list[str]]:
    lookup = Lookup(url, cache)
    (meant,) = lookup("v0.6")
    return meant.sha, lookup.said


def test_runs_that_begin_at_once_make_one_clone(origin: Origin, tmp_path: Path) -> None:
    with get_context("spawn").Pool(3) as pool:
        found = pool.starmap(_look_up, [(origin.url, tmp_path / "cache")] * 3)
    assert {sha for sha, _ in found} == {origin.git("rev-parse", "master")}
    assert sorted(len(said) for _, said in found) == [0, 0, 1]


def test_two_urls_have_two_clones(origin: Origin, tmp_path: Path) -> None:
    other = Origin(tmp_path / "other")
    sha = other.commit("another", tag="v0.6.3")
    for url in (origin.url, other.url):
        Lookup(url, tmp_path / "cache")("v0.6.3")
    assert Lookup(other.url, tmp_path / "cache")("v0.6.3")[0].sha == sha


def test_no_credential_of_a_url_is_said(tmp_path: Path) -> None:
    lookup = Lookup(f"file://somebody:hunter2@{tmp_path}/gone", tmp_path / "cache")
    with pytest.raises(GitFailed) as caught:
        lookup("master")
    assert lookup.said == [f"cloning file://***@{tmp_path}/gone, once"]
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("names", [["v0.6"], ["v0.6", "nothing-like-it"]])
def test_a_local_repository_is_never_written_to(
    names: Sequence[str], origin: Origin, tmp_path: Path
) -> None:
    before = listing(origin.path)
    lookup = Lookup(str(origin.path), tmp_path / "cache")
    try:
        lookup(*names, fetch=True)
    except UnknownRefError:
        assert "nothing-like-it" in names
    assert listing(origin.path) == before
    assert lookup.said == []
    assert not (tmp_path / "cache").exists()


def test_a_home_folder_may_be_written_as_a_tilde(origin: Origin, own_home: Path) -> None:
    (own_home / "buildkit").symlink_to(origin.path)
    assert Lookup("~/buildkit", own_home)("master")[0].asked == "master"


@pytest.mark.parametrize("kind", ["missing", "plain", "below"])
def test_a_path_without_a_repository_is_a_usage_error(
    kind: str, origin: Origin, tmp_path: Path
) -> None:
    (tmp_path / "plain").mkdir()
    path = {"missing": tmp_path / "gone", "plain": tmp_path / "plain"}.get(
        kind, origin.path / "frontend"
    )
    with pytest.raises(UsageError, match=f"{path}.*(not a git repository|no folder)") as caught:
        Lookup(str(path), tmp_path / "cache")("master")
    assert "COMPAT_REPO" in caught.value.hint


def test_a_clone_without_its_history_is_refused(origin: Origin, tmp_path: Path) -> None:
    # As CI checks out by default; ancestry in it would place commits on wrong lines.
    origin.commit("two")
    shallow = tmp_path / "shallow"
    origin.git("clone", "--quiet", "--depth=1", origin.url, str(shallow))
    with pytest.raises(UsageError, match=f"{shallow} is a shallow clone") as caught:
        Lookup(str(shallow), tmp_path / "cache")("master")
    assert caught.value.hint == "git fetch --unshallow"


def test_a_hostile_name_is_refused_before_anything_is_cloned(lookup: Lookup) -> None:
    with pytest.raises(UsageError, match="is not a ref"):
        lookup("--upload-pack=touch /tmp/owned")
    assert lookup.said == []
    assert not lookup.cache.exists()


def test_a_cache_inside_another_repository_leaves_that_one_alone(
    origin: Origin, tmp_path: Path
) -> None:
    outer = Origin(tmp_path / "outer")
    outer.commit("outer", tag="v0.6.9")
    outer.git("branch", "kept")
    before = outer.git("for-each-ref")
    lookup = Lookup(origin.url, outer.path / "cache")
    assert lookup("v0.6")[0].ref == "v0.6.3"
    lookup("v0.6", fetch=True)
    # A clone that lost its content must not be looked up in, or fetched into, the outer one.
    clone = lookup.clone
    shutil.rmtree(clone)
    clone.mkdir()
    with pytest.raises(InfrastructureError, match="not a git repository"):
        lookup("v0.6", fetch=True)
    assert outer.git("for-each-ref") == before
