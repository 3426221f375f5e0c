"""Whether the kernel had to kill processes for want of memory, by its own counters."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Kills:
    """Processes that were killed for want of memory, counted from the boot on."""

    ours: int
    """Of the control group of this process; on cgroup v2 of the groups below it as well.

    What a daemon starts in groups elsewhere is not among them.
    """
    everywhere: int
    """Of the whole machine, whether memory ran out there or in one group."""

    def since(self, before: Kills) -> Kills:
        """Return what came in between."""
        return Kills(self.ours - before.ours, self.everywhere - before.everywhere)


def oom_kills(root: Path = Path("/")) -> Kills:
    """Read the counters; what the kernel does not tell counts as none.

    They are `oom_kill` of memory.events (cgroup v2) or memory.oom_control (v1), and of
    proc_vmstat(5).
    """
    group = _group(_text(root / "proc/self/cgroup"))
    return Kills(
        ours=counter(root / "sys/fs/cgroup" / group) if group else 0,
        everywhere=counter(root / "proc/vmstat"),
    )


def _group(listed: str) -> str:
    """Return the file of our own group from cgroups(7)' list; v1's controller goes before v2."""
    unified = ""
    for line in listed.splitlines():
        _, controllers, path = line.split(":", 2)
        if "memory" in controllers.split(","):
            return f"memory{path}/memory.oom_control"
        if not controllers:
            unified = f"{path.lstrip('/')}/memory.events".lstrip("/")
    return unified


def counter(file: Path) -> int:
    """Read `oom_kill` from one of the kernel's lists; what is not there counts as none."""
    words = (line.split() for line in _text(file).splitlines())
    return next((int(value) for name, value in words if name == "oom_kill"), 0)


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8", "replace")
    except OSError:
        return ""
