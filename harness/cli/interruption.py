"""What Ctrl-C means to a command that runs pairs: end well, and the second time at once."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from harness.errors import ExitCode
from harness.tools.process import kill_all
from harness.tools.signals import ignored

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Ctrl-C; a CI's cancel and timeout(1); a terminal that was closed."""

_STDERR = 2
_SHOW_CURSOR = b"\x1b[?25h"
_LAST_WORDS = b"interrupted again: nothing is journaled, and the next run removes what is left\n"


@contextmanager
def interruptible() -> Iterator[None]:
    """Turn the first signal into a KeyboardInterrupt, so that a run ends well and is journaled.

    The second one does not wait for that: it kills the programs that run and ends this process.
    What an engine was told to remove it removes by itself, else the next run does that.
    """
    asked = False

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        nonlocal asked
        if asked:
            _leave()
        asked = True
        raise KeyboardInterrupt

    heard = [number for number in _SIGNALS if not ignored(number)]
    before = {number: signal.signal(number, interrupt) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _leave() -> None:
    # The streams of Python may be locked by what was interrupted; the descriptor is not.
    cursor = _SHOW_CURSOR if os.isatty(_STDERR) else b""
    os.write(_STDERR, cursor + b"\nerror: " + _LAST_WORDS)
    kill_all()
    os._exit(ExitCode.INTERRUPTED)
