"""What a leg's daemons say on stderr, kept for every one of them and not only where a test fails.

Upstream's sandbox prints its daemons' logs for failing tests alone, and for none if the test
binary is killed. So a script (kept.sh) stands on a leg's PATH in the place of each daemon.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from harness.model import Fault, Reason

PROCESSES = "processes"
"""Folder below a leg's: NAME.PID.log is what a process said on stderr, 16 MiB of it at most;
NAME.PID.life says `began SECONDS`, `ended SECONDS` (since the boot) and one `argument` a line.
NAME.PID.died is there if a server ended by itself, and holds its status."""

KEPT = Path(__file__).with_name("kept.sh")
"""Keeps what a daemon says on stderr."""

WATCHED = Path(__file__).with_name("watched.sh")
"""Tells of a server that ended and was not asked to."""

WRAPPED = {"buildkitd": KEPT, "registry": WATCHED}
"""Which script stands in the place of which program."""

_NUMBER = re.compile(r"\d{1,12}(?:\.\d{1,6})?")


@dataclass(frozen=True)
class Process:
    """One that a leg ran, with what it said."""

    name: str
    """Its program's and its id: `buildkitd.123`."""
    began: float
    """Seconds since the boot."""
    ended: float | None
    """None if it was killed with all that was around it."""
    log: Path


def processes(leg: Path) -> list[Process]:
    """Read what was kept in a leg's folder, oldest first; nothing if the leg kept nothing."""
    found = []
    for life in (leg / PROCESSES).glob("*.life"):
        said = dict(
            line.split(" ", 1)
            for line in life.read_text("utf-8", "replace").splitlines()
            if line.startswith(("began ", "ended "))
        )
        log = life.with_suffix(".log")
        if _NUMBER.fullmatch(said.get("began", "")) and log.is_file():
            ended = said.get("ended", "")
            end = float(ended) if _NUMBER.fullmatch(ended) else None
            found.append(Process(life.stem, float(said["began"]), end, log))
    return sorted(found, key=lambda process: (process.began, process.name))


def died(leg: Path) -> list[tuple[str, str]]:
    """Name the servers of a leg that ended and were not asked to, each with its status."""
    said = (
        (file.stem, file.read_text("utf-8", "replace").strip())
        for file in sorted((leg / PROCESSES).glob("*.died"))
    )
    return [(name, status) for name, status in said if _NUMBER.fullmatch(status)]


def lost_servers(leg: Path) -> tuple[Fault, ...]:
    """Return what became of the servers that the tests start; whom it hit, their failures show."""
    return tuple(
        Fault(
            reason=Reason.IMAGE_PULL,
            words=f"{name} died by itself, with status {status}",
            sure=False,
        )
        for name, status in died(leg)
    )
