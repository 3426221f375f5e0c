"""What a name means, where the names of a repository are known, and which names never reach git."""

from __future__ import annotations

import string
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harness import refs
from harness.errors import ExitCode, UsageError
from harness.events import ignore
from harness.model import Side
from harness.refs import Meant, Repository, UnknownRefError, check_text, releases, resolve
from harness.tools.git import Git


class NoGit(Git):
    """A git that must not be asked."""

    def __init__(self, path: Path = Path("/the/repository")) -> None:
        super().__init__(path)

    def _call(self, *args: str, **_kwargs: object) -> NoReturn:
        pytest.fail(f"git was called with {args}")


class Commits(NoGit):
    """A git that knows commits by their first digits."""

    def __init__(self, *shas: str) -> None:
        super().__init__()
        self._shas = shas

    def commit(self, rev: str) -> str | None:
        found = [sha for sha in self._shas if sha.startswith(rev)]
        return found[0] if len(found) == 1 else None


def sha(name: str) -> str:
    """Give every ref a commit of its own that a reader can tell."""
    return name.encode("utf-8", "surrogatepass").hex().ljust(40, "0")[:40]


def repository(*names: str, git: Git | None = None) -> Repository:
    return Repository(git or NoGit(), {name: sha(name) for name in names})


BUILDKIT = repository(
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
)


def meant(asked: str, side: Side = Side.SUITE, where: Repository = BUILDKIT) -> tuple[str, str]:
    found = resolve(where, asked, side)
    assert found.asked == asked
    return found.ref, found.sha


@pytest.mark.parametrize(
    ("asked", "ref", "full"),
    [
        ("v0.6.4", "v0.6.4", "refs/tags/v0.6.4"),
        ("v0.6.11-rc1", "v0.6.11-rc1", "refs/tags/v0.6.11-rc1"),
        ("master", "master", "refs/heads/master"),
        ("topic/x", "topic/x", "refs/remotes/origin/topic/x"),
        ("v0.7", "v0.7", "refs/heads/v0.7"),  # the branch, not the line's newest tag
        ("v0.6", "v0.6.10", "refs/tags/v0.6.10"),  # by number, and no release candidate
        ("v0.9", "v0.9.3", "refs/tags/v0.9.3"),
        ("dockerfile/1.4", "dockerfile/1.4.3", "refs/tags/dockerfile/1.4.3"),
        ("dockerfile/1.4.3-labs", "dockerfile/1.4.3-labs", "refs/tags/dockerfile/1.4.3-labs"),
        ("dockerfile/1.10", "dockerfile/1.10.0", "refs/tags/dockerfile/1.10.0"),
    ],
)
def test_a_name_means_a_tag_then_a_branch_then_the_newest_release_of_a_line(
    asked: str, ref: str, full: str
) -> None:
    assert meant(asked) == (ref, sha(full))


def test_a_tag_beats_a_branch_and_a_branch_a_remote_one_of_the_same_name() -> None:
    names = ["refs/tags/v0.7", "refs/heads/v0.7", "refs/remotes/origin/v0.7"]
    while names:
        assert meant("v0.7", where=repository(*names)) == ("v0.7", sha(names[0]))
        del names[0]


def test_latest_is_the_newest_release_of_each_side() -> None:
    assert meant("latest", Side.SUITE)[0] == "v0.10.0"
    assert meant("latest", Side.FRONTEND)[0] == "dockerfile/1.10.0"


def test_a_ref_called_latest_is_what_it_is_called() -> None:
    where = repository("refs/heads/latest", "refs/tags/v0.1.0")
    assert meant("latest", where=where) == ("latest", sha("refs/heads/latest"))


def test_releases_are_in_the_order_of_their_numbers() -> None:
    names = ["v0.10.0", "v0.9.12", "v0.9.2", "v0.9.10-rc1", "dockerfile/0.9.1", "v0.90.0", "v0.9"]
    assert releases(names, "v0.9.") == ["v0.9.2", "v0.9.12"]
    assert releases(names, "v") == ["v0.9.2", "v0.9.12", "v0.10.0", "v0.90.0"]
    assert releases(names, "dockerfile/") == ["dockerfile/0.9.1"]


def test_a_tag_in_digits_of_another_script_is_no_release() -> None:
    where = repository("refs/tags/v0.6.1", "refs/tags/v0.6.\N{ARABIC-INDIC DIGIT NINE}")
    assert meant("v0.6", where=where)[0] == meant("latest", where=where)[0] == "v0.6.1"


def test_a_commit_is_meant_by_all_of_its_digits_or_the_first() -> None:
    one, two = "ebcef1f69af0bbca077efa9a960a481e579a0e89", "ebcef2" + 34 * "0"
    where = repository("refs/heads/master", git=Commits(one, two))
    assert meant(one, where=where) == (one, one)
    assert meant("ebcef1f", where=where) == ("ebcef1f69af0", one)
    with pytest.raises(UnknownRefError):
        meant("ebcef", where=where)


def test_a_ref_that_looks_like_a_commit_is_a_ref() -> None:
    assert meant("deadbeef", where=repository("refs/heads/deadbeef"))[0] == "deadbeef"


