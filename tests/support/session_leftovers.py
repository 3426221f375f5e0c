"""What a test session leaves behind, and which test had left it."""

from __future__ import annotations

import os
from pathlib import Path

from tests.support import ground

_OURS = ("reaper.py", "multiprocessing.resource_tracker")
"""Children that end with this process: guard.py's, and Python's own."""


class Watch:
    """Looks at what the session has on this machine, again and again."""

    def __init__(self, folder: Path) -> None:
        """Begin with nothing; what is mounted below the folder is the session's."""
        self._folder = folder
        self._since: dict[str, str] = {}

    def look(self, test: str) -> list[str]:
        """Return what is there now, each with the test at whose end it was first seen."""
        there = [*_processes(os.environ[ground.MARK]), *_mounts(self._folder)]
        self._since = {what: self._since.get(what, test) for what in there}
        return [f"{what}, since {since}" for what, since in self._since.items()]


def _processes(mark: str) -> list[str]:
    """Find the session's processes."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            ours = f"{ground.MARK}={mark}".encode() in (entry / "environ").read_bytes()
            words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
            parent = (entry / "stat").read_text("utf-8", "replace").rpartition(")")[2].split()[1]
        except OSError:
            continue  # it has just ended, or it is another user's
        if ours and not (parent == str(os.getpid()) and any(it in words for it in _OURS)):
            found.append(f"process {entry.name} {words[:200].strip()}")
    return found


def _mounts(folder: Path) -> list[str]:
    lines = Path("/proc/self/mountinfo").read_text("utf-8").splitlines()
    return [
        f"mount {line.split()[4]}" for line in lines if line.split()[4].startswith(f"{folder}/")
    ]
