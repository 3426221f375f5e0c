"""Folders for temporary files that do not outlive us for long, even if we are killed.

Each is locked for as long as it is used, by a lock that the kernel takes away with its process.
So whoever makes one knows of the others which are left, and removes them.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PREFIX = "buildkit-compat-"


@contextmanager
def temporary() -> Iterator[Path]:
    """Return an empty folder with a short name, which nobody else may look into. Raises OSError."""
    _remove_left()
    descriptor, folder = _locked()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


def _locked() -> tuple[int, Path]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX))
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        if _lock(descriptor) and folder.exists():
            return descriptor, folder
        os.close(descriptor)  # somebody took it for one that is left, before it was locked


def _remove_left() -> None:
    for folder in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        try:
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except OSError:
            continue  # it has just gone, or is no folder, or another user's
        try:
            if os.fstat(descriptor).st_uid == os.geteuid() and _lock(descriptor):
                shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(descriptor)


def _lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
