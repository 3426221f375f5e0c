"""Where reports keep what has to wait until all of it is counted."""

from __future__ import annotations

from pathlib import Path
from tempfile import SpooledTemporaryFile

_IN_MEMORY = 8 * 1024 * 1024


def spool(folder: Path | None) -> SpooledTemporaryFile[bytes]:
    """Return a file without a name: in memory while it is small, after that on a folder's disk.

    That is the disk that the report itself needs, so that there is one alone to run full. None is
    for whichever Python finds.
    """
    return SpooledTemporaryFile(_IN_MEMORY, dir=str(folder) if folder else None)
