"""A run in a hostile environment builds, finds and judges the same as in a clean one."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from harness.images import elf
from harness.journal import read_run
from harness.model import Run, Verdict
from tests.support.demo_program import Program
from tests.support.hostile_environment import HOSTILE

pytestmark = pytest.mark.e2e

TESTS = ("--tests", "TestDefaultEnvWithArgs")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return a home whose settings change what Go builds and what git checks out."""
    home = tmp_path / "home"
    for name, text in {
        ".config/go/env": "GOARCH=arm64\nGOFLAGS=-race\nGOEXPERIMENT=nonsense\n",
        ".config/git/attributes": "* text eol=crlf\n",
        ".gitconfig": "[core]\n\tautocrlf = true\n\teol = crlf\n\thooksPath = /nonexistent\n"
        "[apply]\n\twhitespace = error-all\n[protocol]\n\tallow = never\n",
    }.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text, "utf-8")
    return home


def test_a_hostile_environment_changes_neither_keys_nor_artefacts_nor_verdicts(
    program: Program, home: Path, tmp_path: Path
) -> None:
    assert program.pair("v0.1", "v0.2", *TESTS)[0] == 0
    clean = read_run(program.latest())
    there = {key: (program.cache / kind / key) for kind, key in _keys(program)}
    hostile = Program.fresh(
        tmp_path,
        compiled=program.cache,
        **{name: value for name, value in HOSTILE.items() if not name.startswith("PYTHON")},
        HOME=str(home),
        USER=program.environment["USER"],
    )
    umask = os.umask(0o077)
    ignored = [signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGHUP)]
    try:
        with hostile.start(*hostile.words("v0.1", "v0.2", *TESTS, "--test-timeout", "5")) as child:
            out, err = child.communicate(timeout=300)
    finally:
        os.umask(umask)
        for number, handler in zip((signal.SIGINT, signal.SIGHUP), ignored, strict=True):
            signal.signal(number, handler)
    assert child.returncode == 0, err + out
    assert _told(read_run(hostile.latest())) == _told(clean)
    assert {key for _, key in _keys(hostile)} <= there.keys()
    for kind, key in _keys(hostile):
        assert _content(hostile.cache / kind / key) == _content(there[key])
    for path in hostile.cache.glob("suite/*/bin/*"):
        assert elf.inspect(path).architecture == elf.inspect(Path("/bin/busybox")).architecture


def _keys(program: Program) -> list[tuple[str, str]]:
    kinds = ("tree", "suite", "frontend", "mirror", "control")
    return [(kind, it.name) for kind in kinds for it in (program.cache / kind).glob("*")]


def _told(run: Run) -> dict[str, Verdict]:
    return {row.name: row.verdict for row in run.judgements}


def _content(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Return modes and bytes of all files but a control's, whose words hold times."""
    return {
        str(path.relative_to(folder)): (path.lstat().st_mode, b"" if skipped else _bytes(path))
        for path in sorted(folder.rglob("*"))
        for skipped in [folder.parent.name == "control"]
    }


def _bytes(path: Path) -> bytes:
    if path.is_symlink():
        return os.fsencode(path.readlink())
    return path.read_bytes() if path.is_file() else b""
