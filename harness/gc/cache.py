"""What is in the cache folder, and how it goes: by one rename, then at leisure.

Only what `Store` made is listed: artefacts that have a lock of their name, its working folders,
and the folders that compilers fill. Clones of repositories are not: they cost a download, and
the runs that need them cannot make do with another. Symbolic links are not followed.
"""

from __future__ import annotations

import logging
import os
import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from harness.errors import InfrastructureError
from harness.gc.items import Fate, Item, Kind
from harness.gc.plan import carry_out
from harness.repository.clones import LOCK, PART, REPOSITORIES
from harness.store import LOCKS, SCRATCH, SHARED, TMP, USES
from harness.tools.locks import held
from harness.tools.uses import Uses

_log = logging.getLogger(__name__)

_GONE = "gone-"
"""Begins the name of what is being removed."""

_BLOCK = 512
_GOPATH = re.compile(r"gopath-(?P<tree>.+)")
_PART = re.compile(rf"[0-9a-f]{{16}}{re.escape(PART)}")
_OURS = re.compile(rf"(?:{_GONE}|{SCRATCH})[0-9a-f]{{8,}}")


class Cache:
    """A cache folder that exists."""

    def __init__(self, root: Path) -> None:
        """Look at `root`; what is not a cache has nothing in it."""
        self.root = root.absolute()
        there = all(_is_folder(self.root / name) for name in (LOCKS, TMP))
        self._uses = Uses(self.root / LOCKS / USES) if there else None

    def items(self) -> list[Item]:
        """List everything that can be removed."""
        if self._uses is None:
            return []
        return [*self._artefacts(), *self._shared(), *self.orphans(), *self._locks()]

    def orphans(self) -> Iterator[Item]:
        """List what killed processes left half made; nothing that a live one works on."""
        if self._uses is None:
            return
        tmp = self.root / TMP
        for name in _folders(tmp):
            item = self._item(Kind.ORPHAN, tmp / name, self._user(name), stray=True)
            if item and not item.busy:
                yield item
        yield from self._clones()

    def used(self, name: str) -> bool:
        """Return whether a live process uses what the store calls `name`."""
        return not self.while_unused(name, lambda: True)

    def while_unused(self, name: str, work: Callable[[], bool]) -> bool:
        """Call this while no process can begin to use `name`; False if one uses it already."""
        if self._uses is None:
            return work()
        with self._uses.alone(name) as mine:
            return mine and work()

    def last_use(self, lock: str) -> float:
        """When a lock was last taken, in seconds since 1970; 0 if it is not there."""
        file = self.root / LOCKS / lock
        return file.lstat().st_mtime if file.is_file() else 0.0

    def _artefacts(self) -> Iterator[Item]:
        for kind in _folders(self.root):
            for key in _folders(self.root / kind):
                name = f"{kind}-{key}"
                if (self.root / LOCKS / name).is_file():
                    item = self._item(Kind.ARTEFACT, self.root / kind / key, name)
                    if item:
                        yield item

    def _shared(self) -> Iterator[Item]:
        for name in SHARED:
            if _is_folder(self.root / name):
                item = self._item(Kind.ARTEFACT, self.root / name, name)
                if item:
                    yield item

    def _clones(self) -> Iterator[Item]:
        """List the clones that were killed half-way. Whoever clones holds the clone's lock."""
        for name in _folders(self.root / REPOSITORIES):
            path = self.root / REPOSITORIES / name
            if _PART.fullmatch(name) and _unlocked(path, lambda: True):
                size, used = _size(path), path.lstat().st_mtime
                remove = partial(_unlocked, path, partial(_discard, path))
                yield Item(Kind.ORPHAN, self._below(path), size, used, remove, stray=True)

    def _locks(self) -> Iterator[Item]:
        """List the locks of what was never made, is there no more, or is elsewhere."""
        kinds = [name for name in _folders(self.root) if name != TMP]
        there = {f"{kind}-{key}" for kind in kinds for key in _folders(self.root / kind)}
        there |= {*_folders(self.root / TMP), USES}
        for entry in sorted(os.scandir(self.root / LOCKS), key=lambda entry: entry.name):
            if entry.name in there or not entry.is_file(follow_symlinks=False):
                continue
            if not self.used(entry.name):
                used = entry.stat(follow_symlinks=False).st_mtime
                unlink = partial(_unlink, Path(entry.path), used)
                remove = partial(self.while_unused, entry.name, unlink)
                yield Item(Kind.LOCK, entry.name, 0, used, remove)

    def _user(self, name: str) -> str | None:
        """Return the name under which a folder in tmp is in use; None if it is none of ours."""
        if found := _GOPATH.fullmatch(name):
            return f"tree-{found['tree']}"
        ours = _OURS.fullmatch(name) or (self.root / LOCKS / name).is_file()
        return name if ours else None

    def _item(
        self, kind: Kind, path: Path, name: str | None, *, stray: bool = False
    ) -> Item | None:
        if name is None:
            return None
        try:
            used = path.lstat().st_mtime
        except FileNotFoundError:
            return None  # another gc was faster
        remove = partial(self._remove, path, name, None if stray else used)
        busy = self.used(name)
        return Item(kind, self._below(path), _size(path), used, remove, busy=busy, stray=stray)

    def _below(self, path: Path) -> str:
        return str(path.relative_to(self.root))

    def _remove(self, path: Path, name: str, used: float | None) -> bool:
        gone = self.root / TMP / f"{_GONE}{secrets.token_hex(8)}"

        def move() -> bool:
            if used is not None and path.lstat().st_mtime != used:
                return False  # somebody used it since it was listed, and has ended
            path.rename(gone)
            if used is not None:
                (self.root / LOCKS / name).unlink(missing_ok=True)
            return True

        try:
            if not self.while_unused(name, move):
                return False
            # By a name of its own, so that another gc does not take it for an orphan meanwhile.
            self.while_unused(gone.name, partial(_discard, gone))
        except FileNotFoundError:
            return True  # another gc was faster
        return True


def sweep(root: Path) -> None:
    """Remove from a cache what killed processes left half made; log what cannot be removed."""
    for outcome in carry_out(Cache(root).orphans(), dry_run=False):
        if outcome.fate is Fate.FAILED:
            _log.warning("%s stays in %s: %s", outcome.item.name, root, outcome.why)


def _folders(folder: Path) -> list[str]:
    """Name the folders in a folder, but for links to such."""
    if not _is_folder(folder):
        return []
    with os.scandir(folder) as entries:
        return sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()


def _size(folder: Path) -> int:
    """Count the bytes that a folder takes on the disk."""
    total, seen = 0, set()
    for where, folders, files in os.walk(folder):
        for name in (*folders, *files):
            try:
                stat = os.lstat(os.path.join(where, name))  # noqa: PTH118 - of thousands of files
            except FileNotFoundError:
                continue
            if stat.st_nlink > 1 and stat.st_ino in seen:
                continue
            seen.add(stat.st_ino)
            total += stat.st_blocks * _BLOCK
    return total


def _unlocked(clone: Path, work: Callable[[], bool]) -> bool:
    try:
        with held(clone.with_suffix(LOCK), patience=0):
            return work()
    except InfrastructureError:
        return False


def _discard(folder: Path) -> bool:
    shutil.rmtree(folder)
    return True


def _unlink(lock: Path, used: float) -> bool:
    if lock.exists() and lock.lstat().st_mtime != used:
        return False  # somebody used it since it was listed, and has ended
    lock.unlink(missing_ok=True)
    return True
