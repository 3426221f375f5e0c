"""Layers: tar files whose bytes depend on nothing but what was asked for."""

from __future__ import annotations

import gzip
import hashlib
import io
import tarfile
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

EPOCH = 1546300800
"""Modification time of every file: 2019-01-01 UTC, before anything that a test makes."""

_GZIP_LEVEL = 6
_BUFFER = 1 << 20


@dataclass(frozen=True)
class Entry:
    """One member of a layer; owned by root, dated EPOCH."""

    name: str
    """Relative path, without a slash at either end."""
    mode: int = 0o755
    kind: bytes = tarfile.REGTYPE
    """REGTYPE, DIRTYPE, SYMTYPE or LNKTYPE of the tarfile module."""
    content: bytes | Path = b""
    """A Path is streamed, for files too large to hold in memory."""
    target: str = ""
    """Of links: hard links name another entry, symbolic links say what they say."""


@dataclass(frozen=True)
class Layer:
    """A layer that lies on disk."""

    path: Path
    digest: str
    """`sha256:…` of the file as it is."""
    size: int
    diff_id: str
    """`sha256:…` of the uncompressed tar; equal to `digest` if there is no compression."""
    gzipped: bool


class _Digesting(io.RawIOBase):
    """Passes bytes on, and knows their digest and number."""

    def __init__(self, below: io.BufferedIOBase | io.RawIOBase) -> None:
        self._below = below
        self._hash = hashlib.sha256()
        self.size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: ReadableBuffer, /) -> int:
        self._hash.update(data)
        self._below.write(data)
        written = memoryview(data).nbytes
        self.size += written
        return written

    @property
    def digest(self) -> str:
        return f"sha256:{self._hash.hexdigest()}"


def write(entries: Iterable[Entry], dest: Path, *, compress: bool) -> Layer:
    """Write `entries` in their order to the tar file `dest`, gzipped if `compress`."""
    with ExitStack() as stack:
        file = _Digesting(stack.enter_context(dest.open("wb")))
        tar = file
        if compress:
            packer = gzip.GzipFile("", "wb", _GZIP_LEVEL, file, mtime=0)
            tar = _Digesting(stack.enter_context(packer))
        add_all(entries, tar)
    return Layer(dest, file.digest, file.size, tar.digest, gzipped=compress)


def add_all(entries: Iterable[Entry], stream: io.BufferedWriter | io.RawIOBase) -> None:
    """Write `entries` as one tar to `stream`."""
    with tarfile.open(
        fileobj=stream, mode="w|", format=tarfile.USTAR_FORMAT, bufsize=_BUFFER
    ) as tar:
        for entry in entries:
            info = _info(entry)
            if isinstance(entry.content, Path):
                info.size = entry.content.stat().st_size
                with entry.content.open("rb") as file:
                    tar.addfile(info, file)
            else:
                info.size = len(entry.content)
                tar.addfile(info, io.BytesIO(entry.content))


def _info(entry: Entry) -> tarfile.TarInfo:
    """Return everything about a member; tarfile's defaults are fixed values (root, no names)."""
    info = tarfile.TarInfo(entry.name)
    info.type, info.mode, info.linkname, info.mtime = entry.kind, entry.mode, entry.target, EPOCH
    return info
