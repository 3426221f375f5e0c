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
_UPDATES = ("=== RUN   ", "=== PAUSE ", "=== CONT  ", "=== NAME  ")
_REPORT_LENGTH = 10


class _Event(msgspec.Struct, rename="pascal", gc=False):
    """The fields that matter here."""

    action: str
    test: str = ""
    output: str = ""
    elapsed: float | None = None


_decoder = msgspec.json.Decoder(_Event)


def is_event(line: bytes) -> bool:
    """Tell whether a line is one of these events."""
    try:
        _decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return True


class Json:
    """Reads events; lines that are none are output of no test."""

    def __init__(self, tracker: Tracker) -> None:
        """Begin at the start of a line."""
        self._tracker = tracker
        self._held = b""
        self._inside_line = False

    def feed(self, chunk: bytes) -> None:
        """Read on; chunks may end anywhere."""
        end = chunk.rfind(b"\n") + 1
        if not end:
            self._hold(self._held + chunk)
            return
        block = self._held + chunk[:end]
        if self._inside_line:
            rest = block.find(b"\n") + 1
            self._tracker.output_of("", block[:rest])
            self._inside_line, block = False, block[rest:]
        self._hold(chunk[end:])
        try:
            events = _decoder.decode_lines(block)
        except (msgspec.DecodeError, UnicodeDecodeError):
            for line in block.splitlines(keepends=True):
                self._line(line)
        else:
            for event in events:
                self._event(event)

    def _hold(self, data: bytes) -> None:
        self._held = data
        if len(data) >= JSON_LIMIT or self._inside_line:
            self._tracker.output_of("", data)
            self._held, self._inside_line = b"", True

    def _line(self, line: bytes) -> None:
        text = line.decode("utf-8", "replace")
        try:
            event = _decoder.decode(text)
        except msgspec.DecodeError:
            self._tracker.output_of("", line)
        else:
            self._event(event)

    def _event(self, event: _Event) -> None:
        action = event.action
        tracker = self._tracker
        if action == "output":
            self._output(event.test, event.output)
        elif action in _ENDS:
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
        elif event.output:
            tracker.output_of(event.test, event.output.encode())

    def _output(self, name: str, text: str) -> None:
        first = text[:1]
        if first in {"=", "-", " "} and self._framing(name, text):
            return
        self._tracker.output_of(name, text.encode())

    def _framing(self, name: str, text: str) -> bool:
        """Note what the binary printed about a test; such lines are no output of its."""
        report = _REPORTS.get(text.lstrip(" ")[:_REPORT_LENGTH])
        if report is not None:
            self._tracker.announce(name, report)
        return report is not None or text.startswith(_UPDATES)

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
