"""File trees: those that a build is given, and those that come out of it."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kit.outcomes import WrongError

_SHOWN = 30
"""Files that are named where one is missing."""

_KINDS = {tarfile.DIRTYPE: "folder", tarfile.SYMTYPE: "link", tarfile.LNKTYPE: "hard link"}


@dataclass(frozen=True)
class Entry:
    """A file, folder or link of a result."""

    kind: str
    mode: str
    """Four octal digits."""
    owner: str
    """Numbers of user and group, `0:0`."""
    mtime: int
    """Seconds since 1970."""
    target: str
    """Where a link leads."""
    content: bytes

    @property
    def text(self) -> str:
        """The content, without its line end."""
        return self.content.decode().rstrip("\n")


class Tree(dict[str, Entry]):
    """Entries by path, without a slash at either end; raises WrongError for what is not there."""

    def __missing__(self, path: str) -> Entry:
        """Say what there is instead."""
        raise WrongError(f"expected {path} to be there; got {', '.join(self.files[:_SHOWN])}")

    @property
    def files(self) -> list[str]:
        """Paths of all that is not a folder, sorted."""
        return sorted(path for path, entry in self.items() if entry.kind != "folder")

    def below(self, folder: str) -> list[str]:
        """Return the paths of all that lies in a folder."""
        return sorted(path for path in self if path.startswith(f"{folder}/"))


@dataclass(frozen=True)
class File:
    """A file of a context, if more matters than its content."""

    content: bytes | str = ""
    mode: int = 0o644
    mtime: int | None = None


@dataclass(frozen=True)
class Link:
    """A symbolic link of a context."""

    target: str


Content = str | bytes | File | Link
Files = Mapping[str, Content]


def read_tar(data: bytes) -> Tree:
    """Read an archive, of which compressions of Python's standard library are understood."""
    tree = Tree()
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        for member in archive:
            file = archive.extractfile(member) if member.isreg() else None
            tree[member.name.removeprefix("./").strip("/")] = Entry(
                kind=_KINDS.get(member.type, "file" if member.isreg() else "special"),
                mode=f"{member.mode:04o}",
                owner=f"{member.uid}:{member.gid}",
                mtime=int(member.mtime),
                target=member.linkname,
                content=file.read() if file else b"",
            )
    tree.pop("", None)
    return tree


def read_folder(folder: Path) -> Tree:
    """Read what lies in a folder."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.add(folder, ".")
    return read_tar(buffer.getvalue())


def make_tar(files: Mapping[str, str], compression: str = "") -> bytes:
    """Write an archive of files; `compression` is gz, bz2, xz or nothing."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=f"w:{compression}") as archive:  # type: ignore[call-overload] # any of them
        for name, text in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(text.encode())
            archive.addfile(info, io.BytesIO(text.encode()))
    return buffer.getvalue()


def zstd(content: bytes) -> bytes:
    """Return content as a Zstandard frame of uncompressed blocks (RFC 8878), 128 KiB at most."""
    header = (0xFD2FB528).to_bytes(4, "little") + b"\xa0" + len(content).to_bytes(4, "little")
    return header + (len(content) << 3 | 1).to_bytes(3, "little") + content


def write(folder: Path, files: Files) -> Path:
    """Write a context's files into a folder, which is made, and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Link):
            path.symlink_to(content.target)
            continue
        file = content if isinstance(content, File) else File(content)
        data = file.content
        path.write_bytes(data.encode() if isinstance(data, str) else data)
        path.chmod(file.mode)
        if file.mtime is not None:
            os.utime(path, (file.mtime, file.mtime))
    return folder
