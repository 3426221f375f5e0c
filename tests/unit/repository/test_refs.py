"""What a name means, where the names of a repository are known, and which names never reach git."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harness.errors import ExitCode, UsageError
from harness.events import ignore
from harness.model import Side
from harness.repository import clones, refs
from harness.repository.git import Git
from harness.repository.refs import Repository, ResolvedRef, UnknownRefError, releases, resolve
from harness.tools.refnames import check_text


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
    "@{u}",
    ".git",
    "a/.b",
    "v0.6.lock",
    "v0.6.lock/x",
    "a\\b",
    "x" * 10_000,
    "\u202emaster",
    "ma\u200dster",
    "ma\u00a0ster",
    "ma\u2028ster",
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
    monkeypatch.setattr(clones, "Git", NoGit)
    monkeypatch.setattr(clones, "clone", pytest.fail)
    for asked in HOSTILE:
        both = [("master", Side.SUITE), (asked, Side.FRONTEND)]
        with pytest.raises(UsageError, match="is not a ref"):
            clones.find(where, both, cache=tmp_path / "cache", fetch=True, listener=ignore)
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize(
    ("asked", "why", "hint"),
    [
        ("master~3", "character 7 is '~'", "`git rev-parse 'master~3'`"),
        ("HEAD^", "character 5 is '^'", "`git rev-parse 'HEAD^'`"),
        ("master@{1}", "character 7 begins '@{'", "`git rev-parse 'master@{1}'`"),
        ("v0.6..master", "character 5 begins '..'", "give a tag"),
        ("fix 12", "character 4 is a blank", "give a tag"),
        ("-x", "write refs/heads/-x for a branch", "give a tag"),
        ("\u202emaster", "U+202E RIGHT-TO-LEFT OVERRIDE, a character that cannot be", "give a"),
        ("\udcff", "character 1 is U+DCFF, a byte that is no UTF-8", "give a tag"),
        ("a\tb", "character 2 is U+0009, a control character", "give a tag"),
        ("", "it is empty", "give a tag"),
        ("x" * 501, "501 characters, more than 500", "give a tag"),
        ("a/.b", "part '.b' begins with a dot", "give a tag"),
        ("a.lock/b", "part 'a.lock' ends in .lock", "give a tag"),
        ("a.", "last character is '.'", "give a tag"),
        ("a//b", "a part between its slashes is empty", "give a tag"),
    ],
)
def test_a_refusal_says_which_character_and_why(asked: str, why: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_text(asked)
    assert why in str(caught.value)
    assert hint in caught.value.hint


TAKEN = [
    "dependabot/npm_and_yarn/@types/node-18",
    "fix#12",
    "a=b",
    "\u00fcmlaut",
    "\u65e5\u672c",
    "$(id)",
    "`id`",
    "it's",
    'a|b<c>&%0A"',
    "renovate/foo-1.x",
    "@",
    "a@b",
    "{x}",
]


@pytest.mark.parametrize("name", TAKEN)
def test_a_name_that_git_allows_is_taken(name: str) -> None:
    git = Commits(HEAD=sha("refs/heads/@"))
    found = resolve(repository(f"refs/heads/{name}", git=git), name, Side.SUITE)
    assert found.sha == sha(f"refs/heads/{name}")
    assert found.ref == ("HEAD" if name == "@" else name)


class Recording(NoGit):
    """A git that keeps what it is asked for and knows nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[str] = []

    def commit(self, rev: str) -> str | None:
        self.asked.append(rev)
        return None

    def commits(self, digits: str) -> list[str]:
        self.asked.append(digits)
        return []


OPERATORS = ("..", "@{", "~", "^", ":", " ", "*", "?", "[", "\\", "\n", "\0")

texts = st.text() | st.text(alphabet="-.@/{}:^~ \n\x00aev0123456789", max_size=30)


@given(texts)
@example("v0.6.4")
@example("abcdef")
def test_no_option_and_no_expression_ever_reaches_git(asked: str) -> None:
    git = Recording()
    try:
        resolve(repository("refs/tags/v0.6.4", git=git), asked, Side.SUITE)
    except UsageError:
        assert asked != "v0.6.4"
    for rev in git.asked:
        assert not rev.startswith("-")
        assert not [it for it in OPERATORS if it in rev]


@given(texts)
def test_what_passes_the_check_is_no_option_no_path_upwards_and_of_bounded_length(
    asked: str,
) -> None:
    try:
        check_text(asked)
    except UsageError:
        return
    assert asked.isprintable() or not asked.isascii()
    assert not asked.startswith(("-", "/", "."))
    assert not [it for it in OPERATORS if it in asked]
    assert 0 < len(asked) <= 500


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
