"""Image layouts that somebody else wrote, a folder or a tar archive, read with suspicion.

Formats: https://github.com/opencontainers/image-spec/blob/v1.0.2/{image-layout,image-index}.md.

Nothing is unpacked by the names in an archive: members are looked up by digest and their bytes
copied, and a file counts only if it is what its digest and its size say.
"""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Annotated

import msgspec
from msgspec import Meta

from harness.errors import InfrastructureError, UsageError
from harness.images.contents import MOST_BYTES
from harness.images.saved import MOST_DOCUMENT
from harness.model.pairs import Digest

INDEX = "index.json"
_REF_NAMES = ("org.opencontainers.image.ref.name", "io.containerd.image.name")
_ATTESTATION = "vnd.docker.reference.type"
_CHUNK = 1 << 20
_ANEW = "get or save it anew"
_PLAINEST = frozenset({"", "v1", "v8"})
"""Variants that say no more than the architecture: https://github.com/containerd/platforms."""
_DEEPEST = 3
"""Indexes within indexes; tools write one within index.json."""


class Platform(msgspec.Struct, frozen=True):
    """What kind of machine a manifest is for."""

    os: str = ""
    architecture: str = ""
    variant: str = ""

    @classmethod
    def of(cls, text: str) -> Platform:
        """Read `linux/arm/v7`."""
        return cls(*text.split("/", 2))

    def takes(self, other: Platform) -> bool:
        """Return whether what is for `other` can stand for this, whatever its variant."""
        return (self.os, self.architecture) == (other.os, other.architecture)

    def unlike(self, variant: str) -> tuple[bool, bool, str]:
        """Return what sorts variants: the very one, then the one that any such machine runs."""
        return variant != self.variant, variant not in _PLAINEST, variant

    def __str__(self) -> str:
        """`linux/arm/v7`."""
        return "/".join(filter(None, (self.os, self.architecture, self.variant)))


class Descriptor(msgspec.Struct, frozen=True, rename="camel"):
    """How a document names another file."""

    digest: Digest
    size: Annotated[int, Meta(ge=0, le=MOST_BYTES)]
    media_type: str = ""
    platform: Platform | None = None
    annotations: dict[str, str] = msgspec.field(default_factory=dict)

    @property
    def names(self) -> set[str]:
        """Names that a layout has for it."""
        return {self.annotations[key] for key in _REF_NAMES if key in self.annotations}


class Manifest(msgspec.Struct, frozen=True, rename="camel"):
    """The manifest of an image, or an index of several; OCI's and Docker's differ in names only."""

    media_type: str = ""
    config: Descriptor | None = None
    layers: tuple[Descriptor, ...] = ()
    manifests: tuple[Descriptor, ...] | None = None


@dataclass(frozen=True)
class Found:
    """The manifest of an image."""

    one: Descriptor
    manifest: Manifest
    content: bytes
    """As it is written."""


@dataclass(frozen=True)
class Files:
    """The files of a layout."""

    where: str
    """For people."""
    open: Callable[[str], IO[bytes]]
    """Raises KeyError for a name that is no file."""
    blob: Callable[[str], str] = lambda digest: f"blobs/{digest.replace(':', '/')}"
    """Where the content of a digest lies."""

    def document(self, one: Descriptor) -> bytes:
        """Return a document that is what its digest says. Raises InfrastructureError."""
        if one.size > MOST_DOCUMENT:
            what = f"{self.where} says that {one.digest}, a document, has {one.size} bytes"
            raise UsageError(what, hint=_ANEW)
        with self._opened(one) as file:
            content = file.read(one.size + 1)
        self._check(one, len(content), hashlib.sha256(content).hexdigest())
        return content

    def copy(self, one: Descriptor, dest: Path) -> None:
        """Write a file that is what its digest says to `dest`. Raises InfrastructureError."""
        digest, size = hashlib.sha256(), 0
        with self._opened(one) as file, dest.open("wb") as out:
            while size <= one.size and (chunk := file.read(_CHUNK)):
                size += len(chunk)
                digest.update(chunk)
                out.write(chunk)
        self._check(one, size, digest.hexdigest())

    def _opened(self, one: Descriptor) -> IO[bytes]:
        try:
            return self.open(self.blob(one.digest))
        except KeyError as error:
            raise InfrastructureError(
                f"{self.where} lacks {one.digest}, which it names", hint=_ANEW
            ) from error

    def _check(self, one: Descriptor, size: int, digest: str) -> None:
        if (size, f"sha256:{digest}") != (one.size, one.digest):
            raise InfrastructureError(
                f"{self.where} is damaged: what it has as {one.digest} is something else",
                hint=_ANEW,
            )


