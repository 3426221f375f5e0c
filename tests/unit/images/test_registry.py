"""The storage layout of Docker's registry, and what damages it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from harness.errors import InfrastructureError
from harness.images import layer, oci, registry
from harness.images.layer import Entry
from harness.images.oci import Image, ImageConfig

V2 = Path("data/docker/registry/v2")


@pytest.fixture
def image(tmp_path: Path) -> Image:
    content = layer.write([Entry("file", content=b"x")], tmp_path / "layer", compress=True)
    return oci.assemble([content], ImageConfig("amd64"), oci.DOCKER)


@pytest.fixture
def mirror(tmp_path: Path, image: Image) -> Path:
    folder = tmp_path / "mirror"
    registry.write(folder, "library/busybox:latest", image)
    return folder


def hexed(digest: str) -> str:
    return digest.removeprefix("sha256:")


def test_the_layout_is_the_registrys(mirror: Path, image: Image) -> None:
    manifest, config = hexed(image.manifest.digest), hexed(image.config.digest)
    packed = hexed(image.layers[0].digest)
    files = {str(path.relative_to(mirror / V2)) for path in mirror.rglob("*") if path.is_file()}
    own = "repositories/library/busybox"
    assert files == {
        *(f"blobs/sha256/{one[:2]}/{one}/data" for one in (manifest, config, packed)),
        f"{own}/_layers/sha256/{config}/link",
        f"{own}/_layers/sha256/{packed}/link",
        f"{own}/_manifests/revisions/sha256/{manifest}/link",
        f"{own}/_manifests/tags/latest/index/sha256/{manifest}/link",
        f"{own}/_manifests/tags/latest/current/link",
    }
    current = mirror / V2 / own / "_manifests/tags/latest/current/link"
    assert current.read_bytes() == image.manifest.digest.encode()


def test_several_images_share_their_blobs(mirror: Path, image: Image) -> None:
    registry.write(mirror, "library/busybox:stable", image)
    registry.write(mirror, "other:latest", image)
    assert len(list((mirror / V2 / "blobs").rglob("data"))) == 3
    registry.verify(mirror)


def flip(mirror: Path) -> Path:
    blob = max((mirror / V2 / "blobs").rglob("data"), key=lambda path: path.stat().st_size)
    blob.write_bytes(bytes([blob.read_bytes()[0] ^ 1]) + blob.read_bytes()[1:])
    return blob


def remove(mirror: Path) -> Path:
    link = next((mirror / V2 / "repositories").rglob("_layers/*/*/link"))
    digest = link.parent.name
    (mirror / V2 / "blobs" / "sha256" / digest[:2] / digest / "data").unlink()
    return link


def repoint(mirror: Path) -> Path:
    link = next((mirror / V2 / "repositories").rglob("current/link"))
    link.write_text("sha256:" + "0" * 64, "ascii")
    return link


def empty(mirror: Path) -> Path:
    shutil.rmtree(mirror / "data")
    return mirror / V2


@pytest.mark.parametrize("damage", [flip, remove, repoint, empty])
def test_damage_is_found_and_named(mirror: Path, damage: Callable[[Path], Path]) -> None:
    registry.verify(mirror)
    where = damage(mirror)
    with pytest.raises(InfrastructureError) as caught:
        registry.verify(mirror)
    assert str(where.relative_to(mirror)) in str(caught.value)
    assert caught.value.hint == f"rm -r {mirror}, then compat images seed"
