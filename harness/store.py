"""Content-addressed artefacts: built once, published by one rename, never changed afterwards.

    <root>/<kind>/<key>/        published; its time of modification is that of its last use
    <root>/tmp/<kind>-<key>/    being made, in a folder of one maker's own below it
    <root>/tmp/scratch-<hex>/   somebody's working folder
    <root>/locks/<kind>-<key>   held while making, released by the kernel if its holder dies
    <root>/locks/uses           who uses what, released in the same way (tools/uses.py)

A process killed at any point leaves at most a folder in tmp, which the next maker of the same
key removes before it begins, or the next run (harness/gc). A compiler that outlived its killed
maker still knows only the old maker's folder.

A Store uses the name `<kind>-<key>` of whatever it was asked for, as long as it lives or until its
process ends, and nothing is ever removed but by somebody who has its name to himself.
"""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import shutil
import stat
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec
from platformdirs import user_cache_path

from harness.errors import DiskFull, Interrupted, UsageError
from harness.tools.disks import full, is_full
from harness.tools.homes import expanded
from harness.tools.locks import held
from harness.tools.uses import Uses

# Names below the root; what is in use is in LOCKS/USES.
TMP = "tmp"
LOCKS = "locks"
USES = "uses"
SCRATCH = "scratch-"

SHARED = ("gocache", "gopath")
"""Folders that no key names: programs fill them, for all runs."""

DOWNLOADED = ("go", "repos")
"""Kinds that no build changes: toolchains, and clones of repositories."""

_KEY_DIGITS = 24
_ELSEWHERE = "set COMPAT_CACHE or --cache to a folder"


@dataclass(frozen=True)
class Published:
    """A folder of the store that is complete."""

    path: Path
    cached: bool
    """True if it was there already."""


def default_cache() -> Path:
    """Return COMPAT_CACHE, else the user's cache folder for this program."""
    if named := os.environ.get("COMPAT_CACHE"):
        return expanded(named).absolute()
    return Path(user_cache_path("buildkit-compat"))


def key_of(parts: Mapping[str, object]) -> str:
    """Digest what went into an artefact: the same parts in any order give the same key."""
    encoded = msgspec.json.encode(parts, order="sorted")
    return hashlib.sha256(encoded).hexdigest()[:_KEY_DIGITS]


