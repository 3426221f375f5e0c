"""Sees what this process writes, makes, moves and removes on the disk, whoever does it.

Python tells its audit hooks of each: https://docs.python.org/3/library/audit_events.html.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import unquote, urlsplit

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

_CHANGES: dict[str, tuple[tuple[int, int | None], ...]] = {
    "os.mkdir": ((0, 2),),
    "os.remove": ((0, 1),),
    "os.rmdir": ((0, 1),),
    "os.rename": ((0, 2), (1, 3)),
    "os.link": ((1, 3),),
    "os.symlink": ((1, 2),),
    "os.truncate": ((0, None),),
    "os.chmod": ((0, 2),),
    "os.chown": ((0, 3),),
    "os.utime": ((0, 3),),
    "sqlite3.connect": ((0, None),),
}
"""Where among its arguments each has the paths that it changes, and the folders of these."""

_seen: list[str] | None = None
_installed = False


@contextmanager
def only_below(place: Path) -> Iterator[None]:
    """Hold that nothing outside of a folder is changed while the block runs."""
    global _seen, _installed  # noqa: PLW0603 - a hook stays for good, and has no state of its own
    if not _installed:
        sys.addaudithook(_hook)
        _installed = True
    found: list[str] = []
    _seen = found
    try:
        yield
    finally:
        _seen = None
    root = os.path.realpath(place)
    assert [path for path in found if os.path.commonpath([root, path]) != root] == []


def _hook(event: str, words: tuple[object, ...]) -> None:
    seen = _seen
    if seen is None:
        return
    if event == "open":
        path, _, flags = words
        if isinstance(flags, int) and flags & _WRITING and isinstance(path, str | bytes):
            seen.append(os.path.realpath(os.fsdecode(path)))
    for at, folder in _CHANGES.get(event, ()):
        seen.append(_itself(words[at], -1 if folder is None else words[folder]))


def _itself(path: object, folder: object) -> str:
    """Return the path of a thing, not of what it leads to if it is a link."""
    assert isinstance(path, str | bytes | os.PathLike)
    if isinstance(path, str) and path.startswith("file:"):  # as SQLite is told
        path = unquote(urlsplit(path).path)
    base = f"/proc/self/fd/{folder}" if isinstance(folder, int) and folder >= 0 else ""
    parent, name = os.path.split(os.path.join(base, os.fsdecode(path)))  # noqa: PTH118
    return os.path.join(os.path.realpath(parent), name)  # noqa: PTH118
