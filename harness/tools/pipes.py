"""Reads what a running program writes, until it is gone and everything has been read."""

from __future__ import annotations

import os
import selectors
import subprocess
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import IO

_LOOK = 0.1
"""Seconds after which the caller may look at the clock again."""

_LINGER = 2.0
"""Seconds for which output is read on when the program is gone and others hold its pipes."""

_CHUNK = 1 << 16


class PipeReader:
    """Hands on what a child writes into its pipes, each to a sink of its own."""

    def __init__(
        self,
        child: subprocess.Popen[bytes],
        sinks: Mapping[IO[bytes] | None, Callable[[bytes], None]],
    ) -> None:
        """Listen to pipes of this child."""
        self._child = child
        self._selector = selectors.PollSelector()
        self._until: float | None = None
        for pipe, sink in sinks.items():
            if pipe is not None:
                self._selector.register(pipe, selectors.EVENT_READ, sink)

    def listen(self) -> bool:
        """Pass on what comes within a short wait; False once there is no more to come."""
        # Looked at before the pipes: what a child wrote before its end is in them by then. A
        # grandchild that holds them open must not keep us: the child's own end decides.
        gone = self._child.poll() is not None
        if gone and self._until is None:
            self._until = time.monotonic() + _LINGER
        if not self._selector.get_map():
            return not gone and not self._ended_within(_LOOK)
        heard = self._selector.select(_LOOK)
        for key, _ in heard:
            if chunk := os.read(key.fd, _CHUNK):
                key.data(chunk)
            else:
                self._selector.unregister(key.fileobj)
        return self._until is None or (bool(heard) and time.monotonic() < self._until)

    def finish(self) -> None:
        """Pass on what a killed child had written."""
        while self.listen():
            pass

    def _ended_within(self, patience: float) -> bool:
        with suppress(subprocess.TimeoutExpired):
            self._child.wait(patience)
        return self._child.returncode is not None
