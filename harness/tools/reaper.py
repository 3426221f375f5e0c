"""Kills what a killed harness left running.

Run by guard.py as `python -I -S reaper.py MARK`, standard library only. Standard input ends with
the process that started us. Then every process with MARK in its environment is killed, again and
again, as one of them may just be starting another, until there has been none for a while.
"""

import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path

_LOOK = 0.05

_QUIET = 1.0
"""Seconds without any before we end: longer than a program needs to begin, and to be seen."""

_PATIENCE = 60.0
"""Seconds for what does not end although it was killed, as it waits for a disk."""


def main(mark: str) -> None:
    """Wait for the end of who started us, and see to it that nothing is left of it."""
    os.chdir("/")
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    well = bool(sys.stdin.buffer.read())
    begun = quiet = time.monotonic()
    while (now := time.monotonic()) - begun < _PATIENCE:
        if _kill(mark.encode()):
            quiet = now
        elif well or now - quiet >= _QUIET:
            return
        time.sleep(_LOOK)


def _kill(mark: bytes) -> bool:
    """Kill whoever has the mark; tell whether there was one."""
    found = False
    for entry in os.scandir("/proc"):
        if entry.name.isdecimal():
            # It has ended meanwhile, or it is another user's.
            with suppress(FileNotFoundError, ProcessLookupError, PermissionError):
                if mark in Path(entry.path, "environ").read_bytes():
                    os.kill(int(entry.name), signal.SIGKILL)
                    found = True
    return found


if __name__ == "__main__":
    main(sys.argv[1])