@contextmanager
def opened(path: Path) -> Iterator[Files]:
    """Open a layout. Raises UsageError for what is neither a folder nor a tar archive."""
    if path.is_dir():

        def of_folder(name: str) -> IO[bytes]:
            if not (path / name).is_file():
                raise KeyError(name)
            return (path / name).open("rb")

        yield Files(str(path), of_folder)
        return
    if not path.is_file():
        raise UsageError(f"there is no {path}", hint="oci:PATH names an OCI layout or its archive")
    try:
        with tarfile.open(path, "r:") as tar:
            members = {str(PurePosixPath(it.name)): it for it in tar if it.isreg()}

            def of_archive(name: str) -> IO[bytes]:
                file = tar.extractfile(members[name])
                if file is None:
                    raise KeyError(name)
                return file

            yield Files(str(path), of_archive)
    except tarfile.TarError as error:
        raise UsageError(
            f"{path} is no tar archive: {error}",
            hint="an archive is as `docker buildx build -o type=oci` or `skopeo copy` write it; "
            "a compressed one has to be unpacked first",
        ) from error


def named(files: Files, name: str) -> Descriptor | tuple[Descriptor, ...]:
    """Return what a layout has under a name; without one, all that it has.

    Raises UsageError if that is nothing, or a name stands twice.
    """
    try:
        with files.open(INDEX) as file:
            content = file.read(MOST_DOCUMENT)
    except KeyError as error:
        what = f"{files.where} has no {INDEX}: it is no OCI layout"
        raise UsageError(what, hint="`skopeo copy` makes one of other forms") from error
    rows = parse(content, f"{INDEX} of {files.where}").manifests or ()
    known = sorted({one for row in rows for one in row.names})
    if not name:
        if len(rows) > 1 and known:
            raise UsageError(
                f"{files.where} has several images", hint=f"name one: {', '.join(known)}"
            )
        return rows
    found = [row for row in rows if name in row.names]
    if not found:
        hint = f"it has: {', '.join(known)}" if known else "it has no names: leave it out"
        raise UsageError(f"{files.where} has no image {name!r}", hint=hint)
    if len(found) > 1:
        raise UsageError(
            f"{files.where} has {name!r} {len(found)} times, so nothing says which is meant",
            hint="write the layout anew, into an empty folder",
        )
    return found[0]


def manifest_for(files: Files, top: Descriptor | tuple[Descriptor, ...], wanted: Platform) -> Found:
    """Return the manifest of the platform that is wanted.

    Raises UsageError if there is none, InfrastructureError for a file that is not what it should.
    """
    for _ in range(_DEEPEST):
        one = choose(top, wanted, files.where) if isinstance(top, tuple) else top
        content = files.document(one)
        manifest = parse(content, f"{one.digest} of {files.where}")
        if manifest.manifests is None:
            return Found(one, manifest, content)
        top = manifest.manifests
    what = f"{files.where} has more than {_DEEPEST} indexes within each other"
    raise UsageError(what, hint="name an image that is in fewer")


def choose(rows: tuple[Descriptor, ...], wanted: Platform, where: str) -> Descriptor:
    """Return the manifest of an index that is for the platform that is wanted.

    Raises UsageError if there is none.
    """
    images = [row for row in rows if _ATTESTATION not in row.annotations]
    if len(images) == 1 and images[0].platform is None:
        return images[0]
    there = [(row, row.platform) for row in images if row.platform]
    if fitting := [(row, it.variant) for row, it in there if wanted.takes(it)]:
        return min(fitting, key=lambda one: wanted.unlike(one[1]))[0]
    has = ", ".join(sorted({str(it) for _, it in there if it.os != "unknown"}))
    raise UsageError(f"{where} has no image for {wanted}", hint=f"it has: {has or 'no platforms'}")


def parse(content: bytes, where: str) -> Manifest:
    """Read a manifest or an index. Raises UsageError."""
    try:
        return msgspec.json.decode(content, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"{where} is no manifest: {error}", hint=_ANEW) from error
