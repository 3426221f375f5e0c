"""Listens to a stream that can only be read blocking, without ever waiting for it unbounded."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable
from types import TracebackType
from typing import Self

_PIECES = 256
"""Chunks that may wait; a reader that is faster than its listener waits in its turn."""

_PATIENCE = 0.5

_LAST_WORDS = 2.0
"""Seconds for the reading thread to end once its container is gone."""


class Attached:
    """The output of a container: one thread reads it, the caller takes it in bounded waits."""

    def __init__(self) -> None:
        """Read nothing yet."""
        self._pieces: queue.Queue[bytes | None] = queue.Queue(_PIECES)
        self._left = threading.Event()
        self._thread: threading.Thread | None = None
        self.failure: Exception | None = None
        """What broke the stream, once it has ended."""

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def read(self, stream: Iterable[bytes]) -> None:
        """Read a stream in a thread of its own."""
        self._thread = threading.Thread(target=self._read, args=(stream,), daemon=True)
        self._thread.start()

    def next(self, patience: float) -> bytes | None:
        """Return the next chunk, an empty one if none came in time, None at the end."""
        try:
            return self._pieces.get(timeout=patience)
        except queue.Empty:
            return b""

    def _read(self, stream: Iterable[bytes]) -> None:
        try:
            for chunk in stream:
                if not self._put(chunk):
                    return
        except Exception as error:  # noqa: BLE001 - kept for the caller, who raises it
            self.failure = error
        self._put(None)

    def _put(self, chunk: bytes | None) -> bool:
        while not self._left.is_set():
            try:
                self._pieces.put(chunk, timeout=_PATIENCE)
            except queue.Full:
                continue
            return True
        return False

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Wait for the thread, for a bounded time: its stream ends with its container."""
        self._left.set()
        if self._thread is not None:
            self._thread.join(_LAST_WORDS)
