"""OCI archives: complete, consistent, the same every time, or not there at all."""

from __future__ import annotations

import hashlib
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from harness.errors import InfrastructureError
from harness.images import layer, oci
from harness.images.layer import Entry, Layer
from harness.images.oci import ImageConfig
from tests.support import elf_binaries

LABELS = {
    "moby.buildkit.frontend.network.none": "true",
    "moby.buildkit.frontend.caps": "moby.buildkit.frontend.inputs",
}
ENTRYPOINT = ["/bin/dockerfile-frontend"]


@pytest.fixture
def binary(tmp_path: Path) -> Path:
    path = tmp_path / "frontend"
    path.write_bytes(elf_binaries.elf())
    return path


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """An empty folder to pack into."""
    path = tmp_path / "out"
    path.mkdir()
    return path


def contents(archive: Path) -> dict[str, bytes]:
    with tarfile.open(archive) as tar:
        found = {}
        for member in tar.getmembers():
            if file := tar.extractfile(member):
                found[member.name] = file.read()
    return found


def read(archive: Path) -> tuple[dict[str, Any], dict[str, Any], bytes]:
    """Return manifest, config and layer of an archive, each looked up by its digest."""
    files = contents(archive)
    assert json.loads(files["oci-layout"]) == {"imageLayoutVersion": "1.0.0"}
    index = json.loads(files["index.json"])
    (only,) = index["manifests"]

    def blob(descriptor: dict[str, Any]) -> bytes:
        content = files["blobs/" + descriptor["digest"].replace(":", "/")]
        assert len(content) == descriptor["size"]
        assert hashlib.sha256(content).hexdigest() == descriptor["digest"].partition(":")[2]
        return content

    manifest = json.loads(blob(only))
    assert only["mediaType"] == manifest["mediaType"]
    (packed,) = manifest["layers"]
    return manifest, json.loads(blob(manifest["config"])), blob(packed)


def test_a_frontend_is_packed_with_its_labels_and_entry_point(binary: Path, tmp_path: Path) -> None:
    oci.pack_frontend(binary, LABELS, ENTRYPOINT, tmp_path / "image.tar")
    manifest, config, packed = read(tmp_path / "image.tar")
    assert manifest["layers"][0]["mediaType"] == "application/vnd.oci.image.layer.v1.tar"
    assert config["os"] == "linux"
    assert config["architecture"] == "amd64"
    assert "variant" not in config
    assert config["rootfs"]["diff_ids"] == [f"sha256:{hashlib.sha256(packed).hexdigest()}"]
    assert config["config"] == {
        "Env": [oci.PATH],
        "Entrypoint": ENTRYPOINT,
        "WorkingDir": "/",
        "Labels": LABELS,
    }


def test_the_binary_lies_where_the_entry_point_says(binary: Path, tmp_path: Path) -> None:
    oci.pack_frontend(binary, {}, ["/usr/lib/front", "--flag"], tmp_path / "image.tar")
    _, config, packed = read(tmp_path / "image.tar")
    (tmp_path / "layer.tar").write_bytes(packed)
    with tarfile.open(tmp_path / "layer.tar") as tar:
        assert tar.getnames() == ["usr", "usr/lib", "usr/lib/front"]
        program = tar.extractfile("usr/lib/front")
        assert program is not None
        assert program.read() == binary.read_bytes()
        assert tar.getmember("usr/lib/front").mode == 0o755
    assert config["config"]["Entrypoint"] == ["/usr/lib/front", "--flag"]
    assert "Labels" not in config["config"]


def test_the_order_of_labels_does_not_matter(binary: Path, tmp_path: Path) -> None:
    oci.pack_frontend(binary, LABELS, ENTRYPOINT, tmp_path / "one.tar")
    turned = dict(reversed(LABELS.items()))
    oci.pack_frontend(binary, turned, ENTRYPOINT, tmp_path / "two.tar")
    assert (tmp_path / "one.tar").read_bytes() == (tmp_path / "two.tar").read_bytes()