@pytest.mark.parametrize(
    ("asked", "near"),
    [
        ("v0.6.12", "v0.6.10"),
        ("v0.5", "v0.7"),
        ("mster", "master"),
        ("dockerfile/1.5", "dockerfile/1.4.0"),
        ("dockerfile/1.4.3-lab", "dockerfile/1.4.3-labs"),
    ],
)
def test_an_unknown_name_is_a_usage_error_with_near_matches(asked: str, near: str) -> None:
    with pytest.raises(UnknownRefError, match="/the/repository") as caught:
        resolve(BUILDKIT, asked, Side.SUITE)
    assert caught.value.exit_code is ExitCode.USAGE
    assert caught.value.hint.startswith("near: ")
    assert near in caught.value.hint.removeprefix("near: ").split(", ")


def test_an_unknown_name_that_nothing_is_near_has_another_hint() -> None:
    with pytest.raises(UnknownRefError) as caught:
        resolve(BUILDKIT, "xyzzy/plugh", Side.SUITE)
    assert "--fetch" in caught.value.hint


def test_a_line_with_prereleases_alone_has_no_release() -> None:
    with pytest.raises(UnknownRefError, match=r"'v0\.11' has no release"):
        resolve(BUILDKIT, "v0.11", Side.SUITE)


HOSTILE = [
    "--upload-pack=touch /tmp/owned",
    "-x",
    "--",
    "",
    " ",
    "master\n",
    "master\nv0.6.4",
    "master ",
    "ma ster",
    "\x1b[31mmaster",
    "master\x00",
    "a..b",
    "v0.6.4...master",
    "@{-1}",
    "master@{1}",
    "master^",
    "master~1",
    "master:README.md",
    ":/fix",
    "refs/../x",
    "../../etc/passwd",
    "/etc/passwd",
    "a//b",
    "master/",
    "master.",
    "*",
    "v0.[6]",
    "$(id)",
    "`id`",
    "a\\b",
    "x" * 10_000,
    "\u202emaster",
    "mаster",  # noqa: RUF001 - the second letter is Cyrillic
    "\udcff",
]


@pytest.mark.parametrize("asked", HOSTILE)
def test_a_hostile_name_is_refused_before_git_hears_of_it(asked: str) -> None:
    for where in (BUILDKIT, repository(f"refs/heads/{asked}")):
        with pytest.raises(UsageError, match="is not a ref"):
            resolve(where, asked, Side.SUITE)


@pytest.mark.parametrize("where", ["https://example.com/buildkit.git", "/somewhere"])
def test_a_hostile_name_is_refused_before_a_repository_is_looked_for(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refs, "Git", NoGit)
    monkeypatch.setattr(refs, "clone", pytest.fail)
    for asked in HOSTILE:
        both = [("master", Side.SUITE), (asked, Side.FRONTEND)]
        with pytest.raises(UsageError, match="is not a ref"):
            refs.find(where, both, cache=tmp_path / "cache", fetch=True, listener=ignore)
    assert not (tmp_path / "cache").exists()


SAFE = frozenset(string.ascii_letters + string.digits + "_./+-")


class Recording(NoGit):
    """A git that keeps what it is asked for and knows nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def commit(self, rev: str) -> str | None:
        self.asked.append(rev)
        return None


@given(st.text() | st.text(alphabet="-.@/{}:^~ \n\x00aev0123456789", max_size=30))
@example("v0.6.4")
@example("abcdef")
def test_only_plain_digits_of_a_commit_ever_reach_git(asked: str) -> None:
    git = Recording()
    try:
        resolve(repository("refs/tags/v0.6.4", git=git), asked, Side.SUITE)
    except UsageError:
        assert asked != "v0.6.4"
    assert all(set(rev) <= set(string.hexdigits) for rev in git.asked)


@given(st.text())
def test_what_passes_the_check_is_no_option_no_path_upwards_and_of_bounded_length(
    asked: str,
) -> None:
    try:
        check_text(asked)
    except UsageError:
        return
    assert set(asked) <= SAFE
    assert not asked.startswith("-")
    assert ".." not in asked
    assert 0 < len(asked) <= 200


@given(st.from_regex(r"v[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}(-rc[0-9])?", fullmatch=True))
def test_every_release_name_passes_and_means_itself(name: str) -> None:
    where = repository(f"refs/tags/{name}")
    assert resolve(where, name, Side.SUITE) == Meant(name, name, sha(f"refs/tags/{name}"))


versions = st.tuples(*[st.integers(0, 30)] * 3)


@given(st.sets(versions, min_size=1), st.integers(0, 30), st.integers(0, 30))
def test_a_line_means_its_greatest_release_by_number(
    found: set[tuple[int, int, int]], major: int, minor: int
) -> None:
    names: Mapping[str, str] = {f"refs/tags/v{a}.{b}.{c}": sha(f"{a}.{b}.{c}") for a, b, c in found}
    patches = [patch for a, b, patch in found if (a, b) == (major, minor)]
    where = Repository(NoGit(), names)
    if patches:
        expected = f"v{major}.{minor}.{max(patches)}"
        assert resolve(where, f"v{major}.{minor}", Side.SUITE).ref == expected
    else:
        with pytest.raises(UnknownRefError):
            resolve(where, f"v{major}.{minor}", Side.SUITE)


def test_a_tag_of_absurd_figures_is_no_release() -> None:
    absurd = f"v0.6.{'9' * 5000}"
    assert refs.releases(["v0.6.4", absurd], "v0.6.") == ["v0.6.4"]
