"""A run folder as bytes: the same again, and nothing that would be written elsewhere."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.journal import packing
from harness.journal.packing import pack, unpack


def files(folder: Path) -> dict[str, bytes | None]:
    return {
        str(path.relative_to(folder)): path.read_bytes() if path.is_file() else None
        for path in folder.rglob("*")
    }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    run = tmp_path / "run"
    (run / "candidate" / "tests").mkdir(parents=True)
    (run / "control" / "daemon").mkdir(parents=True)
    (run / "run.json").write_bytes(b"{}")
    (run / "candidate" / "raw.log").write_bytes(bytes(range(256)) * 5000)
    return run


def archive(name: str, kind: bytes = tarfile.REGTYPE, *, twice: bool = False) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as tar:
        member = tarfile.TarInfo(name)
        member.type = kind
        member.linkname = "/etc/passwd"
        for _ in range(1 + twice):
            tar.addfile(member)
    return made.getvalue()


def test_it_is_the_same_again(folder: Path, tmp_path: Path) -> None:
    unpack(pack(folder), tmp_path / "new")
    assert files(tmp_path / "new") == files(folder)


def test_links_stay_behind(folder: Path, tmp_path: Path) -> None:
    before = files(folder)
    (folder / "link").symlink_to("/etc/passwd")
    unpack(pack(folder), tmp_path / "new")
    assert files(tmp_path / "new") == before


@pytest.mark.parametrize("name", ["/etc/passwd", "../out", "a/../../out", ".", ""])
def test_what_leads_elsewhere_is_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="leads out of it"):
        unpack(archive(name), tmp_path / "new")
    assert files(tmp_path / "new") == {}
    assert not list(tmp_path.rglob("out"))


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE]
)
def test_what_is_no_plain_file_is_refused(kind: bytes, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no plain file"):
        unpack(archive("run.json", kind), tmp_path / "new")


def test_a_name_comes_once(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="twice"):
        unpack(archive("run.json", twice=True), tmp_path / "new")


def test_there_is_an_end_to_its_size(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packing, "MOST_BYTES", 1000)
    with pytest.raises(UsageError, match="larger"):
        unpack(pack(folder), tmp_path / "new")


@pytest.mark.parametrize("cut", [0, 1, 10, 100])
def test_one_that_was_cut_off_is_damaged(folder: Path, tmp_path: Path, cut: int) -> None:
    with pytest.raises(UsageError, match="damaged"):
        unpack(pack(folder)[:cut], tmp_path / "new")
