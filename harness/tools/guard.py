"""Lets no program outlive this process: not even if it is killed, which nobody can handle.

Every program that process.py starts has a mark in its environment, which all that it starts
itself inherits. A small process of our own (reaper.py) waits for our end and then kills whatever
still has the mark: a `go build` with its compilers, a git with its helpers, in whatever group or
session they are. It hears of our end by a pipe that only we hold, so it misses none.
"""

from __future__ import annotations

import atexit
import os
import secrets
import sys
import threading
from pathlib import Path

from harness.tools.inherited import PYTHON, inherited

MARK = "COMPAT_CHILD_OF"
"""Environment variable with the marks of all processes to which a program belongs."""

GOODBYE = b"bye"
"""What the reaper reads if we end by ourselves; then there is next to nothing to do for it."""

_REAPER = Path(__file__).with_name("reaper.py")
_NOTHING = (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0)
_mutex = threading.Lock()
_marks: list[str] = []


def marked() -> dict[str, str]:
    """Return what goes into the environment of each program; the reaper is there from then on."""
    with _mutex:
        if not _marks:
            _marks.append(_start())
        return {MARK: " ".join([*os.environ.get(MARK, "").split(), *_marks])}


def _start() -> str:
    mark = secrets.token_hex(16)
    heard, ours = os.pipe()
    # In a session of its own: what ends all processes of a terminal or a job does not end it.
    os.posix_spawn(
        sys.executable,
        [sys.executable, "-I", "-S", str(_REAPER), mark],
        inherited(PYTHON),
        file_actions=[
            (os.POSIX_SPAWN_DUP2, heard, 0),
            _NOTHING,
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ],
        setsid=True,
    )
    os.close(heard)
    atexit.register(os.write, ours, GOODBYE)
    return mark
