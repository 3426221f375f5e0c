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
from pathlib import Path
from typing import IO

import msgspec

from harness.errors import BuildError
from harness.images import oci
from harness.images.contents import BROKEN, MOST_BYTES, copy, extract
from harness.images.layer import Layer
from harness.model import Record

MOST_DOCUMENT = 4 << 20

_GZIP = b"\x1f\x8b"
_CHUNK = 1 << 20


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
            extract([it.path for it in layers], config.config.entrypoint, program)
    except (*BROKEN, msgspec.MsgspecError) as error:
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
        copy(file, dest, most)
    with dest.open("rb") as written:
        gzipped = written.read(len(_GZIP)) == _GZIP
        written.seek(0)
        digest = f"sha256:{hashlib.file_digest(written, 'sha256').hexdigest()}"
    diff_id = _diff_id(dest) if gzipped else digest
    return Layer(dest, digest, dest.stat().st_size, diff_id, gzipped=gzipped)


def _diff_id(gzipped: Path) -> str:
    with gzip.open(gzipped) as plain:
        digest, left = hashlib.sha256(), MOST_BYTES
        while chunk := plain.read(_CHUNK):
            left -= len(chunk)
            if left < 0:
                raise ValueError(f"a layer of more than {MOST_BYTES} bytes")
            digest.update(chunk)
    return f"sha256:{digest.hexdigest()}"
