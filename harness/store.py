"""Content-addressed artefacts: built once, published by one rename, never changed afterwards.

    <root>/<kind>/<key>/        published
    <root>/tmp/<kind>-<key>/    being made, in a folder of one maker's own below it
    <root>/locks/<kind>-<key>   held while making, released by the kernel if its holder dies

A process killed at any point leaves at most a folder in tmp, which the next maker of the same
key removes before it begins. A compiler that outlived its killed maker still knows only the old
maker's folder.
"""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
from platformdirs import user_cache_path

from harness.errors import InfrastructureError, UsageError
from harness.tools.locks import held

_KEY_DIGITS = 24
_FULL = os.strerror(errno.ENOSPC)
"""What our own writes and the words of every program that we run say of a full disk."""


@dataclass(frozen=True)
class Published:
    """A folder of the store that is complete."""

    path: Path
    cached: bool
    """True if it was there already."""


def default_cache() -> Path:
    """Give COMPAT_CACHE, else the user's cache folder for this program."""
    if named := os.environ.get("COMPAT_CACHE"):
        return Path(named).expanduser().absolute()
    return Path(user_cache_path("buildkit-compat"))


def key_of(parts: Mapping[str, object]) -> str:
    """Digest what went into an artefact: the same parts in any order give the same key."""
    encoded = msgspec.json.encode(parts, order="sorted")
    return hashlib.sha256(encoded).hexdigest()[:_KEY_DIGITS]


class Store:
    """The artefacts below one folder; safe to use from several processes at once."""

    def __init__(self, root: Path, *, lock_timeout: float = 3600.0) -> None:
        """Take the folder, made if missing; `lock_timeout` is in seconds.

        Raises UsageError if it cannot be written to.
        """
        # Programs with working folders of their own are given paths below it.
        self.root = root.absolute()
        self._lock_timeout = lock_timeout
        try:
            for name in ("tmp", "locks"):
                _make_writable_folder(self.root / name)
        except OSError as error:
            raise UsageError(
                f"the cache {root} cannot be written to: {error.strerror}",
                hint="set COMPAT_CACHE or --cache to a folder that can",
            ) from error

    def find(self, kind: str, key: str) -> Path | None:
        """Give a published folder, or None."""
        path = self.root / kind / key
        return path if path.is_dir() else None

    def publish(self, kind: str, key: str, make: Callable[[Path], None]) -> Published:
        """Find an artefact or have `make` fill an empty folder that then becomes it.

        Raises what `make` raises, with nothing published, InfrastructureError if another
        process has been making it for longer than the lock's time limit, and Interrupted if the
        crew that this thread works for is stopped while it waits for that.
        """
        if found := self.find(kind, key):
            return Published(found, cached=True)
        with held(self.root / "locks" / f"{kind}-{key}", patience=self._lock_timeout):
            if found := self.find(kind, key):
                return Published(found, cached=True)
            return Published(self._make(kind, key, make), cached=False)

    def _make(self, kind: str, key: str, make: Callable[[Path], None]) -> Path:
        unfinished = self.root / "tmp" / f"{kind}-{key}"
        shutil.rmtree(unfinished, ignore_errors=True)  # an orphan may be writing there still
        empty = unfinished / secrets.token_hex(4)
        empty.mkdir(parents=True)
        path = self.root / kind / key
        try:
            make(empty)
            path.parent.mkdir(parents=True, exist_ok=True)
            empty.rename(path)
        except BaseException as error:
            if _FULL in str(error):
                raise InfrastructureError(
                    f"the disk of the cache {self.root} is full",
                    hint="free some space, or set COMPAT_CACHE to a folder on another disk",
                ) from error
            raise
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
        return path


def _make_writable_folder(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))
