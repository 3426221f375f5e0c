"""Three ways a Go test binary's events are framed, each read into a Tracker.

Marked: `-test.v=test2json`, Go 1.20 and newer; every framing line begins with SYN (0x16), at the
start of a line or in the middle of one. Plain: `-test.v`; anything at the start of a line counts,
so output can pretend to be an event. JSON: `go test -json` or `go tool test2json`.
The first two follow cmd/internal/test2json/test2json.go of Go 1.26, except that an end needs its
`(0.00s)` and, where subtests are indented below their parent, the parent's name.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Protocol

from harness.gotest.jsonlines import JSON_LIMIT, Json, is_event
from harness.gotest.tracker import Tracker
from harness.model import Outcome

SYN = b"\x16"
LINE_LIMIT = 64 * 1024
"""Bytes of a line that may still be an event; longer lines are output."""

_REPORT = re.compile(rb"((?:    )*)--- (PASS|FAIL|SKIP): ([^ ]+) \((\d+(?:\.\d+)?)s\)\r?")
_OUTCOMES = {b"PASS": Outcome.PASS, b"FAIL": Outcome.FAIL, b"SKIP": Outcome.SKIP}
_MARK = re.compile(rb"\x16(?:=== |--- |PASS\b|FAIL\b)")
_FIRST = {b"=", b"-", b" ", b"P", b"F"}
_LAST_WORDS = {b"PASS": True, b"FAIL": False}


class Framing(Protocol):
    """A way to read a stream; holds what is left of the last chunk."""

    def feed(self, chunk: bytes) -> None:
        """Read on; chunks may end anywhere."""

    def finish(self) -> None:
        """Take the end of the stream: what is held is output, never an event."""


class _Lines:
    """What marked and plain streams share: the lines that are events."""

    def __init__(self, tracker: Tracker) -> None:
        self.tracker = tracker
        self._updates: dict[bytes, Callable[[str], None]] = {
            b"=== RUN  ": tracker.begin,
            b"=== PAUSE": tracker.pause,
            b"=== CONT ": tracker.resume,
            b"=== NAME ": tracker.name,
            b"=== NAME": tracker.name,
        }
        self._reports: list[str] = []

    def event(self, line: bytes) -> bool:
        """Act on a line without its marker and newline; False if it is output."""
        update = self._updates.get(line[:9])
        if update is not None and line[9:10] in {b" ", b""}:
            self._reports.clear()
            update(line[10:].decode("utf-8", "replace").strip())
            return True
        return self._report(line) or self._last_word(line.rstrip(b"\r"))

    def _report(self, line: bytes) -> bool:
        match = _REPORT.fullmatch(line)
        if match is None:
            return False
        depth = len(match[1]) // 4
        name = match[3].decode("utf-8", "replace")
        if depth and not self._inside(name, depth):
            return False
        self._reports[depth:] = [name]
        outcome = _OUTCOMES[match[2]]
        self.tracker.end(name, outcome, float(match[4]))
        self.tracker.announce(name, outcome)
        return True

    def _inside(self, name: str, depth: int) -> bool:
        """Tell whether the report above an indented one is its parent's."""
        return depth <= len(self._reports) and name.startswith(self._reports[depth - 1] + "/")

    def _last_word(self, line: bytes) -> bool:
        if line not in _LAST_WORDS:
            return False
        self._reports.clear()
        self.tracker.package(passed=_LAST_WORDS[line])
        return True


class Marked(_Lines):
    """Splits at the markers, so that work grows with the events and not with the lines."""

    def __init__(self, tracker: Tracker) -> None:
        """Begin outside of any event."""
        super().__init__(tracker)
        self._held = b""

    def feed(self, chunk: bytes) -> None:
        """Read on."""
        first, *parts = (self._held + chunk).split(SYN)
        self._held = b""
        self.tracker.output(first)
        if not parts:
            return
        last = parts.pop()
        for part in parts:
            self._part(part)
        if len(last) < LINE_LIMIT and b"\n" not in last:
            self._held = SYN + last
        else:
            self._part(last)

    def _part(self, part: bytes) -> None:
        end = part.find(b"\n", 0, LINE_LIMIT)
        if end < 0 and len(part) < LINE_LIMIT:
            end = len(part)
        if end >= 0 and self.event(part[:end]):
            self.tracker.output(part[end + 1 :])
        else:
            self.tracker.output(SYN + part)

    def finish(self) -> None:
        """Hand an unfinished event over as the output that it is."""
        self.tracker.output(self._held)
        self._held = b""


class Plain(_Lines):
    """Reads line by line; turns to markers for good once one is seen."""

    def __init__(self, tracker: Tracker) -> None:
        """Begin at the start of a line."""
        super().__init__(tracker)
        self._held = b""
        self._inside_line = False
        self._marked: Marked | None = None

    def feed(self, chunk: bytes) -> None:
        """Read on."""
        if self._marked is not None:
            self._marked.feed(chunk)
            return
        data = self._held + chunk
        start, end = 0, data.find(b"\n")
        while end >= 0:
            if self._turned(data, start, end):
                return
            self._line(data[start : end + 1])
            start, end = end + 1, data.find(b"\n", end + 1)
        self._held = data[start:]
        if len(self._held) >= LINE_LIMIT:
            self.tracker.output(self._held)
            self._held, self._inside_line = b"", True

    def _turned(self, data: bytes, start: int, end: int) -> bool:
        match = _MARK.search(data, start, end) if not self._inside_line else None
        if match is None:
            return False
        self.tracker.forget()
        self.tracker.output(data[start : match.start()])
        self._held, self._marked = b"", Marked(self.tracker)
        self._marked.feed(data[match.start() :])
        return True

    def _line(self, line: bytes) -> None:
        short = len(line) <= LINE_LIMIT and not self._inside_line
        self._inside_line = False
        if not (short and line[:1] in _FIRST and self.event(line[:-1])):
            self.tracker.output(line)

    def finish(self) -> None:
        """Hand an unfinished line over as output."""
        if self._marked is not None:
            self._marked.finish()
        self.tracker.output(self._held)
        self._held = b""


class Guess:
    """Decides by the first line that can only come from one framing; before it, all is output."""

    def __init__(self, tracker: Tracker) -> None:
        """Begin undecided."""
        self._tracker = tracker
        self._held = b""
        self._chosen: Framing | None = None

    def feed(self, chunk: bytes) -> None:
        """Read on."""
        if self._chosen is not None:
            self._chosen.feed(chunk)
            return
        data = self._held + chunk
        start, end = 0, data.find(b"\n")
        while end >= 0:
            self._chosen = self._choose(data[start:end])
            if self._chosen is not None:
                self._held = b""
                self._chosen.feed(data[start:])
                return
            self._tracker.output(data[start : end + 1])
            start, end = end + 1, data.find(b"\n", end + 1)
        self._held = data[start:]
        if len(self._held) >= JSON_LIMIT:
            self._tracker.output(self._held)
            self._held = b""

    def _choose(self, line: bytes) -> Framing | None:
        if _MARK.search(line):
            return Marked(self._tracker)
        if line.startswith(b"=== RUN   ") or line.rstrip(b"\r") in _LAST_WORDS:
            return Plain(self._tracker)
        if line.startswith(b"{") and is_event(line):
            return Json(self._tracker)
        return None

    def finish(self) -> None:
        """Hand what was never decided over as output."""
        if self._chosen is not None:
            self._chosen.finish()
        self._tracker.output(self._held)
        self._held = b""
