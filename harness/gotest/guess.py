"""Finds out how a stream is framed, where nobody knows."""

from __future__ import annotations

import re

from harness.gotest.framing import LINE_LIMIT, Escaped, Framing, Plain
from harness.gotest.jsonlines import JSON_LIMIT, Json, is_event
from harness.gotest.tracker import Tracker

_MARK = re.compile(rb"\x16(?:=== |--- |PASS\b|FAIL\b)")
_LAST_WORDS = {b"PASS", b"FAIL"}


class Guess:
    """Decides by the first line that can only come from one framing; before it, all is output.

    A stream taken for a plain one turns to markers for good once there is one: what was read
    until then was a marked stream's output.
    """

    def __init__(self, tracker: Tracker) -> None:
        """Begin undecided."""
        self._tracker = tracker
        self._held = b""
        self._inside_line = False
        self._chosen: Framing | None = None

    def feed(self, chunk: bytes) -> None:
        """Read on."""
        if self._chosen is not None and not isinstance(self._chosen, Plain):
            self._chosen.feed(chunk)
            return
        data = self._held + chunk
        start, end = 0, data.find(b"\n")
        while end >= 0:
            if self._decided(data, start, end):
                return
            self._output(data[start : end + 1])
            self._inside_line = False
            start, end = end + 1, data.find(b"\n", end + 1)
        self._held = data[start:]
        if len(self._held) >= JSON_LIMIT or self._inside_line:
            self._output(self._held)
            self._held, self._inside_line = b"", True

    def _output(self, data: bytes) -> None:
        if self._chosen is not None:
            self._chosen.feed(data)
        else:
            self._tracker.output(data)

    def _decided(self, data: bytes, start: int, end: int) -> bool:
        """Choose by a line; True if what begins with it has been handed on."""
        if self._inside_line or end - start >= JSON_LIMIT:
            return False
        mark = _MARK.search(data, start, min(end, start + LINE_LIMIT))
        if mark is not None:
            if self._chosen is not None:
                self._chosen.finish()
                self._tracker.forget()
            self._tracker.output(data[start : mark.start()])
            return self._choose(Escaped(self._tracker), data[mark.start() :])
        if self._chosen is not None:
            return False
        line = data[start:end]
        if line.startswith(b"=== RUN   ") or line.rstrip(b"\r") in _LAST_WORDS:
            self._chosen = Plain(self._tracker)
            return False
        if line.startswith(b"{") and is_event(line):
            return self._choose(Json(self._tracker), data[start:])
        return False

    def _choose(self, framing: Framing, data: bytes) -> bool:
        self._chosen, self._held = framing, b""
        framing.feed(data)
        return True

    def finish(self) -> None:
        """Hand what was never decided over as output."""
        if self._held:
            self._output(self._held)
        self._held = b""
        if self._chosen is not None:
            self._chosen.finish()
