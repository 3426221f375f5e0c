"""Locks between processes and threads that never make a user wait without an end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from harness.errors import InfrastructureError
from harness.tools.stop import check_stop

_LOOK = 0.5
"""Seconds between two looks at the clock and at whether to stop."""


@contextmanager
def held(file: Path, *, patience: float) -> Iterator[None]:
    """Hold the lock of this file; the kernel releases it if this process dies.

    Raises InfrastructureError if another run holds it for longer than `patience` seconds, and
    Interrupted if the crew that this thread works for is stopped meanwhile.
    """
    lock = FileLock(file)
    deadline = time.monotonic() + patience
    while not _acquired(lock, min(_LOOK, patience)):
        check_stop(f"waiting for {file.name}")
        if time.monotonic() >= deadline:
            raise InfrastructureError(
                f"another run has held {file} for over {patience:g} s",
                hint="see what it is doing, or end it and try again",
            )
    try:
        yield
    finally:
        lock.release()


def _acquired(lock: FileLock, patience: float) -> bool:
    try:
        lock.acquire(timeout=patience)
    except Timeout:
        return False
    return True
