"""What an engine saved becomes the archive that BuildKit's tests read."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from pathlib import Path
from typing import IO

import pytest

from harness.errors import BuildError
from harness.images import saved

PROGRAM = b"\x7fELF program"
LABELS = {"moby.buildkit.frontend.network.none": "true"}


def _tar(files: dict[str, bytes], links: dict[str, str] | None = None) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        for name, target in (links or {}).items():
            member = tarfile.TarInfo(name)
            member.type, member.linkname = tarfile.SYMTYPE, target
            tar.addfile(member)
    return packed.getvalue()


def _saved(*layers: bytes) -> IO[bytes]:
    names = [f"{number}/layer.tar" for number, _ in enumerate(layers)]
    run = {
        "Entrypoint": ["/bin/frontend"],
        "Labels": LABELS | {"ours": "yes"},
        "Env": ["PATH=/bin"],
    }
    config = {"architecture": "amd64", "os": "linux", "config": run, "rootfs": {"type": "layers"}}
    manifest = [{"Config": "config.json", "RepoTags": ["x:1"], "Layers": names}]
    files = {
        "manifest.json": json.dumps(manifest).encode(),
        "config.json": json.dumps(config).encode(),
    }
    return io.BytesIO(_tar(files | dict(zip(names, layers, strict=True))))


def _pack(file: IO[bytes], folder: Path) -> tuple[dict[str, bytes], bytes]:
    """Give the archive's files by name, and the program."""
    saved.pack(file, folder / "frontend.tar", folder / "program", without="ours")
    with tarfile.open(folder / "frontend.tar") as tar:
        read = {m.name: tar.extractfile(m) for m in tar if m.isfile()}
        return {n: f.read() for n, f in read.items() if f}, (folder / "program").read_bytes()


def _blob(files: dict[str, bytes], digest: str) -> bytes:
    content = files[f"blobs/{digest.replace(':', '/')}"]
    assert hashlib.sha256(content).hexdigest() == digest.removeprefix("sha256:")
    return content


def test_layers_stay_as_they_are_and_the_config_says_what_the_image_said(tmp_path: Path) -> None:
    plain, packed = _tar({"bin/frontend": PROGRAM}), gzip.compress(_tar({"etc/x": b"x"}))
    files, _ = _pack(_saved(plain, packed), tmp_path)
    (entry,) = json.loads(files["index.json"])["manifests"]
    manifest = json.loads(_blob(files, entry["digest"]))
    assert [_blob(files, layer["digest"]) for layer in manifest["layers"]] == [plain, packed]
    assert [layer["mediaType"].endswith("gzip") for layer in manifest["layers"]] == [False, True]
    config = json.loads(_blob(files, manifest["config"]["digest"]))
    assert config["config"]["Labels"] == LABELS
    assert config["config"]["Entrypoint"] == ["/bin/frontend"]
    diff_ids = [hashlib.sha256(c).hexdigest() for c in (plain, gzip.decompress(packed))]
    assert config["rootfs"]["diff_ids"] == [f"sha256:{digest}" for digest in diff_ids]


def test_the_program_is_that_of_the_topmost_layer(tmp_path: Path) -> None:
    layers = [_tar({"bin/frontend": b"old"}), _tar({"./bin/frontend": PROGRAM}), _tar({"x": b""})]
    _, program = _pack(_saved(*layers), tmp_path)
    assert program == PROGRAM
    assert (tmp_path / "program").stat().st_mode & 0o111


@pytest.mark.parametrize(
    "file",
    [
        io.BytesIO(b"no tar"),
        io.BytesIO(_tar({"x": b""})),
        io.BytesIO(_tar({"manifest.json": b"[]"})),
        io.BytesIO(_tar({"manifest.json": b'[{"Config": "c", "Layers": []}]'})),
        _saved(_tar({"bin/other": b""})),
        _saved(_tar({}, links={"bin/frontend": "/etc/passwd"})),
    ],
    ids=["no tar", "no manifest", "no image", "no config", "no program", "a link"],
)
def test_what_is_no_frontend_is_a_build_error(tmp_path: Path, file: IO[bytes]) -> None:
    with pytest.raises(BuildError):
        saved.pack(file, tmp_path / "frontend.tar", tmp_path / "program")
