"""Looking at other processes from outside."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path


def alive(pid: int) -> bool:
    """Tell whether a process runs; one that only waits to be reaped does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state != "Z"


def eventually(what: Callable[[], bool], patience: float = 10.0, look: float = 0.02) -> bool:
    """Wait until something is so, at most `patience` seconds, and tell whether it is."""
    deadline = time.monotonic() + patience
    while not (reached := what()) and time.monotonic() < deadline:
        time.sleep(look)
    return reached
