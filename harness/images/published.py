"""A frontend's image that somebody published, taken into the store as it is.

It is kept where a frontend that was built here would be, under the digest of its manifest: the
archive that BuildKit's tests read, the program, and what the image says of itself. The manifest,
the config and the layers keep every byte.
"""

from __future__ import annotations

import tempfile
from pathlib import Path, PurePosixPath

import msgspec

from harness.errors import BuildError, InfrastructureError, UsageError
from harness.images import elf, oci, saved
from harness.images.layer import Layer
from harness.images.layouts import Descriptor, Files, Manifest, Platform
from harness.model import Record, Side
from harness.store import Store, key_of

ARCHIVE = "frontend.tar"
PROGRAM = "dockerfile-frontend"
FACTS = "image.json"

_RECIPE = 1
_LABELS = "moby.buildkit.frontend."
_ZSTD = b"\x28\xb5\x2f\xfd"
_GZIP = b"\x1f\x8b"
_HINT = "docker/dockerfile and docker/dockerfile-upstream have Dockerfile frontends"


class _Run(msgspec.Struct, frozen=True):
    entrypoint: tuple[str, ...] | None = msgspec.field(name="Entrypoint", default=None)
    labels: dict[str, str] | None = msgspec.field(name="Labels", default=None)


class _Config(msgspec.Struct, frozen=True):
    architecture: str = ""
    os: str = ""
    variant: str = ""
    config: _Run = _Run()


class Facts(Record, frozen=True, kw_only=True):
    """What an image says of itself."""

    digest: str
    platform: str
    labels: dict[str, str]
    entrypoint: tuple[str, ...]
    program: bool
    """Whether its program was taken out of it; zstd is not unpacked here."""


def key(digest: str) -> str:
    """Return the key of a frontend's image in the store."""
    return key_of({"recipe": _RECIPE, "kind": Side.FRONTEND, "image": digest})


def find(store: Store, digest: str) -> Path | None:
    """Return the folder of an image that was taken into the store, or None."""
    return store.find(Side.FRONTEND, key(digest))


def facts_of(folder: Path) -> Facts:
    """Read what an image says of itself."""
    return msgspec.json.decode((folder / FACTS).read_bytes(), type=Facts)


def take(
    store: Store, files: Files, one: Descriptor, manifest: Manifest, content: bytes, machine: str
) -> Path:
    """Take an image into the store, unless it is there; nothing of a bad one is kept.

    Raises UsageError for what is no frontend of this kind of `machine`, InfrastructureError for
    what is not as its digests say.
    """

    def make(folder: Path) -> None:
        config, written = _config(files, manifest, machine)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".blobs-") as working:
            contents: dict[str, bytes | Path] = {one.digest: content}
            contents |= {manifest.config.digest: written} if manifest.config else {}
            for layer in manifest.layers:
                file = Path(working, layer.digest.partition(":")[2])
                files.copy(layer, file)
                contents[layer.digest] = file
            platform = str(Platform(config.os, config.architecture, config.variant))
            oci.archive(_descriptor(one, manifest, config), contents, folder / ARCHIVE)
            layers = [it for it in contents.values() if isinstance(it, Path)]
            program = _extract(files.where, layers, config, folder / PROGRAM)
        facts = Facts(
            digest=one.digest,
            platform=platform,
            labels=config.config.labels or {},
            entrypoint=config.config.entrypoint or (),
            program=program,
        )
        (folder / FACTS).write_bytes(msgspec.json.format(msgspec.json.encode(facts)))

    return store.publish(Side.FRONTEND, key(one.digest), make).path


def _config(files: Files, manifest: Manifest, machine: str) -> tuple[_Config, bytes]:
    """Read the config of an image. Raises UsageError if it is no frontend for this machine."""
    where = files.where
    if manifest.config is None:
        raise UsageError(f"{where} is no image: its manifest names no config", hint=_HINT)
    content = files.document(manifest.config)
    try:
        config = msgspec.json.decode(content, type=_Config)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UsageError(f"{where} is no image: {error}", hint=_HINT) from error
    if (config.os, config.architecture) != ("linux", machine):
        own = f"{config.os or 'unknown'}/{config.architecture or 'unknown'}"
        raise UsageError(
            f"{where} is for {own}, this machine is linux/{machine}",
            hint="name an image for this machine",
        )
    entrypoint, labels = config.config.entrypoint or (), config.config.labels or {}
    first = PurePosixPath(entrypoint[0]) if entrypoint else None
    told = any(it.startswith(_LABELS) for it in labels)
    if first is None or not first.is_absolute() or not (told or first.name == PROGRAM):
        what = f"its entry point is {list(entrypoint)}" if entrypoint else "it has no entry point"
        raise UsageError(f"{where} is no Dockerfile frontend: {what}", hint=_HINT)
    return config, content


def _descriptor(one: Descriptor, manifest: Manifest, config: _Config) -> dict[str, object]:
    kind = one.media_type or manifest.media_type or oci.OCI.manifest
    platform = {"architecture": config.architecture, "os": config.os}
    return {
        "mediaType": kind,
        "digest": one.digest,
        "size": one.size,
        "annotations": {"org.opencontainers.image.ref.name": "latest"},
        "platform": platform | ({"variant": config.variant} if config.variant else {}),
    }


def _extract(where: str, files: list[Path], config: _Config, dest: Path) -> bool:
    """Take the program out of an image, unless a layer is packed with zstd.

    Raises UsageError if there is no such program, or it is for another kind of machine.
    """
    layers = []
    for file in files:
        with file.open("rb") as layer:
            begins = layer.read(len(_ZSTD))
        if begins == _ZSTD:
            return False
        gzipped = begins.startswith(_GZIP)
        layers.append(Layer(file, "", 0, "", gzipped=gzipped))
    try:
        saved.extract(layers, config.config.entrypoint, dest)
        machine = elf.inspect(dest).architecture
    except (*saved.NO_IMAGE, *saved.BROKEN, BuildError, InfrastructureError) as error:
        raise UsageError(f"{where} is no Dockerfile frontend: {error}", hint=_HINT) from error
    if machine != config.architecture:
        raise UsageError(
            f"{where} says that it is for {config.architecture}, but its program is for {machine}",
            hint="its publisher has to know",
        )
    return True
