"""Files that are replaced whole or not at all."""

from __future__ import annotations

import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from harness.tools.disks import disk_errors

_UNFINISHED = re.compile(r"\..+\.[0-9a-f]{8}")


@contextmanager
def replacing(path: Path, *, durable: bool = True) -> Iterator[BinaryIO]:
    """Return a file to write to that takes the place of `path` once the block ends well.

    Until then, and after any error, `path` is what it was before. What can be made again need not
    be `durable`: then nothing waits for the disk. Raises InfrastructureError if it refuses.
    """
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    with disk_errors(path):
        try:
            with temporary.open("xb") as file:
                yield file
                file.flush()
                if durable:
                    os.fsync(file.fileno())
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        if durable:
            _sync_folder(path.parent)


def remove_unfinished(folder: Path) -> None:
    """Remove the files and folders in and below a folder that a killed process did not rename.

    The caller sees to it that nobody else writes there. Raises InfrastructureError.
    """
    with disk_errors(folder):
        for path in [path for path in folder.rglob(".*") if _UNFINISHED.fullmatch(path.name)]:
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """Make the rename itself survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
