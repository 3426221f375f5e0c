"""Folders for temporary files: one that is used stays, one whose owner was killed goes."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.tools.temporary import PREFIX, temporary

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
HOLDS = """
import sys
from harness.tools.temporary import temporary

with temporary() as folder:
    (folder / "file").touch()
    print(folder, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let temporary files be made in a folder of the test's own."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


@contextmanager
def holder(place: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """Start a process that uses a folder, and give both."""
    environment = {**os.environ, "TMPDIR": str(place), "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout
        yield child, Path(child.stdout.readline().strip())


def test_a_folder_is_nobody_else_s_and_goes_with_the_block(place: Path) -> None:
    with temporary() as folder:
        assert folder.stat().st_mode & 0o777 == 0o700
        (folder / "file").touch()
    assert [*place.iterdir()] == []


def test_what_a_killed_process_left_is_removed_by_the_next(place: Path) -> None:
    with holder(place) as (child, left), holder(place) as (_, used):
        child.kill()
        child.wait(60)
        assert (left / "file").exists()
        with temporary() as ours:
            assert sorted(place.iterdir()) == sorted((used, ours))


def test_what_is_no_folder_of_ours_is_left_alone(place: Path) -> None:
    (place / "precious").mkdir()
    (place / "precious" / "file").touch()
    (place / f"{PREFIX}link").symlink_to("precious")
    (place / f"{PREFIX}file").touch()
    with temporary():
        assert (place / "precious" / "file").exists()
        assert (place / f"{PREFIX}link").is_symlink()
        assert (place / f"{PREFIX}file").exists()
