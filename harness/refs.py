"""From the names people type to commits.

An exact tag, branch or commit wins; else `v0.6` and `dockerfile/1.4` mean the newest release
of that line, and `latest` the newest release of all; else the error lists near matches.
"""

from __future__ import annotations

import difflib
import hashlib
import re
import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from packaging.version import Version

from harness.errors import UsageError
from harness.events import Listener, Said
from harness.model import Side
from harness.tools.credentials import remote_of
from harness.tools.git import Git, GitFailed, clone
from harness.tools.graph import Graph
from harness.tools.homes import expanded
from harness.tools.locks import held
from harness.tools.redaction import redact

DEFAULT_REPOSITORY = "https://github.com/moby/buildkit.git"

REPOSITORIES = "repos"
LOCK = ".lock"
PART = ".part"
"""The folder of clones in the cache; what follows a clone's name while it is locked, or made."""

_NAME = re.compile(r"(?![-./])(?!.*\.\.)(?!.*//)[A-Za-z0-9_./+-]{1,200}(?<![./])")
_SHA = re.compile(r"[0-9a-fA-F]{4,40}")
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|[^/]+@[^/]+:")
_FULL_SHA_DIGITS = 40
_RELEASE = re.compile(
    r"(?:v|dockerfile/)[0-9]{1,9}(\.[0-9]{1,9}){2}"
)  # \d takes every script's digits
_LINE = re.compile(r"(?:v|dockerfile/)[0-9]+\.[0-9]+")
_NAMESPACES = ("refs/tags/", "refs/heads/", "refs/remotes/origin/")
_PATIENCE = 3600.0
"""Seconds to wait for another run that clones or fetches the same repository."""

_REPO_HINT = "give --repo a clone of moby/buildkit, a URL, or set COMPAT_REPO"
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

    def named(self, name: str) -> str | None:
        """Give the commit that a tag or branch of this name points at; tags first."""
        for namespace in _NAMESPACES:
            if sha := self.refs.get(namespace + name):
                return sha
        return None

    def tags(self) -> dict[str, str]:
        """Give every tag and its commit."""
        prefix = _NAMESPACES[0]
        return {n.removeprefix(prefix): s for n, s in self.refs.items() if n.startswith(prefix)}


@dataclass(frozen=True)
class Meant:
    """A name that was asked for and what it means."""

    asked: str
    ref: str
    sha: str


class UnknownRefError(UsageError):
    """No tag, branch, commit or release line bears this name."""


def find(
    where: str,
    asked: Sequence[tuple[str, Side]],
    *,
    cache: Path,
    fetch: bool,
    listener: Listener,
) -> tuple[Repository, list[Meant]]:
    """Open a repository and find what each name means there.

    A local path is only ever read. A URL has a bare clone in the cache, made on first use and
    fetched when a name is missing or `fetch` asks for it. Raises UsageError for a name that
    cannot be a ref, one that is not there, or a path without a repository; GitFailed if a URL
    cannot be reached.
    """
    for text, _ in asked:
        check_text(text)
    if not _URL.match(where):
        repository = _open_local(expanded(where))
        return repository, [resolve(repository, text, side) for text, side in asked]
    repository, fresh = _open_clone(where, cache, fetch=fetch, listener=listener)
    try:
        return repository, [resolve(repository, text, side) for text, side in asked]
    except UnknownRefError as unknown:
        if fresh:
            raise
        try:
            repository, _ = _open_clone(where, cache, fetch=True, listener=listener)
        except GitFailed as error:
            listener(Said(f"the clone could not be updated: {error}"))
            raise unknown from error
    return repository, [resolve(repository, text, side) for text, side in asked]


def _open_clone(
    url: str, cache: Path, *, fetch: bool, listener: Listener
) -> tuple[Repository, bool]:
    remote = remote_of(url)
    name = hashlib.sha256(remote.url.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    folder = cache / REPOSITORIES / f"{name}.git"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with held(folder.with_suffix(LOCK), patience=_PATIENCE):
        git = Git(folder)
        missing = not folder.is_dir()
        if missing:
            listener(Said(f"cloning {redact(remote.url)}, once"))
            # A clone that was killed half-way keeps this name; only the finished one counts.
            unfinished = folder.with_suffix(PART)
            if unfinished.exists():
                shutil.rmtree(unfinished)
            clone(remote, unfinished)
            unfinished.rename(folder)
        elif fetch:
            listener(Said(f"fetching {redact(remote.url)}"))
            git.fetch(remote)
    return Repository(git, dict(git.refs())), missing or fetch


def check_text(asked: str) -> None:
    """Refuse what cannot be a ref before any tool sees it.

    Raises UsageError for options, control characters, blanks and git's revision operators.
    """
    if not _NAME.fullmatch(asked):
        raise UsageError(
            f"{asked!r} is not a ref",
            hint="give a tag, a branch, a commit, or a release line such as v0.6",
        )


def resolve(repository: Repository, asked: str, side: Side) -> Meant:
    """Find the commit that `asked` means; `latest` depends on the side of the pair.

    Raises UsageError with near matches if nothing bears that name.
    """
    check_text(asked)
    if sha := repository.named(asked):
        return Meant(asked, asked, sha)
    if asked == "latest":
        return _newest(repository, asked, _LATEST[side])
    if _LINE.fullmatch(asked):
        return _newest(repository, asked, f"{asked}.")
    if _SHA.fullmatch(asked) and (sha := repository.git.commit(asked)):
        return Meant(asked, sha if len(asked) == _FULL_SHA_DIGITS else sha[:12], sha)
    raise UnknownRefError(
        f"no ref {asked!r} in {repository.git.path}", hint=near(repository, asked)
    )


def releases(names: Iterable[str], prefix: str) -> list[str]:
    """Give the release tags that begin with `prefix`, oldest first; prereleases never."""
    found = [n for n in names if n.startswith(prefix) and _RELEASE.fullmatch(n)]
    return sorted(found, key=version_of)


def version_of(tag: str) -> Version:
    """Give the version in a release tag: `v0.6.4` and `dockerfile/1.4.0` alike."""
    return Version(tag.removeprefix("dockerfile/").removeprefix("v"))


def _open_local(folder: Path) -> Repository:
    git = Git(folder)
    try:
        if not folder.is_dir():
            raise UsageError(f"{folder} is no folder", hint=_REPO_HINT)
        git.check()
    except GitFailed as error:
        raise UsageError(f"cannot use {folder}: {error}", hint=error.hint or _REPO_HINT) from error
    return Repository(git, dict(git.refs()))


def _newest(repository: Repository, asked: str, prefix: str) -> Meant:
    tags = repository.tags()
    if not (found := releases(tags, prefix)):
        raise UnknownRefError(
            f"{asked!r} has no release in {repository.git.path}", hint=near(repository, asked)
        )
    return Meant(asked, found[-1], tags[found[-1]])


def near(repository: Repository, asked: str) -> str:
    """Say what to do about a name that is not there: names like it, if there are any."""
    names = {
        name.removeprefix(space)
        for name in repository.refs
        for space in _NAMESPACES
        if name.startswith(space)
    }
    close = difflib.get_close_matches(asked, sorted(names), n=5, cutoff=0.5)
    return f"near: {', '.join(close)}" if close else "--fetch updates a cached clone"
