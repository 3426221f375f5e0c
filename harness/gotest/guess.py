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
        said = start = 0
        while (end := data.find(b"\n", start)) >= 0:
            found = self._decide(data, start, end)
            if found is not None:
                self._output(data[said:start])
                said = start = self._choose(found, data, start)
                if not isinstance(self._chosen, Plain):
                    self._held = b""
                    self._output(data[start:])
                    return
            else:
                start = end + 1
            self._inside_line = False
        self._output(data[said:start])
        self._held = data[start:]
        if len(self._held) >= JSON_LIMIT or self._inside_line:
            self._output(self._held)
            self._held, self._inside_line = b"", True

    def _output(self, data: bytes) -> None:
        if self._chosen is not None:
            self._chosen.feed(data)
        else:
            self._tracker.output(data)

    def _decide(self, data: bytes, start: int, end: int) -> type[Escaped | Plain | Json] | None:
        """Return what a line can only come from, unless that is what was chosen already."""
        if self._inside_line or end - start >= JSON_LIMIT:
            return None
        if _MARK.search(data, start, min(end, start + LINE_LIMIT)):
            return Escaped
        if self._chosen is not None:
            return None
        line = data[start:end]
        if line.startswith(b"=== RUN   ") or line.rstrip(b"\r") in _LAST_WORDS:
            return Plain
        return Json if line.startswith(b"{") and is_event(line) else None

    def _choose(self, found: type[Escaped | Plain | Json], data: bytes, start: int) -> int:
        """Take a framing, and tell where in the data it begins."""
        if found is Escaped:
            if self._chosen is not None:
                self._chosen.finish()
                self._tracker.forget()
            mark = _MARK.search(data, start)
            begins = mark.start() if mark else start
            self._tracker.output(data[start:begins])
            start = begins
        self._chosen = found(self._tracker)
        return start

    def finish(self) -> None:
        """Hand what was never decided over as output."""
        if self._held:
            self._output(self._held)
        self._held = b""
        if self._chosen is not None:
            self._chosen.finish()
