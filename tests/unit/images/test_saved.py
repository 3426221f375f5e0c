"""What an engine saved becomes the archive that BuildKit's tests read."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import lzma
import tarfile
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import IO

import pytest

from harness.errors import BuildError
from harness.images import contents, saved
from tests.support.fuzzing import batches, hold

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
    """Return the archive's files by name, and the program."""
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


# -- archives of somebody who wants to do harm ---------------------------------------------------

PLAIN = _tar({"bin/frontend": PROGRAM})


def _member(name: str, kind: bytes, target: str = "", **headers: str) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar:
        member = tarfile.TarInfo(name)
        member.type, member.linkname, member.pax_headers = kind, target, headers
        tar.addfile(member)
    return packed.getvalue()


def _hollow(name: str, size: int) -> bytes:
    """Return a sparse file that is one hole."""
    sparse = {"GNU.sparse.size": str(size), "GNU.sparse.map": "0,0", "GNU.sparse.numblocks": "1"}
    return _member(name, tarfile.REGTYPE, **sparse)


def _joined(*tars: bytes) -> IO[bytes]:
    """Lay tars behind one another as one."""
    ends = b"\0" * (2 * tarfile.BLOCKSIZE)
    return io.BytesIO(b"".join(tar.rstrip(b"\0") + _pad(tar) for tar in tars) + ends)


def _pad(tar: bytes) -> bytes:
    return b"\0" * (-len(tar.rstrip(b"\0")) % tarfile.BLOCKSIZE)


HEAD = _saved(PLAIN).read()
ONE_LAYER = json.dumps([{"Config": "config.json", "Layers": ["layer"]}]).encode()
CONFIG = json.dumps({"architecture": "x", "config": {"Entrypoint": ["/x"]}, "rootfs": {}}).encode()
DOCUMENTS = _tar({"manifest.json": ONE_LAYER, "config.json": CONFIG})
DEEP = b"[" * 100_000

HARMFUL = {
    "a layer that is cut off": _saved(gzip.compress(PLAIN)[:-30]),
    "a layer that is damaged": _saved(gzip.compress(PLAIN)[:20] + b"x" * 40),
    "a layer that is no tar": _saved(b"x" * 2000),
    "a layer that unpacks to too much": _saved(gzip.compress(b"\0" * (1 << 21))),
    "a layer of another compression": _saved(lzma.compress(PLAIN)),
    "layers that are too much": _saved(PLAIN, *[_tar({"x": b"x" * 90_000})] * 9),
    "a layer that is a hole": _joined(DOCUMENTS, _hollow("layer", 1 << 50)),
    "a program that is a hole": _saved(_hollow("bin/frontend", 1 << 50)),
    "a program that is a device": _saved(_member("bin/frontend", tarfile.CHRTYPE)),
    "a program that is a link to the host": _saved(
        _member("bin/frontend", tarfile.LNKTYPE, "/etc/passwd")
    ),
    "a layer that is a device": _joined(DOCUMENTS, _member("layer", tarfile.CHRTYPE)),
    "a layer that is a folder": _joined(DOCUMENTS, _member("layer", tarfile.DIRTYPE)),
    "a layer that leads to itself": _joined(DOCUMENTS, _member("layer", tarfile.SYMTYPE, "layer")),
    "a layer on the host": _joined(DOCUMENTS, _member("layer", tarfile.SYMTYPE, "/etc/passwd")),
    "documents that are links": _joined(
        _member("manifest.json", tarfile.SYMTYPE, "/etc/passwd"), DOCUMENTS[2 * 512 :]
    ),
    "a manifest that is a hole": _joined(_hollow("manifest.json", 1 << 50)),
    "a manifest that is deep": io.BytesIO(_tar({"manifest.json": DEEP})),
    "a config that is deep": io.BytesIO(_tar({"manifest.json": ONE_LAYER, "config.json": DEEP})),
    "no layer by that name": io.BytesIO(DOCUMENTS),
    "a tar that is packed": io.BytesIO(gzip.compress(HEAD)),
}


@pytest.mark.parametrize("name", HARMFUL)
def test_an_archive_that_would_do_harm_is_a_build_error_and_leaves_nothing(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for room in (saved, contents):
        monkeypatch.setattr(room, "MOST_BYTES", 1 << 19)
    folder = tmp_path / "made"
    folder.mkdir()
    HARMFUL[name].seek(0)
    with pytest.raises(BuildError):
        saved.pack(HARMFUL[name], folder / "frontend.tar", folder / "program")
    assert {path.name for path in folder.iterdir()} <= {"frontend.tar", "program"}
    assert all(path.stat().st_size <= 1 << 20 for path in folder.iterdir())
    assert {path.name for path in tmp_path.iterdir()} <= {"made", "home"}


def test_names_in_a_layer_lead_nowhere(tmp_path: Path) -> None:
    names = ("../../escaped", "/tmp/escaped", "bin/../../escaped", "a\nb")  # noqa: S108 - in a tar
    layer = _tar(dict.fromkeys(names, b"escaped") | {"bin/frontend": PROGRAM})
    folder = tmp_path / "made" / "here"
    folder.mkdir(parents=True)
    _, program = _pack(_saved(layer), folder)
    assert program == PROGRAM
    assert {path.name for path in folder.iterdir()} == {"frontend.tar", "program"}
    assert {path.name for path in tmp_path.iterdir()} == {"made", "home"}


@batches
def test_a_spoiled_archive_is_packed_or_a_build_error(batch: int, tmp_path: Path) -> None:
    def promise(chance: Random) -> None:
        content = bytearray(HEAD)
        for _ in range(chance.randrange(8)):
            piece = chance.randbytes(chance.randint(1, 12))
            at = chance.randrange(len(content))
            content[at : at + len(piece)] = piece
        start = chance.choice((0, 0, chance.randrange(len(HEAD))))
        packed = io.BytesIO(content[start:])
        with suppress(BuildError):
            saved.pack(packed, tmp_path / "frontend.tar", tmp_path / "program")
        assert {it.name for it in tmp_path.iterdir()} <= {"frontend.tar", "program", "home"}

    hold(promise, batch, place=tmp_path, quick=200)
