"""What this machine is, as far as results depend on it."""

from __future__ import annotations

import os
import platform
from pathlib import Path


def cpus() -> int:
    """Count the processors that this process may use."""
    return len(os.sched_getaffinity(0))


def memory() -> int:
    """Return the machine's memory in bytes."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


_BINFMT = Path("/proc/sys/fs/binfmt_misc")

_ARCHITECTURES = {
    "x86_64": "amd64",
    "aarch64": "arm64",
    "armv7l": "arm",
    "i686": "386",
}
"""As Linux names it → as Go and OCI do, where they differ."""


def architecture() -> str:
    """Name the kind of processor that programs of this machine are built for, as Go does."""
    name = platform.machine()
    return _ARCHITECTURES.get(name, name)


def emulates(processor: str) -> bool:
    """Return whether the kernel hands programs of another kind of processor to QEMU."""
    return (_BINFMT / f"qemu-{processor}").is_file()


def kernel() -> str:
    """Return the release of the running kernel."""
    return platform.release()


def status() -> str:
    """Return what the kernel says of this process, as proc(5) describes /proc/PID/status."""
    return Path("/proc/self/status").read_text("ascii", "replace")


def boot() -> str:
    """Name this boot of this machine, on which what counts seconds since the boot agrees."""
    return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()


def process() -> str:
    """Name this process so that no other, here or elsewhere, ever has the same name."""
    return f"{_world()} {os.getpid()} {_began(os.getpid())}"


def gone(name: str) -> bool:
    """Return whether a process that we could see has ended; of others nothing is known."""
    return _alive(name) is False


def alive(name: str) -> bool:
    """Return whether we see that a process has not ended; of others nothing is known."""
    return _alive(name) is True


def _alive(name: str) -> bool | None:
    world, _, own = name.partition(" ")
    pid, _, began = own.partition(" ")
    if world != _world() or not pid.isdecimal():
        return None
    return _began(int(pid)) == began


def _world() -> str:
    """Name the set of processes that we see: this boot of this machine, this PID namespace."""
    return f"{boot()}/{Path('/proc/self/ns/pid').readlink()}"


def _began(pid: int) -> str:
    """When a process began, in clock ticks since the boot (proc_pid_stat(5)); empty if gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return ""
    return stat.rpartition(")")[2].split()[19]
