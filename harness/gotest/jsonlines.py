"""`go test -json` and `go tool test2json`: one JSON object per line, among other lines.

Actions and fields that are not known are passed over: they differ by version of Go.
"""

from __future__ import annotations

import msgspec

from harness.gotest.tracker import Tracker
from harness.model import Outcome

JSON_LIMIT = 4 * 1024 * 1024
"""Bytes of one event; test2json cuts output at 1,024, so a longer line is somebody's output."""

_ENDS = {"pass": Outcome.PASS, "fail": Outcome.FAIL, "skip": Outcome.SKIP}
_REPORTS = {
    "--- PASS: ": Outcome.PASS,
    "--- FAIL: ": Outcome.FAIL,
    "--- SKIP: ": Outcome.SKIP,
}
_FRAMING = ("=== RUN   ", "=== PAUSE ", "=== CONT  ", "=== NAME  ", *_REPORTS)
_REPORT_LENGTH = 10
_INDENT = 4


class _Event(msgspec.Struct, rename="pascal", gc=False):
    """The fields that matter here."""

    action: str
    test: str = ""
    output: str = ""
    elapsed: float | None = None


_decoder = msgspec.json.Decoder(_Event)


def is_event(line: bytes) -> bool:
    """Return whether a line is one of these events."""
    try:
        _decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return True


def _events(block: bytes) -> list[_Event] | None:
    """Read a block at once; None if it may hold anything but one event on each line."""
    lines = block.count(b"\n")
    if len(block) > JSON_LIMIT or not block.startswith(b"{"):
        return None
    if block.count(b"}\n{") != lines - 1:  # an event that goes over lines is none
        return None
    try:
        events = _decoder.decode_lines(block)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
    return events if len(events) == lines else None


def _is_framing(text: str) -> bool:
    if text.startswith("    "):
        text = text.lstrip(" ")
        return text.startswith("--- ") and text.startswith(_FRAMING)
    return text.startswith(_FRAMING)


class Json:
    """Reads events; lines that are none are output of no test."""

    def __init__(self, tracker: Tracker) -> None:
        """Begin at the start of a line."""
        self._tracker = tracker
        self._held = b""
        self._inside_line = False
        self._reports: list[str] = []
        """The tests whose ends stand above the next one, by their indentation."""
        self._speaker: str | None = None
        """Whose output came last, so that what test2json has cut can be put together."""

    def feed(self, chunk: bytes) -> None:
        """Read on; chunks may end anywhere."""
        end = chunk.rfind(b"\n") + 1
        if not end:
            self._hold(self._held + chunk)
            return
        block = self._held + chunk[:end]
        if self._inside_line:
            rest = block.find(b"\n") + 1
            self._say("", block[:rest])
            self._inside_line, block = False, block[rest:]
        self._block(block)
        self._hold(chunk[end:])

    def _block(self, block: bytes) -> None:
        """Read whole lines: at once where all are events, as nearly always."""
        events = _events(block)
        if events is not None:
            self._events(events)
            return
        said = bytearray()
        for line in block.split(b"\n")[:-1]:
            if b"{" not in line:
                said += line + b"\n"
                continue
            self._say("", bytes(said))
            said.clear()
            self._line(line + b"\n")
        self._say("", bytes(said))

    def _hold(self, data: bytes) -> None:
        self._held = data
        if len(data) >= JSON_LIMIT or self._inside_line:
            self._say("", data)
            self._held, self._inside_line = b"", True

    def _line(self, line: bytes) -> None:
        if len(line) > JSON_LIMIT:
            self._say("", line)
            return
        try:
            event = _decoder.decode(line.decode("utf-8", "replace"))
        except msgspec.DecodeError:
            self._say("", line)
        else:
            self._events([event])

    def _events(self, events: list[_Event]) -> None:
        """Act on events; output of one test that comes in a row is handed on at once."""
        name = ""
        texts: list[str] = []
        for event in events:
            text = event.output
            spoken = event.action == "output" and not _is_framing(text)
            if texts and not (spoken and event.test == name):
                self._say(name, "".join(texts).encode())
                texts = []
            if spoken:
                name = event.test
                texts.append(text)
            elif event.action == "output":
                self._framing(event.test, text)
            else:
                self._event(event)
        self._say(name, "".join(texts).encode())

    def _say(self, name: str, data: bytes) -> None:
        if data:
            self._tracker.output_of(name, data, goes_on=name == self._speaker)
            self._speaker = name

    def _event(self, event: _Event) -> None:
        action = event.action
        tracker = self._tracker
        if action in _ENDS:
            if event.test:
                self._end(event.test, _ENDS[action], event.elapsed)
            else:
                tracker.package(passed=action != "fail")
        elif action == "run":
            tracker.begin(event.test)
        elif action == "pause":
            tracker.pause(event.test)
        elif action == "cont":
            tracker.resume(event.test)
        else:
            self._say(event.test, event.output.encode())

    def _framing(self, name: str, text: str) -> None:
        """Note what the binary printed about a test; such a line is no output of its."""
        self._speaker = None
        said = text.lstrip(" ")
        report = _REPORTS.get(said[:_REPORT_LENGTH])
        if report is None:
            return
        depth = (len(text) - len(said)) // _INDENT
        if 0 < depth <= len(self._reports):
            self._tracker.nest(name, self._reports[depth - 1])
        self._reports[depth:] = [name]
        self._tracker.announce(name, report)

    def _end(self, name: str, outcome: Outcome, seconds: float | None) -> None:
        """Believe an end that the test itself printed.

        test2json gives the binary's own final failure the name of the test that spoke last
        (golang/go#35180); no `--- FAIL` of that test stands before it.
        """
        test = self._tracker.tests.get(name)
        if test is None or test.announced is outcome:
            self._tracker.end(name, outcome, seconds)
        elif test.outcome is None:
            self._tracker.unannounced(name)

    def finish(self) -> None:
        """Read a last line that lacks its newline."""
        if self._held:
            self._line(self._held)
        self._held = b""
