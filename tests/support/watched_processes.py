"""Other processes: started so that they end with their block, and looked at from outside."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import AnyStr

PATIENCE = 180.0
"""Seconds for what takes one at most, on a machine that does much else."""


class Child(subprocess.Popen[AnyStr]):
    """A program that is killed when its block ends, however it does; else that would wait."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.kill()
        super().__exit__(kind, value, traceback)


def mounts(folder: Path) -> set[str]:
    """Return where something is mounted, as this process sees it, beside what others do.

    That is where other sessions' folders lie: beside the one of this session, in which `folder` is.
    """
    lines = Path("/proc/self/mountinfo").read_text("utf-8").splitlines()
    points = {line.split()[4] for line in lines}
    return {it for it in points if "/pytest-of-" not in it or str(folder) in it}


def alive(pid: int) -> bool:
    """Return whether a process runs; one that only waits to be reaped does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def eventually(what: Callable[[], bool], patience: float = PATIENCE, look: float = 0.02) -> bool:
    """Wait until something is so, at most `patience` seconds, and tell whether it is."""
    deadline = time.monotonic() + patience
    while not (reached := what()) and time.monotonic() < deadline:
        time.sleep(look)
    return reached
