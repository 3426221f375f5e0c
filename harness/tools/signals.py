"""What a program inherits of signals, set right for this one and for those that it starts.

Across exec a signal stays ignored or blocked, but a handler becomes the default again (execve(2),
signal(7)). A shell starts `x &` with SIGINT ignored, nohup with SIGHUP ignored; a `go test` binary,
a daemon or git that inherit this cannot be interrupted, and tests of signals fail in them.
"""

from __future__ import annotations

import signal
from types import FrameType

_JOB_CONTROL = frozenset({signal.SIGTTIN, signal.SIGTTOU, signal.SIGTSTP})
"""With a handler, writing to a terminal from behind would be tried again for ever; and programs
that are started here lead sessions of their own, without a terminal."""

_IGNORED_BY_PYTHON = frozenset({signal.SIGPIPE, signal.SIGXFSZ})
"""subprocess restores these for its children."""

_LEFT_ALONE = _JOB_CONTROL | _IGNORED_BY_PYTHON


def begin_afresh() -> None:
    """Heed and hand on no signal in a strange way, for the main thread of a process that begins.

    No signal is blocked, and a child's end is told by its status, not lost. Signals that the
    caller wants ignored stay ignored here, and are none of the matter of what is started.
    """
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for number in signal.valid_signals() - _LEFT_ALONE:
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, _ignore)


def ignored(number: signal.Signals) -> bool:
    """Return whether the caller wants a signal ignored."""
    return signal.getsignal(number) in {signal.SIG_IGN, _ignore}


def _ignore(_number: int, _frame: FrameType | None) -> None:
    """Do nothing."""
