"""What this machine is, as far as results depend on it."""

from __future__ import annotations

import os
import platform


def cpus() -> int:
    """Count the processors that this process may use."""
    return len(os.sched_getaffinity(0))


def memory() -> int:
    """Give the machine's memory in bytes."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def kernel() -> str:
    """Give the release of the running kernel."""
    return platform.release()
