"""A run folder as one piece of bytes, to be sent: plain files and folders, and nothing else."""

from __future__ import annotations

import gzip
import io
import tarfile
import zlib
from pathlib import Path, PurePosixPath

from harness.errors import UsageError
from harness.tools.disks import disk_errors

MOST_BYTES = 8 << 30
"""Of all files together, unpacked."""

_QUICK = 1
"""Of gzip: logs become a tenth by it, and what is slower hardly makes them smaller."""


def pack(folder: Path) -> bytes:
    """Return the files and folders below a folder, which nobody writes to; links are left out."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz", compresslevel=_QUICK) as tar:
        for path in sorted(folder.rglob("*")):
            if path.is_symlink() or not (path.is_file() or path.is_dir()):
                continue
            tar.add(path, str(path.relative_to(folder)), recursive=False)
    return packed.getvalue()


def unpack(packed: bytes, dest: Path) -> None:
    """Make the new folder `dest` what was packed.

    Raises UsageError for what `pack` does not make: another kind of archive or of member, a name
    that leads elsewhere or comes twice, more than MOST_BYTES; InfrastructureError if the disk
    refuses.
    """
    left = MOST_BYTES
    with disk_errors(dest):
        dest.mkdir(parents=True)
        try:
            with tarfile.open(fileobj=io.BytesIO(packed), mode="r:gz") as tar:
                for member in tar:
                    left -= member.size
                    _write(tar, member, dest, left)
        except (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error) as error:
            raise UsageError(f"a packed run folder is damaged: {error}") from error


def _write(tar: tarfile.TarFile, member: tarfile.TarInfo, dest: Path, left: int) -> None:
    inside = PurePosixPath(member.name)
    if inside.is_absolute() or ".." in inside.parts or not inside.parts:
        raise UsageError(f"a packed run folder has {member.name!r}, which leads out of it")
    if not (member.isreg() or member.isdir()):
        raise UsageError(f"a packed run folder has {member.name!r}, which is no plain file")
    if left < 0:
        raise UsageError(f"a packed run folder is larger than {MOST_BYTES >> 30} GiB")
    path = dest / inside
    if path.exists():
        raise UsageError(f"a packed run folder has {member.name!r} twice")
    if member.isdir():
        path.mkdir(parents=True)
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    content = tar.extractfile(member)
    if content is not None:
        with content, path.open("xb") as file:
            while chunk := content.read(1 << 20):
                file.write(chunk)
