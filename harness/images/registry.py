"""The storage folder of Docker's registry, written without a registry.

Layout: registry/storage/paths.go of https://github.com/distribution/distribution (v2.8), below
the `data` folder that BuildKit's tests give to the registry they start
(util/testutil/integration/registry.go).
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from pathlib import Path

from harness.errors import InfrastructureError
from harness.images.oci import Image

_ROOT = Path("data", "docker", "registry", "v2")
_CHUNK = 1 << 20


def write(mirror: Path, name: str, image: Image) -> None:
    """Put an image into the mirror folder as `name`, a repository with its tag."""
    repository, _, tag = name.rpartition(":")
    own = mirror / _ROOT / "repositories" / repository
    tags = own / "_manifests" / "tags" / tag
    manifest = image.manifest.digest
    for one in image.layers:
        shutil.copyfile(one.path, _blob(mirror, one.digest))
        _link(own / "_layers", one.digest)
    for document in (image.config, image.manifest):
        _blob(mirror, document.digest).write_bytes(document.content)
    _link(own / "_layers", image.config.digest)
    _link(own / "_manifests" / "revisions", manifest)
    _link(tags / "index", manifest)
    current = tags / "current"
    current.mkdir(parents=True)
    (current / "link").write_text(manifest, encoding="ascii")


def verify(mirror: Path) -> None:
    """Check that every blob is what its name says and that every link leads to a blob.

    Raises InfrastructureError naming what is damaged.
    """
    damaged = sorted(str(path.relative_to(mirror)) for path in _damaged(mirror))
    if damaged:
        raise InfrastructureError(
            f"the seeded images in {mirror} are damaged: {', '.join(damaged)}",
            hint=f"rm -r {mirror}, then compat images seed",
        )


def _damaged(mirror: Path) -> Iterator[Path]:
    blobs = mirror / _ROOT / "blobs"
    links = list((mirror / _ROOT / "repositories").rglob("link"))
    if not links:
        yield mirror / _ROOT
    for blob in blobs.glob("*/*/*/data"):
        if _digest(blob) != blob.parent.name:
            yield blob
    for link in links:
        kind, _, digest = link.read_text(encoding="ascii").partition(":")
        if not (blobs / kind / digest[:2] / digest / "data").is_file():
            yield link


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _blob(mirror: Path, digest: str) -> Path:
    """Where the content of a digest lies; its folder is made."""
    kind, _, value = digest.partition(":")
    folder = mirror / _ROOT / "blobs" / kind / value[:2] / value
    folder.mkdir(parents=True, exist_ok=True)
    return folder / "data"


def _link(folder: Path, digest: str) -> None:
    own = folder.joinpath(*digest.split(":"))
    own.mkdir(parents=True, exist_ok=True)
    (own / "link").write_text(digest, encoding="ascii")
