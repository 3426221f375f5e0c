"""Control groups of the tests' own, by whichever version this machine has."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.integration.watching import eventually

_ROOT = Path("/sys/fs/cgroup")


@contextmanager
def limited(megabytes: int) -> Iterator[Path]:
    """Make a group whose processes get no more memory than this; give its `cgroup.procs`."""
    unified = (_ROOT / "cgroup.controllers").exists()
    name = f"compat-limited-{os.getpid()}"
    group = (_ROOT if unified else _ROOT / "memory") / name
    group.mkdir()
    try:
        limit = group / ("memory.max" if unified else "memory.limit_in_bytes")
        limit.write_text(str(megabytes << 20))
        yield group / "cgroup.procs"
    finally:
        assert eventually(lambda: not (group / "cgroup.procs").read_text())
        group.rmdir()
