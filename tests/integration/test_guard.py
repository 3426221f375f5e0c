"""What becomes of the programs of a process that is killed: nothing of them is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.watched_processes import PATIENCE, Child, alive, eventually

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]

HOLDER = """\
import sys
from harness.tools.process import Request, run
run(Request(["sh", "-c", sys.argv[1]]))
"""

FAMILY = """\
sleep 600 & echo $! >> pids
setsid sh -c 'sleep 600 & echo $! >> pids; echo $$ >> pids; wait' </dev/null >/dev/null 2>&1 &
echo $$ >> pids
{end}
"""
"""A child, and a grandchild in a session of its own with a child that it leaves to nobody."""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, None])
def test_no_program_outlives_the_process_that_started_it(
    number: signal.Signals | None, tmp_path: Path
) -> None:
    file = tmp_path / "pids"
    begun = "until [ $(wc -l < pids) = 4 ]; do sleep 0.1; done"
    with Child(
        [sys.executable, "-c", HOLDER, FAMILY.format(end="wait" if number else begun)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as child:
        assert eventually(lambda: file.exists() and len(file.read_text("ascii").split()) == 4)
        if number:
            child.send_signal(number)
        assert child.wait(PATIENCE) == -(number or 0)
    left = [int(line) for line in file.read_text("ascii").split()]
    assert eventually(lambda: not any(map(alive, left)))


def test_the_reaper_ends_too_and_holds_nothing_open(tmp_path: Path) -> None:
    script = "import sys\nfrom harness.tools.process import Request, run\nrun(Request(['true']))\n"
    script += "print(run(Request(['sh', '-c', 'echo $COMPAT_CHILD_OF'])).text)\n"
    with (tmp_path / "open").open("w") as held:
        done = subprocess.run(
            [sys.executable, "-c", script],
            env={**os.environ, "PYTHONPATH": str(ROOT), "COMPAT_CHILD_OF": "another"},
            pass_fds=[held.fileno()],
            capture_output=True,
            text=True,
            check=True,
        )
    outer, mark = done.stdout.split()
    assert outer == "another"
    assert eventually(lambda: not _running(mark))


def _running(mark: str) -> list[int]:
    """Find who has these words on its command line."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                words = (entry / "cmdline").read_bytes()
            except (FileNotFoundError, ProcessLookupError):
                continue
            found += [int(entry.name)] if mark.encode() in words else []
    return found