def test_a_variant_is_said_in_config_and_index(tmp_path: Path) -> None:
    binary = tmp_path / "frontend"
    binary.write_bytes(elf_binaries.elf(machine=40, bits=32))
    oci.pack_frontend(binary, {}, ENTRYPOINT, tmp_path / "image.tar")
    _, config, _ = read(tmp_path / "image.tar")
    assert (config["architecture"], config["variant"]) == ("arm", "v7")
    index = json.loads(contents(tmp_path / "image.tar")["index.json"])
    assert index["manifests"][0]["platform"] == {
        "architecture": "arm",
        "os": "linux",
        "variant": "v7",
    }


def test_a_binary_that_needs_shared_libraries_is_refused(tmp_path: Path) -> None:
    binary = tmp_path / "frontend"
    binary.write_bytes(elf_binaries.elf(interpreted=True))
    with pytest.raises(InfrastructureError, match="not statically linked") as caught:
        oci.pack_frontend(binary, {}, ENTRYPOINT, tmp_path / "image.tar")
    assert "CGO_ENABLED=0" in caught.value.hint
    assert not (tmp_path / "image.tar").exists()


@pytest.mark.parametrize("entrypoint", [[], [""], ["frontend"], ["/"], ["/bin/../../frontend"]])
def test_an_entry_point_that_names_no_place_is_refused(
    binary: Path, out: Path, entrypoint: list[str]
) -> None:
    with pytest.raises(InfrastructureError, match="entry point"):
        oci.pack_frontend(binary, {}, entrypoint, out / "image.tar")
    assert list(out.iterdir()) == []


def test_a_failure_half_way_leaves_nothing_behind(
    binary: Path, out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (out / "image.tar").write_bytes(b"the one before")
    write_all = layer.add_all

    def fail_at_the_archive(entries: list[Entry], stream: Any) -> None:  # noqa: ANN401 - passed on
        write_all(entries, stream)
        if any(entry.name == "oci-layout" for entry in entries):
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(layer, "add_all", fail_at_the_archive)
    with pytest.raises(OSError, match="No space left"):
        oci.pack_frontend(binary, {}, ENTRYPOINT, out / "image.tar")
    assert [path.name for path in out.iterdir()] == ["image.tar"]
    assert (out / "image.tar").read_bytes() == b"the one before"


def test_an_image_with_a_command_has_the_history_of_an_official_one(tmp_path: Path) -> None:
    packed = layer.write([Entry("file", content=b"x")], tmp_path / "layer", compress=True)
    image = oci.assemble([packed], ImageConfig("amd64", cmd=("sh", "-c", "é")), oci.DOCKER)
    history = json.loads(image.config.content)["history"]
    assert [one.get("empty_layer", False) for one in history] == [False, True]
    assert history[1]["created_by"] == 'CMD ["sh","-c","é"]'


@pytest.mark.parametrize(
    ("form", "gzipped", "expected"),
    [
        (oci.OCI, True, "application/vnd.oci.image.layer.v1.tar+gzip"),
        (oci.OCI, False, "application/vnd.oci.image.layer.v1.tar"),
        (oci.DOCKER, True, "application/vnd.docker.image.rootfs.diff.tar.gzip"),
    ],
)
def test_media_types_are_of_one_family(form: oci.Format, expected: str, *, gzipped: bool) -> None:
    packed = Layer(Path("layer"), "sha256:aa", 1, "sha256:bb", gzipped=gzipped)
    image = oci.assemble([packed], ImageConfig("amd64"), form)
    manifest = json.loads(image.manifest.content)
    assert manifest["mediaType"] == image.manifest.media_type == form.manifest
    assert manifest["config"]["mediaType"] == form.config
    assert manifest["layers"] == [{"mediaType": expected, "digest": "sha256:aa", "size": 1}]
