"""From the names people type to commits.

A name means what git means by it (gitrevisions(7)): HEAD, then a full name, a tag, a branch, a
branch of a remote. Else `v0.6` and `dockerfile/1.4` mean the newest release of that line, and
`latest` the newest release of all; else the error lists near matches.
"""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from packaging.version import Version

from harness.errors import UsageError
from harness.model import Published, Side
from harness.repository.git import Git
from harness.repository.graph import Graph
from harness.tools.refnames import check_text

_SHA = re.compile(r"[0-9a-fA-F]{4,40}")
_FULL_SHA_DIGITS = 40
_RELEASE = re.compile(
    r"(?:v|dockerfile/)[0-9]{1,9}(\.[0-9]{1,9}){2}"
)  # \d takes every script's digits
_LINE = re.compile(r"(?:v|dockerfile/)[0-9]+\.[0-9]+")

_DESCRIBED = re.compile(r".+-[0-9]+-g([0-9a-f]{4,40})")
"""What `git describe` prints."""
_SPECIAL = re.compile(r"@|[A-Z_]*HEAD")

# What GITHUB_REF and GITHUB_REF_NAME hold in a job of a pull request.
_PULL = re.compile(r"(?:refs/)?((?:pull|merge-requests)/[0-9]{1,9}/(?:head|merge))")
_PULL_NUMBER = re.compile(r"[0-9]{1,9}/(?:head|merge)")

_TAGS, _HEADS, _ORIGIN = "refs/tags/", "refs/heads/", "refs/remotes/origin/"
_NAMESPACES = (_TAGS, _HEADS, _ORIGIN)

_GITS = ("", "refs/", _TAGS, _HEADS, "refs/remotes/")
"""What git puts before a name, in its order of precedence (gitrevisions(7))."""

_SHORTENED = (*_NAMESPACES, "refs/remotes/", "refs/")

_MOST_NEAR = 5
_LATEST = {Side.SUITE: "v", Side.FRONTEND: "dockerfile/"}


@dataclass(frozen=True)
class Repository:
    """A repository together with its names, read once: full ref name → commit."""

    git: Git
    refs: Mapping[str, str]

    @cached_property
    def graph(self) -> Graph:
        """Ancestry of the commits behind these names."""
        return Graph(self.git)

    def full(self, name: str) -> str | None:
        """Return the full name of the tag or branch that a name means; None if there is none.

        Git's order; after it, branches of the remote `origin` go by their own names, as in the
        work tree of a CI job, where nothing else of them is there.
        """
        return next((it for it in _spellings(name) if it in self.refs), None)

    def branch(self, name: str) -> str | None:
        """Return the commit of a branch, here or else of the remote `origin`."""
        found = (self.refs.get(space + name) for space in (_HEADS, _ORIGIN) if name != "HEAD")
        return next((sha for sha in found if sha), None)

    def tags(self) -> dict[str, str]:
        """Return every tag and its commit."""
        return {n.removeprefix(_TAGS): s for n, s in self.refs.items() if n.startswith(_TAGS)}


@dataclass(frozen=True)
class ResolvedRef:
    """A name that was asked for and what it means."""

    asked: str
    ref: str
    sha: str
    note: str = ""
    """What else the name could mean here, and how to say that; empty if it is plain."""
    image: Published | None = None
    """The published image that was asked for; the rest says of which commit it is."""
    platform: str = ""
    """Of pairs that can have the image; empty for a commit, which any pair can."""


class UnknownRefError(UsageError):
    """No tag, branch, commit or release line bears this name."""


def resolve(repository: Repository, asked: str, side: Side) -> ResolvedRef:
    """Find the commit that `asked` means; `latest` depends on the side of the pair.

    Raises UsageError with near matches if nothing bears that name.
    """
    check_text(asked)
    ways = (_checked_out, _by_all_digits, _tag_or_branch, _release, _by_digits, _unlisted)
    for way in ways:
        if found := way(repository, asked, side):
            return found
    raise UnknownRefError(
        f"no ref {asked!r} in {repository.git.path}", hint=near(repository, asked)
    )


def _checked_out(repository: Repository, asked: str, _side: Side) -> ResolvedRef | None:
    """Find HEAD, for which git also writes @, or what else git keeps so, such as FETCH_HEAD."""
    if not _SPECIAL.fullmatch(asked):
        return None
    git, name = repository.git, "HEAD" if asked == "@" else asked
    if sha := git.commit(name):
        return ResolvedRef(
            asked, name, sha, _other(repository, f"{name} of this repository", name, sha)
        )
    if name == "HEAD":
        hint = "give a branch, a tag or a commit"
        raise UnknownRefError(f"{asked} of {git.path} leads to no commit", hint=hint)
    return None


def _by_all_digits(repository: Repository, asked: str, _side: Side) -> ResolvedRef | None:
    """Find a commit by its whole id, which for git is that whatever refs bear the name."""
    sha = repository.git.commit(asked) if _whole(asked) else None
    return ResolvedRef(asked, sha, sha, _other(repository, "a commit", asked, sha)) if sha else None


def _tag_or_branch(repository: Repository, asked: str, _side: Side) -> ResolvedRef | None:
    if not (full := repository.full(asked)):
        return None
    note = _ambiguous(repository, asked, full)
    return ResolvedRef(asked, _short(repository, full), repository.refs[full], note)


