"""Disks so small that they are soon full."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def disk(folder: Path, size: str) -> Iterator[Path]:
    """Mount a disk of a size as `mount` takes it (`2m`), at a folder that is made if missing."""
    folder.mkdir(exist_ok=True)
    _mount("-t", "tmpfs", "-o", f"size={size}", "none", folder)
    try:
        yield folder
    finally:
        # A store keeps a file of it open for as long as anybody remembers the store.
        subprocess.run(["/bin/umount", "--lazy", folder], check=True)


def resize(folder: Path, size: str) -> None:
    """Resize a disk, with what is on it."""
    _mount("-o", f"remount,size={size}", folder)


def fill(folder: Path) -> Path:
    """Write a file until no byte is left; removing it makes room again."""
    there = folder / "fill"
    size = os.statvfs(folder)
    with there.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, size.f_bavail * size.f_frsize)
    return there


def _mount(*words: str | Path) -> None:
    subprocess.run(["/bin/mount", *words], check=True)
