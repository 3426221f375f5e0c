"""What `docker save` writes, made into the OCI archive that BuildKit's tests read.

Format: https://github.com/moby/docker-image-spec/blob/v1.3.1/spec.md#combined-image-json--filesystem-changeset-format
(manifest.json names the config and the layers), which every engine writes, newer ones beside an
OCI layout. Layers stay as they are; labels and entry point are those of the saved image.
"""

from __future__ import annotations

import hashlib
import shutil
import tarfile
import tempfile
from pathlib import Path
from typing import IO

import msgspec

from harness.errors import BuildError
from harness.images import oci
from harness.images.layer import Layer
from harness.model import Record

_GZIP = b"\x1f\x8b"


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
            tarfile.open(fileobj=saved) as tar,
            tempfile.TemporaryDirectory(dir=archive.parent, prefix=".layers-") as folder,
        ):
            (entry,) = msgspec.json.decode(_read(tar, "manifest.json"), type=tuple[_Entry, ...])
            config = msgspec.json.decode(_read(tar, entry.config), type=_Config)
            layers = [
                _layer(tar, name, Path(folder, str(number)))
                for number, name in enumerate(entry.layers)
            ]
            oci.pack(layers, _image_config(config, without), archive)
            _extract(layers, config.config.entrypoint, program)
    except (tarfile.TarError, KeyError, ValueError, msgspec.MsgspecError) as error:
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
    file = tar.extractfile(name)
    if file is None:
        raise KeyError(name)
    return file.read()


def _layer(tar: tarfile.TarFile, name: str, dest: Path) -> Layer:
    # Old engines write one of two equal layers as a link to the other.
    file = tar.extractfile(name)
    if file is None:
        raise KeyError(name)
    with file, dest.open("wb") as out:
        shutil.copyfileobj(file, out, 1 << 20)
    with dest.open("rb") as written:
        gzipped = written.read(len(_GZIP)) == _GZIP
        written.seek(0)
        digest = f"sha256:{hashlib.file_digest(written, 'sha256').hexdigest()}"
    diff_id = _diff_id(dest) if gzipped else digest
    return Layer(dest, digest, dest.stat().st_size, diff_id, gzipped=gzipped)


def _diff_id(gzipped: Path) -> str:
    import gzip  # noqa: PLC0415 - only some engines compress what they save

    with gzip.open(gzipped) as plain:
        digest = hashlib.sha256()
        while chunk := plain.read(1 << 20):
            digest.update(chunk)
    return f"sha256:{digest.hexdigest()}"


def _extract(layers: list[Layer], entrypoint: tuple[str, ...] | None, dest: Path) -> None:
    """Write the file that the entry point names; the topmost layer that has it wins."""
    wanted = (entrypoint or ("",))[0].lstrip("/")
    for one in reversed(layers):
        with tarfile.open(one.path) as tar:
            for member in tar:
                if member.isfile() and member.name.removeprefix("./") == wanted:
                    file = tar.extractfile(member)
                    if file is not None:
                        with file, dest.open("wb") as out:
                            shutil.copyfileobj(file, out, 1 << 20)
                        dest.chmod(0o755)
                        return
    raise BuildError(f"the frontend's image has no file at its entry point {entrypoint!r}")
