"""What this machine is, as far as results depend on it."""

from __future__ import annotations

import os
import platform
from pathlib import Path


def cpus() -> int:
    """Count the processors that this process may use."""
    return len(os.sched_getaffinity(0))


def memory() -> int:
    """Give the machine's memory in bytes."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def kernel() -> str:
    """Give the release of the running kernel."""
    return platform.release()


def process() -> str:
    """Name this process so that no other, here or elsewhere, ever has the same name."""
    return f"{_boot()}/{os.getpid()}/{_began(os.getpid())}"


def gone(name: str) -> bool:
    """Tell whether a process of this machine has ended; of other machines nothing is known."""
    boot, _, rest = name.partition("/")
    pid, _, began = rest.partition("/")
    return boot == _boot() and pid.isdecimal() and _began(int(pid)) != began


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()


def _began(pid: int) -> str:
    """When a process began, in clock ticks since the boot (proc_pid_stat(5)); empty if gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return ""
    return stat.rpartition(")")[2].split()[19]
