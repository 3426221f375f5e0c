"""What a name means, where the names of a repository are known."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.errors import ExitCode
from harness.model import Side
from harness.repository import refs
from harness.repository.refs import Repository, ResolvedRef, UnknownRefError, releases, resolve
from tests.support.refs import BUILDKIT, Commits, NoGit, meant, repository, sha


@pytest.mark.parametrize(
    ("asked", "ref", "full"),
    [
        ("v0.6.4", "v0.6.4", "refs/tags/v0.6.4"),
        ("v0.6.11-rc1", "v0.6.11-rc1", "refs/tags/v0.6.11-rc1"),
        ("master", "master", "refs/heads/master"),
        ("topic/x", "topic/x", "refs/remotes/origin/topic/x"),
        ("origin/topic/x", "topic/x", "refs/remotes/origin/topic/x"),
        ("fork/topic/y", "fork/topic/y", "refs/remotes/fork/topic/y"),
        ("origin", "origin/HEAD", "refs/remotes/origin/HEAD"),
        ("fix#12", "fix#12", "refs/heads/fix#12"),
        ("heads/master", "master", "refs/heads/master"),
        ("tags/v0.6.4", "v0.6.4", "refs/tags/v0.6.4"),
        ("remotes/origin/topic/x", "topic/x", "refs/remotes/origin/topic/x"),
        ("refs/heads/master", "master", "refs/heads/master"),
        ("refs/tags/v0.6.4", "v0.6.4", "refs/tags/v0.6.4"),
        ("refs/remotes/origin/topic/x", "topic/x", "refs/remotes/origin/topic/x"),
        # What GITHUB_REF and GITHUB_REF_NAME hold, where a checkout has it of the remote alone.
        ("refs/heads/topic/x", "topic/x", "refs/remotes/origin/topic/x"),
        ("refs/pull/7/merge", "pull/7/merge", "refs/remotes/pull/7/merge"),
        ("pull/7/merge", "pull/7/merge", "refs/remotes/pull/7/merge"),
        ("7/merge", "pull/7/merge", "refs/remotes/pull/7/merge"),
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


@pytest.mark.parametrize(
    ("names", "asked", "ref", "told"),
    [
        (("tags/x", "heads/x"), "x", "x", "x is refs/tags/x here, not refs/heads/x: write refs"),
        (("tags/x", "heads/x"), "heads/x", "heads/x", ""),
        (("tags/x", "heads/x"), "refs/heads/x", "heads/x", ""),
        (("heads/x", "remotes/origin/x"), "x", "x", ""),
        (("heads/x", "remotes/origin/x"), "origin/x", "origin/x", ""),
        (("heads/v0.6", "tags/v0.6.4"), "v0.6", "v0.6", "not the newest release of that line"),
        (("heads/-x",), "refs/heads/-x", "heads/-x", ""),
        (("heads/HEAD",), "refs/heads/HEAD", "heads/HEAD", ""),
    ],
)
def test_a_name_with_two_meanings_is_told_and_its_short_name_means_it_again(
    names: tuple[str, ...], asked: str, ref: str, told: str
) -> None:
    where = repository(*(f"refs/{name}" for name in names), git=Commits())
    found = resolve(where, asked, Side.SUITE)
    assert found.ref == ref
    assert told in found.note
    assert bool(told) == bool(found.note)
    assert resolve(where, ref, Side.SUITE).sha == found.sha


@pytest.mark.parametrize("asked", ["HEAD", "@"])
def test_head_is_what_the_repository_has_checked_out_and_no_remote_s(asked: str) -> None:
    git = Commits(HEAD=sha("here"))
    where = repository("refs/remotes/origin/HEAD", "refs/heads/master", git=git)
    assert resolve(where, asked, Side.SUITE) == ResolvedRef(asked, "HEAD", sha("here"))
    assert where.branch("HEAD") is None
    with pytest.raises(UnknownRefError, match="leads to no commit"):
        resolve(repository("refs/remotes/origin/HEAD", git=Commits()), asked, Side.SUITE)


def test_a_branch_called_head_is_not_head_which_is_told() -> None:
    where = repository("refs/heads/HEAD", git=Commits(HEAD=sha("here")))
    found = resolve(where, "HEAD", Side.SUITE)
    assert found.sha == sha("here")
    assert "not refs/heads/HEAD: write refs/heads/HEAD" in found.note


def test_all_digits_are_a_commit_whatever_branch_bears_them_and_a_beginning_is_not() -> None:
    commit = "ebcef1f69af0bbca077efa9a960a481e579a0e89"
    git = Commits(commit)
    where = repository(f"refs/heads/{commit}", "refs/heads/ebcef1f", git=git)
    whole = resolve(where, commit, Side.SUITE)
    assert (whole.ref, whole.sha) == (commit, commit)
    assert f"not refs/heads/{commit}" in whole.note
    short = resolve(where, "ebcef1f", Side.SUITE)
    assert (short.ref, short.sha) == ("ebcef1f", sha("refs/heads/ebcef1f"))
    assert f"not the commit {commit}" in short.note
    assert resolve(where, f"refs/heads/{commit}", Side.SUITE).ref == f"heads/{commit}"


def test_what_git_describe_prints_is_the_commit_in_it() -> None:
    commit = "d906167d0" + 31 * "0"
    where = repository("refs/tags/v0.12.0", git=Commits(commit))
    assert meant("v0.12.0-657-gd906167d0", where=where) == (commit[:12], commit)


def test_a_beginning_of_several_ids_is_refused_with_these() -> None:
    where = repository(git=Commits("abcd1" + 35 * "0", "abcd2" + 35 * "0"))
    with pytest.raises(UnknownRefError, match="'abcd' begins the ids of 2 commits") as caught:
        resolve(where, "abcd", Side.SUITE)
    assert caught.value.hint == "give more digits: abcd10000000, abcd20000000"


def test_a_pull_request_that_is_not_here_comes_with_the_command_that_fetches_it() -> None:
    with pytest.raises(UnknownRefError) as caught:
        resolve(BUILDKIT, "8/merge", Side.SUITE)
    assert "git fetch origin +refs/pull/8/merge:refs/pull/8/merge" in caught.value.hint


def test_a_letter_that_only_looks_like_another_is_named() -> None:
    with pytest.raises(UnknownRefError) as caught:
        resolve(BUILDKIT, "m\u0430ster", Side.SUITE)
    assert caught.value.hint.startswith("near: master")
    assert "U+0430 CYRILLIC SMALL LETTER A" in caught.value.hint


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
    where = repository("refs/heads/deadbeef", git=Commits())
    assert meant("deadbeef", where=where)[0] == "deadbeef"


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


@given(st.from_regex(r"v[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}(-rc[0-9])?", fullmatch=True))
def test_every_release_name_passes_and_means_itself(name: str) -> None:
    where = repository(f"refs/tags/{name}")
    assert resolve(where, name, Side.SUITE) == ResolvedRef(name, name, sha(f"refs/tags/{name}"))


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
