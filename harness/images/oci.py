"""Images as documents (config, manifest) and as OCI archives.

Formats: https://github.com/opencontainers/image-spec/blob/v1.0.2/{config,manifest,image-layout}.md
and Docker's https://distribution.github.io/distribution/spec/manifest-v2-2/.

BuildKit's tests read the frontend's archive with containerd's ImportIndex and take the first
manifest of index.json (util/testutil/integration/frombinary.go, the same from v0.3 to master).
"""

from __future__ import annotations

import hashlib
import os
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import msgspec

from harness.errors import InfrastructureError
from harness.images import elf, layer
from harness.images.layer import Entry, Layer

PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
"""What BuildKit itself gives to an image made from scratch."""

_CREATED = datetime.fromtimestamp(layer.EPOCH, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class Format:
    """The media types of one family of images."""

    manifest: str
    config: str
    tar: str
    gzip: str


OCI = Format(
    manifest="application/vnd.oci.image.manifest.v1+json",
    config="application/vnd.oci.image.config.v1+json",
    tar="application/vnd.oci.image.layer.v1.tar",
    gzip="application/vnd.oci.image.layer.v1.tar+gzip",
)
DOCKER = Format(
    manifest="application/vnd.docker.distribution.manifest.v2+json",
    config="application/vnd.docker.container.image.v1+json",
    tar="application/vnd.docker.image.rootfs.diff.tar",
    gzip="application/vnd.docker.image.rootfs.diff.tar.gzip",
)


@dataclass(frozen=True)
class ImageConfig:
    """What an image says about how it is run."""

    architecture: str
    variant: str = ""
    env: tuple[str, ...] = (PATH,)
    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    workdir: str = "/"


@dataclass(frozen=True)
class Blob:
    """A document and its address."""

    media_type: str
    content: bytes

    @property
    def digest(self) -> str:
        """`sha256:…` of the content."""
        return f"sha256:{hashlib.sha256(self.content).hexdigest()}"

    def descriptor(self) -> dict[str, object]:
        """Name this document as other documents do."""
        return _descriptor(self.media_type, self.digest, len(self.content))


@dataclass(frozen=True)
class Image:
    """An image for one platform: its documents, and the layers that lie on disk."""

    manifest: Blob
    config: Blob
    layers: tuple[Layer, ...]


def assemble(layers: Sequence[Layer], config: ImageConfig, form: Format = OCI) -> Image:
    """Write the config and the manifest of an image; the same input gives the same digests."""
    document = Blob(form.config, _config(layers, config))
    manifest = {
        "schemaVersion": 2,
        "mediaType": form.manifest,
        "config": document.descriptor(),
        "layers": [
            _descriptor(form.gzip if one.gzipped else form.tar, one.digest, one.size)
            for one in layers
        ],
    }
    return Image(Blob(form.manifest, msgspec.json.encode(manifest)), document, tuple(layers))


def pack(layers: Sequence[Layer], config: ImageConfig, dest: Path, tag: str = "latest") -> Image:
    """Write an OCI archive of one image to `dest`, which appears complete or not at all."""
    image = assemble(layers, config)
    platform = {"architecture": config.architecture, "os": "linux"}
    if config.variant:
        platform["variant"] = config.variant
    manifest = image.manifest.descriptor() | {
        "annotations": {"org.opencontainers.image.ref.name": tag},
        "platform": platform,
    }
    contents: dict[str, bytes | Path] = {
        one.digest: one.content for one in (image.config, image.manifest)
    }
    contents |= {one.digest: one.path for one in layers}
    archive(manifest, contents, dest)
    return image


def archive(
    manifest: Mapping[str, object], contents: Mapping[str, bytes | Path], dest: Path
) -> None:
    """Write documents and layers by their digests as an OCI archive that names one manifest.

    `dest` appears complete or not at all.
    """
    index = {"schemaVersion": 2, "manifests": [manifest]}
    entries = [
        Entry("blobs", kind=tarfile.DIRTYPE),
        Entry("blobs/sha256", kind=tarfile.DIRTYPE),
        *(
            Entry(f"blobs/{digest.replace(':', '/')}", mode=0o444, content=content)
            for digest, content in sorted(contents.items())
        ),
        Entry("index.json", mode=0o444, content=msgspec.json.encode(index)),
        Entry("oci-layout", mode=0o444, content=b'{"imageLayoutVersion":"1.0.0"}'),
    ]
    part = dest.with_name(f".{dest.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as file:
            layer.add_all(entries, file)
        part.replace(dest)
    finally:
        part.unlink(missing_ok=True)


def pack_frontend(
    binary: Path, labels: Mapping[str, str], entrypoint: Sequence[str], dest: Path
) -> None:
    """Pack a frontend's binary, to be found at `entrypoint[0]`, as the OCI archive `dest`.

    The layer is not compressed: every test has a daemon of its own, which pulls and unpacks it
    anew. For a frontend of 12.8 MB, BuildKit v0.6.4 spent 0.14 s of CPU on a whole build, against
    0.25 s if the layer was gzipped, at level 1 or 6.

    Raises InfrastructureError if the binary cannot be put into an image: unreadable, not static,
    or the entry point is no absolute path.
    """
    executable = elf.inspect(binary)
    if not executable.static:
        raise InfrastructureError(
            f"{binary} is not statically linked, so that it cannot run in an image of its own",
            hint="Build it with CGO_ENABLED=0.",
        )
    config = ImageConfig(
        architecture=executable.architecture,
        variant=executable.variant,
        entrypoint=tuple(entrypoint),
        labels=labels,
    )
    where = _inside(entrypoint)
    parents = [Entry(str(folder), kind=tarfile.DIRTYPE) for folder in reversed(where.parents[:-1])]
    with tempfile.TemporaryDirectory(dir=dest.parent, prefix=".layer-") as temporary:
        content = layer.write(
            [*parents, Entry(str(where), content=binary)],
            Path(temporary, "layer.tar"),
            compress=False,
        )
        pack([content], config, dest)


def _inside(entrypoint: Sequence[str]) -> PurePosixPath:
    """Path of the program below the image's root."""
    path = PurePosixPath(entrypoint[0] if entrypoint else "")
    if not path.is_absolute() or path == PurePosixPath("/") or ".." in path.parts:
        raise InfrastructureError(
            f"the frontend's entry point {list(entrypoint)!r} names no absolute path of a program"
        )
    return path.relative_to("/")


def _config(layers: Sequence[Layer], config: ImageConfig) -> bytes:
    """Write the config document; what is empty is left out, as BuildKit does."""
    run = {
        "Env": list(config.env),
        "Entrypoint": list(config.entrypoint),
        "Cmd": list(config.cmd),
        "WorkingDir": config.workdir,
        "Labels": dict(sorted(config.labels.items())),
    }
    document = {
        "created": _CREATED,
        "architecture": config.architecture,
        "variant": config.variant,
        "os": "linux",
        "config": {key: value for key, value in run.items() if value},
        "rootfs": {"type": "layers", "diff_ids": [one.diff_id for one in layers]},
        "history": _history(len(layers), config),
    }
    if not config.variant:
        del document["variant"]
    return msgspec.json.encode(document)


def _history(layers: int, config: ImageConfig) -> list[dict[str, object]]:
    """One entry for each layer and an empty one for the command, as official images have it."""
    history: list[dict[str, object]] = [{"created": _CREATED, "created_by": "ADD"}] * layers
    if config.cmd:
        command = f"CMD {msgspec.json.encode(config.cmd).decode()}"
        history.append({"created": _CREATED, "created_by": command, "empty_layer": True})
    return history


def _descriptor(media_type: str, digest: str, size: int) -> dict[str, object]:
    return {"mediaType": media_type, "digest": digest, "size": size}
