"""Ways a Go test binary's events are framed, each read into a Tracker.

Marked: `-test.v=test2json`, Go 1.20 and newer; every framing line begins with SYN (0x16), at the
start of a line or in the middle of one. Escaped: the same from Go 1.27 on, see escapes.py.
Plain: `-test.v`; anything at the start of a line counts, so output can pretend to be an event.
These follow cmd/internal/test2json/test2json.go of Go 1.27, except that an end needs its
`(0.00s)` and, where subtests are indented below their parent, the parent's name.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Protocol

from harness.gotest import escapes
from harness.gotest.tracker import Tracker
from harness.model import Outcome

SYN = b"\x16"

LINE_LIMIT = 8 * 1024
"""Bytes of a line that may still be an event; longer lines are output. Go itself takes half."""

_REPORT = re.compile(rb"((?:    )*)--- (PASS|FAIL|SKIP): ([^ ]+) \((\d+(?:\.\d+)?)s\)\r?")
_OUTCOMES = {b"PASS": Outcome.PASS, b"FAIL": Outcome.FAIL, b"SKIP": Outcome.SKIP}
_FIRST = {b"=", b"-", b" ", b"P", b"F"}

_CANDIDATE = re.compile(rb"(?m)^(?:=== |(?:    )*--- |PASS|FAIL)")
"""How a line begins that may be an event in a plain stream."""
_ARTIFACTS = b"=== ARTIFACTS "
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
            b"=== ATTR ": self._attribute,
            b"=== ARTIF": self._artifacts,
        }
        self._reports: list[str] = []

    def event(self, line: bytes) -> bool:
        """Act on a line without its marker and newline; False if it is output."""
        update = self._updates.get(line[:9])
        if update is not None and (line[9:10] in {b" ", b""} or line.startswith(_ARTIFACTS)):
            self._reports.clear()
            update(line[line.find(b" ", 4) :].decode("utf-8", "replace").strip())
            return True
        return self._report(line) or self._last_word(line.rstrip(b"\r"))

    def _attribute(self, said: str) -> None:
        """Take what a test says of itself (t.Attr)."""
        name, _, attribute = said.partition(" ")
        self.tracker.name(name)
        key, _, value = attribute.partition(" ")
        self.tracker.attribute(name, key, value)

    def _artifacts(self, said: str) -> None:
        """Pass over where a test's files are (t.ArtifactDir)."""
        self.tracker.name(said.partition(" ")[0])

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
        if depth:
            self.tracker.nest(name, self._reports[depth - 1])
        self.tracker.end(name, outcome, float(match[4]))
        return True

    def _inside(self, name: str, depth: int) -> bool:
        """Return whether the report above an indented one is its parent's."""
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
        data, rest = self._whole(self._held + chunk)
        first, *parts = self._split(data)
        self._held = b""
        self._output(first)
        if parts:
            last = parts.pop()
            self._parts(parts)
            if len(last) < LINE_LIMIT and b"\n" not in last:
                self._held = SYN + last
            else:
                self._part(last)
        self._held += rest

    def _whole(self, data: bytes) -> tuple[bytes, bytes]:
        """Return what can be read now, and the rest that needs what follows."""
        return data, b""

    def _split(self, data: bytes) -> list[bytes]:
        return data.split(SYN)

    def _output(self, data: bytes) -> None:
        self.tracker.output(data)

    def _parts(self, parts: list[bytes]) -> None:
        """Act on what stands behind markers; what cannot be an event is handed on at once."""
        said: list[bytes] = []
        for part in parts:
            if part[:1] not in _FIRST:
                said += (SYN, part)
                continue
            if said:
                self._output(b"".join(said))
                said = []
            self._part(part)
        self._output(b"".join(said))

    def _part(self, part: bytes) -> None:
        end = part.find(b"\n", 0, LINE_LIMIT)
        if end < 0 and len(part) < LINE_LIMIT:
            end = len(part)
        if end >= 0 and self.event(part[:end]):
            self._output(part[end + 1 :])
        else:
            self._output(SYN + part)

    def finish(self) -> None:
        """Hand an unfinished event over as the output that it is."""
        self._output(self._held)
        self._held = b""


class Escaped(Marked):
    """Go 1.27 escapes what could be taken for a marker, and marks errors (escapes.py)."""

    def _whole(self, data: bytes) -> tuple[bytes, bytes]:
        cut = escapes.whole(data)
        return data[:cut], data[cut:]

    def _split(self, data: bytes) -> list[bytes]:
        return escapes.split(data)

    def _output(self, data: bytes) -> None:
        self.tracker.output(escapes.unescape(data))


class Plain(_Lines):
    """Reads line by line; markers are output like any other."""

    def __init__(self, tracker: Tracker) -> None:
        """Begin at the start of a line."""
        super().__init__(tracker)
        self._held = b""
        self._inside_line = False

    def feed(self, chunk: bytes) -> None:
        """Read on."""
        data = self._held + chunk
        end = data.rfind(b"\n") + 1
        start = data.find(b"\n") + 1 if self._inside_line else 0
        self._inside_line = self._inside_line and not end
        self.tracker.output(data[:start])
        if end:
            self._lines(data, start, end)
        self._held = data[end:]
        if self._held and (len(self._held) >= LINE_LIMIT or self._inside_line):
            self.tracker.output(self._held)
            self._held, self._inside_line = b"", True

    def _lines(self, data: bytes, start: int, end: int) -> None:
        """Act on whole lines; what lies between two that may be events is handed on at once."""
        for match in _CANDIDATE.finditer(data, start, end):
            line_end = data.find(b"\n", match.start())
            if line_end - match.start() < LINE_LIMIT:
                self.tracker.output(data[start : match.start()])
                start = line_end + 1
                if not self.event(data[match.start() : line_end]):
                    self.tracker.output(data[match.start() : start])
        self.tracker.output(data[start:end])

    def finish(self) -> None:
        """Hand an unfinished line over as output."""
        self.tracker.output(self._held)
        self._held = b""
