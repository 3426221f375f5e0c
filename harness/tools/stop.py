"""How one piece of work is stopped from another thread, for all that runs on its behalf.

A stop belongs to the threads of one crew (crew.py) and to the crews that they start, never to
the whole process: what follows a failed build must be able to start programs again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from contextvars import ContextVar
from typing import TypeVar

from harness.errors import Interrupted

LOOK = 0.1
"""Seconds between two looks at a stop while waiting, or at signals: what the main thread waits for
is left at once only if the kernel hands the signal to that very thread."""

_T = TypeVar("_T")


class Stop:
    """A wish to stop one piece of work, never taken back; inner pieces hear of it too."""

    def __init__(self) -> None:
        """Belong to what is under way in this thread."""
        self._event = threading.Event()
        self._outer = _current.get()

    def ask(self) -> None:
        """Request that all work on this piece ends."""
        self._event.set()

    @property
    def asked(self) -> bool:
        """Whether this piece is to end."""
        return self._event.is_set() or (self._outer is not None and self._outer.asked)

    def cover(self) -> None:
        """Make this stop cover the current context."""
        _current.set(self)


_current: ContextVar[Stop | None] = ContextVar("stop", default=None)


def stop_asked() -> bool:
    """Return whether the work that this thread does is to end."""
    stop = _current.get()
    return stop is not None and stop.asked


def check_stop(doing: str) -> None:
    """Raise Interrupted if the work that this thread does is to end."""
    if stop_asked():
        raise Interrupted(f"stopped: {doing}")


def pause(seconds: float) -> None:
    """Wait; raise Interrupted if meanwhile the work that this thread does is to end."""
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        check_stop("waiting to try again")
        time.sleep(min(left, LOOK))


def unless_stopped(work: Callable[[], _T], doing: str) -> _T:
    """Run what nothing can interrupt, or not at all if the work of this thread is to end.

    Raises what `work` raises, and Interrupted.
    """
    if _current.get() is None:
        return work()
    done: Future[_T] = Future()

    def run() -> None:
        try:
            done.set_result(work())
        except BaseException as error:  # noqa: BLE001 - raised where it is waited for
            done.set_exception(error)

    threading.Thread(target=run, name=doing, daemon=True).start()
    while not done.done():
        check_stop(doing)
        wait((done,), LOOK)
    return done.result()
