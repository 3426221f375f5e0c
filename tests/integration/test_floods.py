"""Legs that print a gigabyte: nothing that reads it takes more than 100 MB of memory."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.go_binaries import OLD, Binary

pytestmark = pytest.mark.integration

SIZE = 1000 if os.environ.get("COMPAT_THOROUGH") else 100
"""Megabytes that a leg prints; three legs do."""
MOST = 100.0


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Return a folder that does not outlive its test: what is written into it is large."""
    yield tmp_path
    shutil.rmtree(tmp_path)


@pytest.mark.parametrize("pattern", ["TestFlood", "TestCrowd"])
def test_a_flood_stays_within_bounds(
    pattern: str, hostile: Callable[[str], Binary], folder: Path
) -> None:
    """Read lines of a tenth of it, then as many tests at work at once as there are megabytes.

    One test passes as well: a control in which nothing does is not stored.
    """
    argv = [str(hostile(OLD).path), f"^(TestPass|{pattern})$", str(SIZE), str(folder)]
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.flood", *argv],
        cwd=Path(__file__).parents[2],
        stdout=subprocess.PIPE,
        timeout=3000,
        check=True,
    )
    told = json.loads(done.stdout)
    assert told["raw"] > SIZE * 1_000_000
    assert told["cached"] == [True, False]
    assert told["verdicts"] == [["compatible", "same-failure"]] * 2
    assert told["same"] == [True, True]
    loud = 1 if pattern == "TestFlood" else SIZE
    assert told["tests"] == loud + 1
    # A log is kept to a MiB, and a crowd's to less: each test of two legs has one.
    assert 0 < told["logs"] < 2 * min(loud, 32) * 1_100_000
    assert (told["daemon"] > 0) == (pattern == "TestFlood")
    assert max(told["megabytes"].values()) < MOST, told["megabytes"]
