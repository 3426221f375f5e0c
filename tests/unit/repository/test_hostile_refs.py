"""Which names never reach git, and which that look strange do."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from harness.errors import UsageError
from harness.events import ignore
from harness.model import Side
from harness.repository import clones
from harness.repository.refs import resolve
from harness.tools.refnames import check_text
from tests.support.refs import BUILDKIT, Commits, NoGit, repository, sha

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
        ("docker/dockerfile:1", "character 18 is ':'", "image:docker/dockerfile:1"),
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
