"""Disks that refuse: what could not be written, and whether that is for want of space."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.errors import DiskFull, InfrastructureError

_FULL = re.compile(
    r"(?im)^(?!.*/cgroup/\S+: no space)"
    r".*(?:no space left on device|disk quota exceeded|out of diskspace|disk is full)"
)
"""As the C library and Go, git and SQLite say it. Not where a control group without processors is
the one to say so (cpuset(7))."""


def full(said: object) -> bool:
    """Return whether an error, or the words of any program, say that there is no space left."""
    return _FULL.search(str(said)) is not None


def is_full(folder: Path) -> bool:
    """Return whether there is nothing left on a folder's disk that we could use."""
    disk = os.statvfs(folder)
    blocks = disk.f_bfree if os.geteuid() == 0 else disk.f_bavail
    return blocks == 0 or (disk.f_files > 0 and disk.f_ffree == 0)


@contextmanager
def disk_errors(path: Path) -> Iterator[None]:
    """Turn an OSError into an InfrastructureError that names what could not be written.

    It is a DiskFull if there is no space left.
    """
    try:
        yield
    except OSError as error:
        where = error.filename or path
        raise (DiskFull if full(error) else InfrastructureError)(
            f"cannot write {where}: {error.strerror or error}",
            hint=f"check that {path.parent} is a writable folder with free space (df -h)",
        ) from error
