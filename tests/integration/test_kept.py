"""The script that stands in a daemon's place, for real, with the shells that images have."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest

from harness.backends.processes import KEPT, PROCESSES, WATCHED
from tests.support.watched_processes import Child, eventually

pytestmark = pytest.mark.integration

SHELLS = ((), ("busybox", "sh"))


class Place:
    """The folders of a leg around a daemon that is a shell script."""

    def __init__(
        self, folder: Path, daemon: str, shell: tuple[str, ...] = (), script: Path = KEPT
    ) -> None:
        for name in ("bin", "real", PROCESSES):
            (folder / name).mkdir()
        self.script = folder / "bin/buildkitd"
        self.script.write_bytes(script.read_bytes())
        (folder / "real/buildkitd").write_text(f"#!/bin/sh\n{daemon}\n", "utf-8")
        for path in (self.script, folder / "real/buildkitd"):
            path.chmod(0o755)
        self.kept = folder / PROCESSES
        self._shell = shell

    def start(self, *words: str) -> Child[bytes]:
        argv = [*self._shell, str(self.script), *words]
        return Child(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def run(self, *words: str) -> tuple[int, bytes, bytes, int]:
        with self.start(*words) as child:
            out, err = child.communicate(timeout=60)
        return child.pid, out, err, child.returncode


@pytest.mark.parametrize("shell", SHELLS)
def test_a_daemon_keeps_its_id_and_streams_and_its_stderr_is_on_disk_too(
    shell: tuple[str, ...], tmp_path: Path
) -> None:
    daemon = Place(tmp_path, 'echo "$$ $*" >&2; echo out; exit 3', shell)
    pid, out, err, status = daemon.run("--root", "a  b")
    assert (out, err, status) == (b"out\n", b"%d --root a  b\n" % pid, 3)
    assert (daemon.kept / f"buildkitd.{pid}.log").read_bytes() == err
    began, *arguments, ended = (
        (daemon.kept / f"buildkitd.{pid}.life").read_text("utf-8").split("\n")[:-1]
    )
    assert arguments == ["argument --root", "argument a  b"]
    assert float(began.removeprefix("began ")) <= float(ended.removeprefix("ended "))
    assert len([*daemon.kept.iterdir()]) == 2


def test_what_a_daemon_says_is_on_disk_while_it_hangs(tmp_path: Path) -> None:
    daemon = Place(tmp_path, "echo waiting >&2; exec sleep 86398.5", ())
    with daemon.start() as child:
        log = daemon.kept / f"buildkitd.{child.pid}.log"
        assert eventually(lambda: log.exists() and log.read_bytes() == b"waiting\n")
        child.send_signal(signal.SIGTERM)
        assert child.wait(30) == -signal.SIGTERM


@pytest.mark.parametrize("shell", SHELLS)
def test_a_log_without_end_is_kept_up_to_16_mib_and_passed_on_whole(
    shell: tuple[str, ...], tmp_path: Path
) -> None:
    daemon = Place(tmp_path, "head -c 40000000 /dev/zero >&2; echo last >&2", shell)
    pid, _, err, status = daemon.run()
    assert (len(err), err[-5:], status) == (40_000_005, b"last\n", 0)
    assert (daemon.kept / f"buildkitd.{pid}.log").stat().st_size == 16 << 20


def test_where_nothing_can_be_kept_the_daemon_runs_all_the_same(tmp_path: Path) -> None:
    daemon = Place(tmp_path, "echo said >&2", ())
    daemon.kept.rmdir()  # root may write into any folder that is there
    assert daemon.run()[1:] == (b"", b"said\n", 0)


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(("end", "status"), [("kill -9 $$", 137), ("exit 2", 2), ("exit 0", 0)])
def test_a_server_that_ends_unasked_is_told(
    end: str, status: int, shell: tuple[str, ...], tmp_path: Path
) -> None:
    server = Place(tmp_path, f"echo said >&2; {end}", shell, WATCHED)
    pid, _, err, seen = server.run()
    assert (err.splitlines()[0], seen) == (b"said", status)
    assert (server.kept / f"buildkitd.{pid}.died").read_text("utf-8") == f"{status}\n"


@pytest.mark.parametrize("shell", SHELLS)
def test_a_server_whose_reader_has_gone_did_not_end_by_itself(
    shell: tuple[str, ...], tmp_path: Path
) -> None:
    """A test binary that dies leaves its registry a pipe that nobody reads."""
    server = Place(tmp_path, "kill -PIPE $$", shell, WATCHED)
    assert server.run()[3] == 141
    assert [*server.kept.iterdir()] == []


@pytest.mark.parametrize("shell", SHELLS)
def test_a_server_that_is_asked_to_end_gets_the_signal_and_is_not_told(
    shell: tuple[str, ...], tmp_path: Path
) -> None:
    server = Place(
        tmp_path,
        "trap 'echo bye; exit 5' TERM; echo on; while :; do sleep 0.05; done",
        shell,
        WATCHED,
    )
    with server.start() as child:
        assert child.stdout
        assert child.stdout.readline() == b"on\n"
        child.send_signal(signal.SIGTERM)
        assert (child.communicate(timeout=30)[0], child.returncode) == (b"bye\n", 5)
    assert [*server.kept.iterdir()] == []
