"""What a container kept of its daemons' words: taken by name, whoever wrote it there."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.backends.docker import kept
from harness.backends.docker.kept import Taker
from harness.backends.processes import PROCESSES, WRAPPED, lost_servers, processes
from harness.tools import machine

DAEMON = {
    "buildkitd.7.log": b"said\n",
    "buildkitd.7.life": b"began 10.5\nargument --root\nended 12.25\n",
}
OTHER = "their logs are kept, but not whose they are, for the engine's clock is not ours"


def tar(files: dict[str, bytes], *links: str) -> bytes:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as made:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            made.addfile(info, io.BytesIO(content))
        for name in links:
            info = tarfile.TarInfo(name)
            info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
            made.addfile(info)
    return packed.getvalue()


def folder(files: dict[str, bytes], boot: str = "") -> dict[str, bytes]:
    told = {"boot": (boot or machine.boot()).encode() + b"\n", **files}
    return {f"{PROCESSES}/{name}": content for name, content in told.items()}


def taken(leg: Path, archive: bytes) -> list[str]:
    """Take an archive in pieces, and return the notes."""
    taker = Taker(leg)

    def pieces() -> Iterator[bytes]:
        for at in range(0, len(archive), 1000):
            yield archive[at : at + 1000]

    taker.take(pieces())
    return taker.notes


def there(leg: Path) -> list[str]:
    return sorted(str(path.relative_to(leg)) for path in leg.rglob("*") if not path.is_dir())


def test_a_daemon_s_log_and_life_come_out(tmp_path: Path) -> None:
    files = folder({**DAEMON, "registry.8.died": b"137\n"})
    assert taken(tmp_path, tar(files)) == []
    (process,) = processes(tmp_path)
    assert (process.name, process.began, process.ended) == ("buildkitd.7", 10.5, 12.25)
    assert process.log.read_bytes() == b"said\n"
    (fault,) = lost_servers(tmp_path)
    assert "registry.8 died by itself, with status 137" in fault.words


def test_of_another_machine_s_daemons_it_is_not_known_whose_they_are(tmp_path: Path) -> None:
    files = folder(DAEMON, boot="another boot")
    (note,) = taken(tmp_path, tar(files))
    assert note.endswith(OTHER)
    assert there(tmp_path) == [f"{PROCESSES}/buildkitd.7.log"]
    assert processes(tmp_path) == []


@pytest.mark.parametrize(
    "name",
    [
        "../buildkitd.7.log",
        f"{PROCESSES}/../buildkitd.7.log",
        f"/{PROCESSES}/buildkitd.7.log",
        f"{PROCESSES}/sub/buildkitd.7.log",
        f"{PROCESSES}/buildkitd.7.log\n",
        f"{PROCESSES}/buildkitd.7.pipe",
        f"{PROCESSES}/sh.7.log",
        "run.json",
    ],
)
def test_what_the_scripts_do_not_write_is_left(name: str, tmp_path: Path) -> None:
    leg = tmp_path / "run" / "leg"
    archive = tar({**folder({}), name: b"x"}, f"{PROCESSES}/buildkitd.9.log")
    assert taken(leg, archive) == []
    assert there(tmp_path) == []


def test_there_are_bounds_to_a_log_to_their_number_and_to_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept, "MOST_OF_ONE", 50)
    monkeypatch.setattr(kept, "MOST_FILES", 3)
    logs = {f"buildkitd.{number}.log": b"x" * 60 for number in range(9)}
    (note,) = taken(tmp_path / "one", tar(folder(logs)))
    assert "there are more than 3 files" in note
    assert {path.read_bytes() for path in (tmp_path / "one").rglob("*.log")} == {b"x" * 50}
    monkeypatch.setattr(kept, "MOST", 2048)
    assert "it is more than" in taken(tmp_path / "all", tar(folder(logs)))[0]
    assert len(there(tmp_path / "all")) == 1


@pytest.mark.parametrize(
    "archive", [b"", b"no tar", tar(folder({"buildkitd.7.log": b"x" * 999}))[:1800]]
)
def test_a_broken_archive_is_told(archive: bytes, tmp_path: Path) -> None:
    notes = taken(tmp_path, archive)
    assert notes
    assert all("daemons said is not known in full" in note for note in notes)


def test_a_disk_without_space_is_told_and_what_the_engine_raises_comes_through(
    tmp_path: Path,
) -> None:
    (tmp_path / PROCESSES).write_text("in the way")
    assert "File exists" in taken(tmp_path, tar(folder({})))[0]

    def gone() -> Iterator[bytes]:
        yield b"x"
        raise ConnectionError("reset")

    with pytest.raises(ConnectionError):
        Taker(tmp_path).take(gone())


def test_the_scripts_are_the_native_backend_s_and_can_be_run() -> None:
    with tarfile.open(fileobj=io.BytesIO(b"".join(kept.scripts()))) as made:
        for name, script in WRAPPED.items():
            member = made.getmember(f"compat/leg/bin/{name}")
            content = made.extractfile(member)
            assert content
            assert (content.read(), member.mode) == (script.read_bytes(), 0o755)
        assert made.getmember("compat/leg/processes").isdir()
