"""Opens the repository that is named: a folder here, or a clone in the cache of one elsewhere."""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Sequence
from pathlib import Path

from harness.errors import UsageError
from harness.events import Listener, Said
from harness.model import Side
from harness.repository.credentials import Remote, remote_of
from harness.repository.git import Git, GitFailed, clone
from harness.repository.refs import Repository, ResolvedRef, UnknownRefError, pull_of, resolve
from harness.tools.homes import expanded
from harness.tools.locks import held
from harness.tools.redaction import redact
from harness.tools.refnames import check_text

DEFAULT_REPOSITORY = "https://github.com/moby/buildkit.git"

REPOSITORIES = "repos"
"""The folder of clones in the cache."""
LOCK = ".lock"
"""Follows a clone's name while it is locked."""
PART = ".part"
"""Follows a clone's name while it is made."""

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://|[^/]+@[^/]+:")

_PATIENCE = 3600.0
"""Seconds to wait for another run that clones or fetches the same repository."""

_REPO_HINT = "give --repo a clone of moby/buildkit, a URL, or set COMPAT_REPO"


def find(
    where: str,
    asked: Sequence[tuple[str, Side]],
    *,
    cache: Path,
    fetch: bool,
    listener: Listener,
) -> tuple[Repository, list[ResolvedRef]]:
    """Open a repository and find what each name means there.

    A local path is only ever read. A URL has a bare clone in the cache, made on first use and
    fetched when a name is missing or `fetch` asks for it. Raises UsageError for a name that
    cannot be a ref, one that is not there, or a path without a repository; GitFailed if a URL
    cannot be reached.
    """
    for text, _ in asked:
        check_text(text)
    pulls = [found for text, _ in asked if (found := pull_of(text))]
    if not is_url(where):
        repository = _open_local(expanded(where))
        return repository, _resolved(repository, asked, listener)
    repository, fresh = _open_clone(where, cache, pulls, fetch=fetch, listener=listener)
    try:
        return repository, _resolved(repository, asked, listener)
    except UnknownRefError as unknown:
        if fresh:
            raise
        try:
            repository, _ = _open_clone(where, cache, pulls, fetch=True, listener=listener)
        except GitFailed as error:
            listener(Said(f"the clone could not be updated: {error}"))
            raise unknown from error
    return repository, _resolved(repository, asked, listener)


def _resolved(
    repository: Repository, asked: Sequence[tuple[str, Side]], listener: Listener
) -> list[ResolvedRef]:
    meant = [resolve(repository, text, side) for text, side in asked]
    for note in dict.fromkeys(one.note for one in meant if one.note):
        listener(Said(note))
    return meant


def at_hand(where: str, *, cache: Path) -> Path | None:
    """Return the folder of a repository, or of a URL's clone in the cache; None without one.

    Nothing is cloned or fetched.
    """
    folder = _clone_of(remote_of(where), cache) if is_url(where) else expanded(where)
    return folder if folder.is_dir() else None


def is_url(where: str) -> bool:
    """Return whether this is a repository elsewhere, and no path."""
    return _URL.match(where) is not None


def _clone_of(remote: Remote, cache: Path) -> Path:
    name = hashlib.sha256(remote.url.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return cache / REPOSITORIES / f"{name}.git"


def _open_clone(
    url: str, cache: Path, pulls: Sequence[str], *, fetch: bool, listener: Listener
) -> tuple[Repository, bool]:
    remote = remote_of(url)
    folder = _clone_of(remote, cache)
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
        for pull in pulls:
            if fetch or git.commit(pull) is None:
                listener(Said(f"fetching {pull} of {redact(remote.url)}"))
                git.fetch_one(remote, pull)
    return Repository(git, dict(git.refs())), missing or fetch


def _open_local(folder: Path) -> Repository:
    git = Git(folder)
    try:
        if not folder.is_dir():
            bundle = f"if it is a bundle, git clone --mirror {folder} makes one; or {_REPO_HINT}"
            hint = bundle if folder.is_file() else _REPO_HINT
            raise UsageError(f"{folder} is no folder", hint=hint)
        git.check()
    except GitFailed as error:
        raise UsageError(f"cannot use {folder}: {error}", hint=error.hint or _REPO_HINT) from error
    return Repository(git, dict(git.refs()))
