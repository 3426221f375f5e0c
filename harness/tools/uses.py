"""Who uses what among processes that share a folder: marks that the kernel takes away with them.

One file stands for every name: a name is the byte at the offset that its digest gives. A process
that uses it holds a shared lock on that byte, one that wants it to itself an exclusive one, by
open file descriptions (fcntl_locking(2)). So a process needs one descriptor for any number of
names, no lock file has to be removed, and what was killed uses nothing. Two names with the same
offset would only be kept for longer.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import struct
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.errors import InfrastructureError
from harness.tools.stop import check_stop

_FLOCK = "hhqqi4x"
"""struct flock: type, whence, start, length, pid (0 for these locks)."""

_OFFSET_BYTES = 7
_LOOK = 0.01

_PATIENCE = 60.0
"""Seconds to wait for a process that has a name to itself: it only moves a folder away."""


class Uses:
    """The names that this object's owner uses, until it is dropped or its process ends."""

    def __init__(self, file: Path) -> None:
        """Share `file`, made if missing, with the other processes."""
        self._file = file
        self._descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        weakref.finalize(self, os.close, self._descriptor)
        self._taken: set[str] = set()
        self._mutex = threading.Lock()

    def take(self, name: str) -> None:
        """Use a name from now on.

        Raises InfrastructureError if a process has had it to itself for a minute, Interrupted if
        the crew of this thread is stopped meanwhile.
        """
        deadline = time.monotonic() + _PATIENCE
        with self._mutex:
            while name not in self._taken:
                if self._lock(fcntl.F_RDLCK, name):
                    self._taken.add(name)
                    return
                check_stop(f"waiting for {name}")
                if time.monotonic() > deadline:
                    raise InfrastructureError(
                        f"another process has been removing {name} for over {_PATIENCE:g} s",
                        hint=f"see which process has {self._file} open, and end it",
                    )
                time.sleep(_LOOK)

    @contextmanager
    def alone(self, name: str) -> Iterator[bool]:
        """Keep everybody from taking a name during the block; False if somebody uses it."""
        with self._mutex:
            mine = name not in self._taken and self._lock(fcntl.F_WRLCK, name)
            try:
                yield mine
            finally:
                if mine:
                    self._lock(fcntl.F_UNLCK, name)

    def _lock(self, kind: int, name: str) -> bool:
        digest = hashlib.sha256(name.encode()).digest()
        offset = int.from_bytes(digest[:_OFFSET_BYTES])
        wanted = struct.pack(_FLOCK, kind, os.SEEK_SET, offset, 1, 0)
        try:
            fcntl.fcntl(self._descriptor, fcntl.F_OFD_SETLK, wanted)
        except OSError as error:
            if error.errno in {errno.EACCES, errno.EAGAIN}:
                return False
            raise
        return True
