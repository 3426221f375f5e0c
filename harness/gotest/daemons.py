"""What a daemon's log says of its end: that it lived to be stopped, or what it died of.

The sandbox of a failing test prints the log of its daemon, and from v0.12 on how that ended:
`> stopped 2026-11-23 … exit status 0 0` (util/testutil/integration, startCmd).
"""

from __future__ import annotations

import re
from itertools import pairwise

from harness.gotest import dumps
from harness.gotest.logs import readable

_PANIC = re.compile(rb"(?m)(?:^|\.go:\d+: )(panic: |fatal error: )")
_LOGGED = re.compile(rb"(?m)^ +\w+\.go:\d+: ?")
_LOGGED_LINE = re.compile(rb"(?m)^ +\w+\.go:\d+: ?(.*)$")
_STOPPED = re.compile(rb"> stopped .*exit status 0(?: 0)?\s*$", re.MULTILINE)
_DEATH = re.compile(r"[^\n]+\n(?:[^\n]*\n){0,16}?goroutine \d+ .*:\n(?:\S.*\n[ \t]+.*(?:\n|\Z))*")
"""A header, what belongs to the message, and the stack: lines with the source line below each."""

_FRONTEND = "dockerfile-frontend"
_REACH = 8192
"""Bytes behind the word `panic` in which the stack of the panicking program stands."""


def panic_of(daemon: bytes) -> str:
    """Return what the daemon died of and the goroutine that did it; empty if it did not panic.

    Frontends write to the same log. v0.3's dockerfile-frontend panics on every error that it
    returns, so a panic on whose stack a frontend stands is none of the daemon's.
    """
    starts = [match.start(1) for match in _PANIC.finditer(daemon)]
    for start, end in pairwise([*starts, len(daemon)]):
        said = daemon[start : min(end, start + _REACH)]
        death = _DEATH.match(readable(_LOGGED.sub(b"", said)))
        if death and _FRONTEND not in death[0]:
            return dumps.own_frames(death[0])
    return ""


def logged(said: bytes) -> bytes:
    """Return the lines that a test logged, which are its daemons' once it has failed."""
    return b"\n".join(_LOGGED_LINE.findall(said))


def lived(daemon: bytes) -> bool:
    """Tell whether the log proves that the daemon ended well, whatever its clients say."""
    return _STOPPED.search(daemon) is not None and not panic_of(daemon)