class Store:
    """The artefacts below one folder; safe to use from several processes at once."""

    def __init__(
        self,
        root: Path,
        *,
        lock_timeout: float = 3600.0,
        salt: str = "",
        around: Store | None = None,
    ) -> None:
        """Take the folder, made if missing; `lock_timeout` is in seconds.

        `salt` belongs into the names of what is kept elsewhere, as on an engine; `around` is the
        store in which this one is a working folder. Raises UsageError if the folder cannot be
        written to, DiskFull if there is no space in it.
        """
        self.salt = salt
        self._around = around
        # Programs with working folders of their own are given paths below it.
        self.root = root.absolute()
        self._lock_timeout = lock_timeout
        self._times_full = 0
        try:
            with self._told_if_full():
                for name in (TMP, LOCKS):
                    _make_writable_folder(self.root / name)
                self._uses = Uses(self.root / LOCKS / USES)
        except OSError as error:
            raise UsageError(
                f"the cache {root} cannot be written to: {error.strerror}",
                hint=f"{_ELSEWHERE} that can",
            ) from error

    def find(self, kind: str, key: str) -> Path | None:
        """Return a published folder, or None. It stays there as long as this store lives."""
        self._uses.take(f"{kind}-{key}")
        path = self.root / kind / key
        if not path.is_dir():
            return None
        _used_now(path)
        return path

    def keys(self, kind: str, prefix: str) -> list[str]:
        """Return the published keys of a kind that begin with `prefix`, sorted.

        Somebody may remove them until `find` returns one.
        """
        return sorted(path.name for path in (self.root / kind).glob(f"{prefix}*"))

    def hold(self, path: Path) -> None:
        """Keep the artefact in which a path lies, as `find` does, if it lies in one."""
        if self._around is not None:
            self._around.hold(path)
        try:
            kind, key, *_ = path.expanduser().resolve().relative_to(self.root.resolve()).parts
        except (ValueError, OSError, RuntimeError):
            return  # elsewhere, or nowhere
        if kind not in {TMP, LOCKS}:
            self.find(kind, key)

    def publish(self, kind: str, key: str, make: Callable[[Path], None]) -> Published:
        """Find an artefact or have `make` fill an empty folder that then becomes it.

        Raises what `make` raises, with nothing published, InfrastructureError if another
        process has been making it for longer than the lock's time limit, and Interrupted if the
        crew that this thread works for is stopped while it waits for that.
        """
        if found := self.find(kind, key):
            return Published(found, cached=True)
        with self.locked(f"{kind}-{key}"):
            if found := self.find(kind, key):
                return Published(found, cached=True)
            return Published(self._make(kind, key, make), cached=False)

    def shared(self, name: str) -> Path:
        """Return the folder of one of SHARED, which may be missing; it stays as `find` says."""
        self._uses.take(name)
        path = self.root / name
        if path.is_dir():
            _used_now(path)
        return path

    @contextmanager
    def locked(self, name: str) -> Iterator[None]:
        """Be the only one who does what `name` says, in this process and among all others.

        The time of modification of the lock is that of its last use. Raises InfrastructureError
        after this store's time limit, Interrupted as `publish` does.
        """
        self._uses.take(name)
        file = self.root / LOCKS / name
        with ExitStack() as stack:
            with self._told_if_full():
                stack.enter_context(held(file, patience=self._lock_timeout))
            _used_now(file)
            yield

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """Return an empty folder on the disk of the cache for as long as the block takes."""
        name = f"{SCRATCH}{secrets.token_hex(8)}"
        self._uses.take(name)
        folder = self.root / TMP / name
        with self._told_if_full():
            folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder)

    @contextmanager
    def apart(self) -> Iterator[Store]:
        """Return a store with nothing but what was downloaded, for as long as the block takes."""
        with self.scratch() as folder:
            for kind in DOWNLOADED:
                shared = self.root / kind
                shared.mkdir(exist_ok=True)
                for there in shared.iterdir():
                    self.find(kind, there.name)  # so that nobody removes it meanwhile
                (folder / kind).symlink_to(shared)
            yield Store(
                folder,
                lock_timeout=self._lock_timeout,
                salt=secrets.token_hex(4),
                around=self,
            )

    def _make(self, kind: str, key: str, make: Callable[[Path], None]) -> Path:
        unfinished = self.root / TMP / f"{kind}-{key}"
        shutil.rmtree(unfinished, ignore_errors=True)  # an orphan may be writing there still
        empty = unfinished / secrets.token_hex(4)
        path = self.root / kind / key
        try:
            with self._told_if_full():
                empty.mkdir(parents=True)
                make(empty)
                _open(empty)
                _used_now(empty)
                path.parent.mkdir(parents=True, exist_ok=True)
                empty.rename(path)
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)
        return path

    @contextmanager
    def _told_if_full(self) -> Iterator[None]:
        """Call a full disk one, whoever met it: we, or a program that we ran.

        Some programs do not say why they failed, so the disk is asked, while all is still there.
        Another thread that met it may have removed its own by then: what began before that has
        met it, too.
        """
        before = self._times_full
        try:
            yield
        except Interrupted:
            raise
        except DiskFull:
            self._times_full += 1
            raise
        except Exception as error:
            if full(error) or is_full(self.root) or self._times_full > before:
                self._times_full += 1
                raise DiskFull(
                    f"the disk of the cache {self.root} is full",
                    hint=f"free some space (compat gc), or {_ELSEWHERE} on another disk",
                ) from error
            raise


def _make_writable_folder(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    if not os.access(folder, os.W_OK | os.X_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(folder))


def _open(folder: Path) -> None:
    """Set all modes in a folder as a umask of 022 makes them, whatever the caller's is.

    Modes go into images with the files, and are a part of what was built.
    """
    paths = [folder]
    while paths:
        path = paths.pop()
        status = path.lstat()
        if stat.S_ISLNK(status.st_mode):
            continue
        own = status.st_mode & stat.S_IRWXU
        shared = own & ~stat.S_IWUSR
        mode = own | shared >> 3 | shared >> 6
        if stat.S_IMODE(status.st_mode) != mode:
            path.chmod(mode)
        if stat.S_ISDIR(status.st_mode):
            paths += path.iterdir()


def _used_now(path: Path) -> None:
    # Of what another user made the time cannot be set; it may go too soon, no more.
    with suppress(PermissionError):
        os.utime(path)