def _release(repository: Repository, asked: str, side: Side) -> ResolvedRef | None:
    if asked == "latest":
        return _newest(repository, asked, _LATEST[side])
    return _newest(repository, asked, f"{asked}.") if _LINE.fullmatch(asked) else None


def _by_digits(repository: Repository, asked: str, _side: Side) -> ResolvedRef | None:
    """Find a commit by the first digits of its id, or by what `git describe` prints."""
    described = _DESCRIBED.fullmatch(asked)
    digits = described[1] if described else asked
    if not _SHA.fullmatch(digits):
        return None
    git = repository.git
    if sha := git.commit(digits):
        return ResolvedRef(asked, sha if _whole(digits) else sha[:12], sha)
    if several := git.commits(digits):
        more = f" and {len(several) - _MOST_NEAR} more" if len(several) > _MOST_NEAR else ""
        shown = ", ".join(sha[:12] for sha in several[:_MOST_NEAR])
        raise UnknownRefError(
            f"{asked!r} begins the ids of {len(several)} commits in {git.path}",
            hint=f"give more digits: {shown}{more}",
        )
    return None


def _unlisted(repository: Repository, asked: str, _side: Side) -> ResolvedRef | None:
    """Find a ref that is neither tag nor branch, such as a pull request's."""
    full = pull_of(asked) or f"refs/{asked.removeprefix('refs/')}"
    sha = repository.git.commit(full)
    return ResolvedRef(asked, full.removeprefix("refs/"), sha) if sha else None


def _spellings(name: str) -> Iterator[str]:
    """Yield the full names that a name may stand for, the first that is there counts."""
    yield from (f"{space}{name}" for space in _GITS)
    yield f"refs/remotes/{name}/HEAD"
    yield _ORIGIN + name
    if name.startswith(_HEADS):  # as GITHUB_REF names what a checkout has of the remote alone
        yield _ORIGIN + name.removeprefix(_HEADS)
    if pull := pull_of(name):
        yield pull.replace("refs/", "refs/remotes/", 1)


def pull_of(name: str) -> str | None:
    """Return the full name of a pull request's commit, however it is called."""
    if _PULL_NUMBER.fullmatch(name):
        return f"refs/pull/{name}"
    found = _PULL.fullmatch(name)
    return f"refs/{found[1]}" if found else None


def _whole(name: str) -> bool:
    return len(name) == _FULL_SHA_DIGITS and bool(_SHA.fullmatch(name))


def _ambiguous(repository: Repository, asked: str, full: str) -> str:
    """Return what else the name of a tag or branch could mean, if that is another commit."""
    sha = repository.refs[full]
    if other := _other(repository, full, asked, sha):
        return other
    if _LINE.fullmatch(asked) and (found := releases(repository.tags(), f"{asked}.")):
        newest = found[-1]
        if repository.refs[_TAGS + newest] != sha:
            return f"{asked} is {full} here, not the newest release of that line, {newest}"
    if _SHA.fullmatch(asked) and (commits := repository.git.commits(asked.lower())):
        return f"{asked} is {full} here, not the commit {commits[0]}"
    return ""


def _other(repository: Repository, meant: str, asked: str, sha: str) -> str:
    names = (f"{space}{asked}" for space in _GITS)
    found = (name for name in names if repository.refs.get(name, sha) != sha)
    other = next(found, "")
    return f"{asked} is {meant} here, not {other}: write {other} for that" if other else ""


def _short(repository: Repository, full: str) -> str:
    """Return the shortest name that means a ref here, so that it has one name in every report."""
    shorter = (full.removeprefix(space) for space in _SHORTENED if full.startswith(space))
    return next((it for it in shorter if _plain(it) and repository.full(it) == full), full)


def _plain(name: str) -> bool:
    return not (name.startswith("-") or _SPECIAL.fullmatch(name) or _whole(name))


def releases(names: Iterable[str], prefix: str) -> list[str]:
    """Return the release tags that begin with `prefix`, oldest first; prereleases never."""
    found = [n for n in names if n.startswith(prefix) and _RELEASE.fullmatch(n)]
    return sorted(found, key=version_of)


def version_of(tag: str) -> Version:
    """Return the version in a release tag: `v0.6.4` and `dockerfile/1.4.0` alike."""
    return Version(tag.removeprefix("dockerfile/").removeprefix("v"))


def _newest(repository: Repository, asked: str, prefix: str) -> ResolvedRef:
    tags = repository.tags()
    if not (found := releases(tags, prefix)):
        raise UnknownRefError(
            f"{asked!r} has no release in {repository.git.path}", hint=near(repository, asked)
        )
    return ResolvedRef(asked, found[-1], tags[found[-1]])


def near(repository: Repository, asked: str) -> str:
    """Return what to do about a name that is not there: names like it, if there are any."""
    names = {
        name.removeprefix(space)
        for name in repository.refs
        for space in _NAMESPACES
        if name.startswith(space) and name != f"{_ORIGIN}HEAD"
    }
    plain = re.sub(r"\A(refs/)?(heads/|tags/|remotes/)?(origin/)?", "", asked)
    close = difflib.get_close_matches(plain, sorted(names), n=_MOST_NEAR, cutoff=0.5)
    foreign = ", ".join(f"U+{ord(it):04X} {unicodedata.name(it, '')}" for it in asked if it > "~")
    told = f"near: {', '.join(close)}" if close else "--fetch updates a cached clone"
    if pull := pull_of(asked):
        told = f"git fetch origin +{pull}:{pull} gets it there"
    return f"{told}; {asked!r} holds {foreign}" if foreign else told
