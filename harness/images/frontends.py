"""Published frontends: the archive that BuildKit's tests read, with every byte as it is."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from harness.errors import BuildError
from harness.images import oci
from harness.images.contents import by_zstd, extract
from harness.images.published import Config, Image, Kind, Unfit, program_of
from harness.model import Side

ARCHIVE = "frontend.tar"
PROGRAM = "dockerfile-frontend"

_LABELS = "moby.buildkit.frontend."
_OF_ZSTD = "layers are packed with zstd, which old daemons cannot unpack"


def looks_like(config: Config) -> bool:
    """Return whether an image says that it is a frontend."""
    first = PurePosixPath(config.entrypoint[0]) if config.entrypoint else None
    told = any(it.startswith(_LABELS) for it in config.labels)
    return first is not None and first.is_absolute() and (told or first.name == PROGRAM)


def _check(config: Config) -> str:
    if looks_like(config):
        return ""
    entrypoint = list(config.entrypoint)
    return f"its entry point is {entrypoint}" if entrypoint else "it has no entry point"


def _fill(image: Image, folder: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Write archive and program."""
    oci.archive(_descriptor(image), image.contents, folder / ARCHIVE)
    try:
        extract(image.layers, image.config.entrypoint, folder / PROGRAM)
    except BuildError as error:
        raise Unfit(str(error)) from error
    program_of(folder / PROGRAM, image, "program")
    return (PROGRAM,), (_OF_ZSTD,) if any(map(by_zstd, image.layers)) else ()


def _descriptor(image: Image) -> dict[str, object]:
    one, config = image.one, image.config
    platform = {"architecture": config.architecture, "os": config.os}
    return {
        "mediaType": one.media_type or image.manifest.media_type or oci.OCI.manifest,
        "digest": one.digest,
        "size": one.size,
        "annotations": {"org.opencontainers.image.ref.name": "latest"},
        "platform": platform | ({"variant": config.variant} if config.variant else {}),
    }


FRONTEND = Kind(
    side=Side.FRONTEND,
    called="Dockerfile frontend",
    hint="docker/dockerfile and docker/dockerfile-upstream have Dockerfile frontends; "
    "a daemon is named first",
    program=PROGRAM,
    check=_check,
    fill=_fill,
)
