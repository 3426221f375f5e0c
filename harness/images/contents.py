"""Files out of the layers of an image, as a container of it would see them.

Format: https://github.com/opencontainers/image-spec/blob/v1.0.2/layer.md. Layers are the work of
people whom nobody here knows: they are read once, front to back, nothing is unpacked by the names
in them, and what comes out of compression is counted.
"""

from __future__ import annotations

import gzip
import io
import posixpath
import tarfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

from harness.errors import BuildError
from harness.tools.process import Request, find, stream
from harness.tools.stop import check_stop

MOST_BYTES = 1 << 30
"""Of all layers, packed or not; frontends have some dozen MB, daemons some hundred."""

BROKEN = (
    *(tarfile.TarError, KeyError, ValueError),
    *(EOFError, zlib.error, gzip.BadGzipFile, RecursionError),
)
"""What comes of a layer that is none, of one that is cut off, and of too much."""

_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_CHUNK = 1 << 20
_MOST_FILES = 1000
_UNPACKING = 600.0
"""Seconds."""
_DEEPEST = 8
"""Links that lead to links."""
_GONE = ".wh."
_OPAQUE = ".wh..wh..opq"

_Found = dict[str, Path | str | None]
"""What is known of a path: where its file is, or to which path it leads; None for anything else."""


def by_zstd(layer: Path) -> bool:
    """Return whether a layer is packed with zstd."""
    return _begins(layer, _ZSTD)


def extract(layers: Sequence[Path], entrypoint: tuple[str, ...] | None, dest: Path) -> None:
    """Write the file that the entry point names.

    Raises BuildError if no layer has it, and what `unpack` raises.
    """
    wanted = _path((entrypoint or ("",))[0])
    scratch = dest.with_name(f".{dest.name}.parts")
    scratch.mkdir()
    try:
        found = unpack(layers, lambda path: path == wanted, scratch)
        if wanted not in found:
            what = f"the frontend's image has no file at its entry point {entrypoint!r}"
            raise BuildError(what)
        found[wanted].replace(dest)
    finally:
        for part in scratch.iterdir():
            part.unlink()
        scratch.rmdir()
    dest.chmod(0o755)


def unpack(layers: Sequence[Path], wanted: Callable[[str], bool], folder: Path) -> dict[str, Path]:
    """Write the files whose paths are `wanted` to `folder`; return where each is, by its path.

    Paths are absolute. Layers are given from the lowest on; links count that lead to something
    that is wanted, too.

    Raises one of BROKEN for what is no layer, MissingToolError for one of zstd without the program.
    """
    found: _Found = {}
    left, room, number = MOST_BYTES, MOST_BYTES, 0
    for layer in layers:
        here: _Found = {}
        with _members(layer, left, folder) as (tar, counted):
            for member in tar:
                path = _path(member.name)
                name = posixpath.basename(path)
                if name.startswith(_GONE):
                    found = _without(found, path)
                elif wanted(path):
                    number += 1
                    one = _taken(tar, member, path, folder / str(number), room)
                    room -= one.stat().st_size if isinstance(one, Path) else 0
                    here[path] = one
                if number > _MOST_FILES:
                    raise ValueError(f"more than {_MOST_FILES} programs")
        left -= counted.bytes
        found |= here
    followed = {path: _followed(found, path) for path in found}
    return {path: file for path, file in followed.items() if file}


def _taken(
    tar: tarfile.TarFile, member: tarfile.TarInfo, path: str, dest: Path, most: int
) -> Path | str | None:
    """Write a file of at most so many bytes, or return where a link leads; else None."""
    if member.issym():
        return _path(posixpath.join(posixpath.dirname(path), member.linkname))
    if member.islnk():
        return _path(member.linkname)
    file = tar.extractfile(member) if member.isfile() else None
    if file is None:
        return None
    copy(file, dest, most)
    return dest


def copy(file: IO[bytes], dest: Path, most: int) -> None:
    """Write a member's bytes. Raises ValueError for more than `most`, which a hole may hold."""
    with dest.open("wb") as out:
        while chunk := file.read(_CHUNK):
            most -= len(chunk)
            if most < 0:
                raise ValueError(f"more than {MOST_BYTES} bytes")
            out.write(chunk)


def _without(found: _Found, path: str) -> _Found:
    """Leave out what a whiteout at `path` hides of lower layers."""
    folder, name = posixpath.split(path)
    hidden = folder if name == _OPAQUE else posixpath.join(folder, name.removeprefix(_GONE))
    below = f"{hidden.rstrip('/')}/"
    return {it: what for it, what in found.items() if it != hidden and not it.startswith(below)}


def _followed(found: _Found, path: str) -> Path | None:
    one: Path | str | None = path
    for _ in range(_DEEPEST):
        if not isinstance(one, str):
            return one
        one = found.get(one)
    return None


def _path(name: str) -> str:
    return posixpath.normpath(f"/{name.lstrip('/')}")


class _Counted(io.RawIOBase):
    """A file that is read, up to so many bytes."""

    def __init__(self, file: gzip.GzipFile | IO[bytes], most: int) -> None:
        self._file = file
        self._most = most
        self.bytes = 0

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        content = self._file.read(size)
        self.bytes += len(content)
        if self.bytes > self._most:
            raise ValueError(f"more than {MOST_BYTES} bytes")
        return content


@contextmanager
def _members(layer: Path, most: int, scratch: Path) -> Iterator[tuple[tarfile.TarFile, _Counted]]:
    with ExitStack() as stack:
        if by_zstd(layer):
            plain = scratch / "unpacked.tar"
            stack.callback(plain.unlink, missing_ok=True)
            _unpack_zstd(layer, plain, most)
            layer = plain
        file = stack.enter_context(layer.open("rb"))
        packed = _begins(layer, _GZIP)
        opened = stack.enter_context(gzip.GzipFile(fileobj=file)) if packed else file
        counted = _Counted(opened, most)
        # As a stream: a layer that was packed is not unpacked twice.
        with tarfile.open(fileobj=counted, mode="r|") as tar:
            yield tar, counted


def _unpack_zstd(layer: Path, dest: Path, most: int) -> None:
    """Write what is packed in a layer, of at most so many bytes.

    By the program, since Python has zstd only from 3.14 on.
    """
    with dest.open("wb") as out:

        def sink(chunk: bytes) -> None:
            if out.tell() + len(chunk) > most:
                raise ValueError(f"more than {MOST_BYTES} bytes")
            out.write(chunk)

        ended = stream(Request([str(find("zstd")), "-dcq", str(layer)], timeout=_UNPACKING), sink)
    check_stop("zstd")
    if ended.status != 0:
        raise ValueError("a layer that is packed with zstd cannot be unpacked")


def _begins(file: Path, magic: bytes) -> bool:
    with file.open("rb") as opened:
        return opened.read(len(magic)) == magic
