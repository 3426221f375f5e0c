"""What `docker save` writes, made into the OCI archive that BuildKit's tests read.

Format: https://github.com/moby/docker-image-spec/blob/v1.3.1/spec.md#combined-image-json--filesystem-changeset-format
(manifest.json names the config and the layers), which every engine writes, newer ones beside an
OCI layout. Layers stay as they are; labels and entry point are those of the saved image.

What was saved is the work of a commit that nobody has read. Nothing is unpacked by the names in
it: members are looked up and their bytes copied, to places of ours, as long as there are not too
many. Holes of sparse files and what comes out of compression are counted before they are written.
"""

from __future__ import annotations

import gzip
import hashlib
import tarfile
import tempfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import msgspec

from harness.errors import BuildError
from harness.images import oci
from harness.images.layer import Layer
from harness.model import Record

MOST_BYTES = 1 << 30
"""Of all layers, packed or not; frontends have some dozen MB."""
MOST_DOCUMENT = 4 << 20

_GZIP = b"\x1f\x8b"
_CHUNK = 1 << 20
NO_IMAGE = (tarfile.TarError, KeyError, ValueError, msgspec.MsgspecError)

BROKEN = (EOFError, zlib.error, gzip.BadGzipFile, RecursionError)
"""What comes of compressed data that are cut off, and of links that lead in a circle."""


class _Entry(msgspec.Struct, frozen=True, rename="pascal"):
    config: str
    layers: tuple[str, ...]


class _Run(msgspec.Struct, frozen=True, rename="pascal"):
    env: tuple[str, ...] | None = None
    entrypoint: tuple[str, ...] | None = None
    cmd: tuple[str, ...] | None = None
    working_dir: str = ""
    labels: dict[str, str] | None = None


class _Config(Record, frozen=True, kw_only=True):
    architecture: str
    variant: str = ""
    config: _Run
    rootfs: dict[str, object]


def pack(saved: IO[bytes], archive: Path, program: Path, *, without: str = "") -> None:
    """Write the image in `saved` as the OCI archive `archive`, and its entry point's file.

    The label `without` is left out: whoever built the image put it there.

    Raises BuildError if `saved` holds no image with a program as its entry point.
    """
    try:
        with (
            tarfile.open(fileobj=saved, mode="r:") as tar,
            tempfile.TemporaryDirectory(dir=archive.parent, prefix=".layers-") as folder,
        ):
            (entry,) = msgspec.json.decode(_read(tar, "manifest.json"), type=tuple[_Entry, ...])
            config = msgspec.json.decode(_read(tar, entry.config), type=_Config)
            layers = _layers(tar, entry.layers, Path(folder))
            oci.pack(layers, _image_config(config, without), archive)
            extract(layers, config.config.entrypoint, program)
    except (*NO_IMAGE, *BROKEN) as error:
        raise BuildError(f"the engine saved something that is no image: {error!r}") from error


def _image_config(config: _Config, without: str) -> oci.ImageConfig:
    run = config.config
    return oci.ImageConfig(
        architecture=config.architecture,
        variant=config.variant,
        env=run.env or (oci.PATH,),
        entrypoint=run.entrypoint or (),
        cmd=run.cmd or (),
        labels={k: v for k, v in (run.labels or {}).items() if k != without},
        workdir=run.working_dir or "/",
    )


def _read(tar: tarfile.TarFile, name: str) -> bytes:
    member = tar.getmember(name)
    file = tar.extractfile(member) if member.isreg() else None
    if file is None or member.size > MOST_DOCUMENT:
        raise ValueError(f"{name} is no file of at most {MOST_DOCUMENT} bytes")
    return file.read()


def _layers(tar: tarfile.TarFile, names: tuple[str, ...], folder: Path) -> list[Layer]:
    left, layers = MOST_BYTES, []
    for number, name in enumerate(names):
        layers.append(_layer(tar, name, folder / str(number), left))
        left -= layers[-1].size
    return layers


def _layer(tar: tarfile.TarFile, name: str, dest: Path, most: int) -> Layer:
    # Old engines write one of two equal layers as a link to the other.
    file = tar.extractfile(name)
    if file is None:
        raise KeyError(name)
    with file:
        _copy(file, dest, most)
    with dest.open("rb") as written:
        gzipped = written.read(len(_GZIP)) == _GZIP
        written.seek(0)
        digest = f"sha256:{hashlib.file_digest(written, 'sha256').hexdigest()}"
    diff_id = _diff_id(dest) if gzipped else digest
    return Layer(dest, digest, dest.stat().st_size, diff_id, gzipped=gzipped)


def _copy(file: IO[bytes], dest: Path, most: int) -> None:
    """Write a member's bytes. Raises ValueError for more than `most`, which a hole may hold."""
    with dest.open("wb") as out:
        while chunk := file.read(_CHUNK):
            most -= len(chunk)
            if most < 0:
                raise ValueError(f"more than {MOST_BYTES} bytes")
            out.write(chunk)


def _diff_id(gzipped: Path) -> str:
    with gzip.open(gzipped) as plain:
        digest, left = hashlib.sha256(), MOST_BYTES
        while chunk := plain.read(_CHUNK):
            left -= len(chunk)
            if left < 0:
                raise ValueError(f"a layer of more than {MOST_BYTES} bytes")
            digest.update(chunk)
    return f"sha256:{digest.hexdigest()}"


def extract(layers: Sequence[Layer], entrypoint: tuple[str, ...] | None, dest: Path) -> None:
    """Write the file that the entry point names; the topmost layer that has it wins.

    Raises BuildError if no layer has it.
    """
    wanted = (entrypoint or ("",))[0].lstrip("/")
    for one in reversed(layers):
        with tarfile.open(one.path, "r:gz" if one.gzipped else "r:") as tar:
            for member in tar:
                if member.isfile() and member.name.removeprefix("./") == wanted:
                    file = tar.extractfile(member)
                    if file is not None:
                        _copy(file, dest, MOST_BYTES)
                        dest.chmod(0o755)
                        return
    raise BuildError(f"the frontend's image has no file at its entry point {entrypoint!r}")
