"""What a program inherits of signals, and what its children do."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
STRANGE = (signal.SIGINT, signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM, signal.SIGUSR1)

SCRIPT = """\
import signal, sys
from harness.tools.process import CommandFailed, Request, run
from harness.tools.signals import begin_afresh, ignored
begin_afresh()
status = run(Request(["cat", "/proc/self/status"])).text
print(*(line for line in status.splitlines() if line.startswith(("SigBlk", "SigIgn"))), sep="\\n")
print(*(int(number) for number in map(signal.Signals, map(int, sys.argv[1:])) if ignored(number)))
for number in map(int, sys.argv[1:]):
    signal.raise_signal(number)
try:
    run(Request(["false"]))
except CommandFailed as error:
    print(error.status)
run(Request(["touch", "made"]))
"""

START = """\
import os, signal, sys
os.umask(0o077)
for number in map(int, sys.argv[2:]):
    signal.signal(number, signal.SIG_IGN)
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM, signal.SIGTERM, signal.SIGUSR2})
os.execv(sys.executable, [sys.executable, "-c", *sys.argv[1:]])
"""


def test_children_begin_with_the_defaults_and_we_ignore_what_we_were_told_to(
    tmp_path: Path,
) -> None:
    numbers = [str(int(number)) for number in STRANGE]
    done = subprocess.run(
        [sys.executable, "-c", START, SCRIPT, *numbers],
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    blocked, skipped, ours, failed = done.stdout.splitlines()
    assert int(blocked.split()[1], 16) == 0
    assert int(skipped.split()[1], 16) == 0
    assert ours.split() == numbers
    assert failed == "1"
    assert (tmp_path / "made").stat().st_mode & 0o777 == 0o644
