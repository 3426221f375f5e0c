"""Control groups as a leg sees them, by whichever version this machine has."""

from __future__ import annotations

from pathlib import Path

_UNIFIED = Path("/sys/fs/cgroup/cgroup.controllers").exists()


def limit(megabytes: int) -> str:
    """Return the words for a shell to go where there is no more memory than this."""
    group = "/sys/fs/cgroup/small" if _UNIFIED else "/sys/fs/cgroup/memory/small"
    file = "memory.max" if _UNIFIED else "memory.limit_in_bytes"
    return (
        f"mkdir {group} && echo {megabytes << 20} >{group}/{file} && echo $$ >{group}/cgroup.procs"
    )
