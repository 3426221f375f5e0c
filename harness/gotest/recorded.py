"""Reads what `go test -json` or `go test -v` printed elsewhere, as the output of a leg.

Events of JSON (`go doc test2json`) become marked ones, so that output of a test that looks like an
event stays output. Windows' consoles may have written UTF-16, and lines may end as they do there.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import msgspec

from harness.errors import UsageError
from harness.gotest.framing import SYN
from harness.model import Format

Sink = Callable[[bytes], object]
"""Takes a piece of a leg's output."""

LONGEST = 1 << 20
"""Characters of a line; go prints no longer event."""

_BOMS = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_FRAME = re.compile(r"\x16?(?:=== (?:RUN|PAUSE|CONT|NAME|ATTR|ARTIFACTS)\b|\s*--- [A-Z]+: )")
_STATUS = re.compile(r"exit status (\d{1,3})")
_BEGINS = {"run": "RUN  ", "pause": "PAUSE", "cont": "CONT "}
_ENDS = {"pass": "PASS", "fail": "FAIL", "skip": "SKIP"}
_LAST_WORDS = {"PASS": 0, "FAIL": 1}
_PANIC = 2
"""With what a Go program ends that panics."""

HINT = "give what `go test -json` or `go test -v` printed, whole, one file for each leg"


class _Event(msgspec.Struct):
    """One line of `go test -json`; of a build, it has no test."""

    Action: str
    Time: str = ""
    Package: str = ""
    Test: str = ""
    Elapsed: float = 0.0
    Output: str = ""
    OutputType: str = ""
    Key: str = ""
    Value: str = ""


@dataclass
class Recorded:
    """What a recording says of the run as such."""

    format: Format
    status: int | None = None
    """With what the test binary ended; None if that is not in it: it was cut off."""
    started: datetime | None = None
    ended: datetime | None = None
    """By its events; None for text, which has no times."""

    @property
    def seconds(self) -> float:
        """How long it took; 0 if that is not known."""
        return (self.ended - self.started).total_seconds() if self.started and self.ended else 0.0


def read(path: Path, sink: Sink) -> Recorded:
    """Read a recording and hand its output to `sink`.

    Raises UsageError if the file cannot be read, holds no output of tests, or those of several
    packages.
    """
    try:
        with path.open("rb") as file:
            encoding = _BOMS.get(file.read(2), "utf-8-sig")
        with path.open(encoding=encoding, errors="surrogateescape", newline="\n") as text:
            lines = _lines(path, text.readline)
            head: list[str] = []
            for line in lines:
                head.append(line)
                if line.startswith("{"):
                    return _Json(path, sink).read(head, lines)
                if _FRAME.match(line):
                    return _read_text(sink, head, lines)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}", hint=HINT) from error
    except UnicodeError as error:
        raise UsageError(f"{path} is no text: {error}", hint=HINT) from error
    raise UsageError(f"{path} is no output of tests: no test begins in it", hint=HINT)


def _lines(path: Path, readline: Callable[[int], str]) -> Iterator[str]:
    while line := readline(LONGEST):
        if len(line) == LONGEST and line.startswith("{"):
            raise UsageError(f"{path} is no output of tests: it has a line without end", hint=HINT)
        yield line


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _read_text(sink: Sink, head: list[str], rest: Iterator[str]) -> Recorded:
    """Take text as it is; the last lines say how it ended."""
    found = Recorded(Format.MARKED if any(SYN.decode() in it for it in head) else Format.PLAIN)
    for lines in (head, rest):
        for line in lines:
            sink(_bytes(line))
            _note_end(found, line)
    return found


def _note_end(found: Recorded, line: str) -> None:
    """Take from a line that belongs to no test how the binary ended, if it says so."""
    said = line.strip("\r\n\x16")
    if status := _STATUS.fullmatch(said):
        found.status = min(int(status[1]), 255)
    elif said in _LAST_WORDS:
        found.status = _LAST_WORDS[said]
    elif said.startswith(("panic: ", "fatal error: ")):
        found.status = _PANIC
    elif _FRAME.match(line) and found.status != _PANIC:
        found.status = None


class _Json:
    """One pass over the events of a package."""

    def __init__(self, path: Path, sink: Sink) -> None:
        self.path = path
        self.sink = sink
        self.found = Recorded(Format.MARKED)
        self.package = ""
        self.current: str | None = None
        self.number = 0

    def read(self, head: list[str], rest: Iterator[str]) -> Recorded:
        """Read all lines; what is none of go's events is output that belongs to no test."""
        for lines in (head, rest):
            for line in lines:
                self.number += 1
                if line.startswith("{"):
                    self._line(line)
                else:
                    self._output("", line)
        if not self.package:
            raise UsageError(f"{self.path} is no output of tests: no test begins in it", hint=HINT)
        return self.found

    def _line(self, line: str) -> None:
        try:
            event = msgspec.json.decode(_bytes(line), type=_Event)
        except (msgspec.DecodeError, UnicodeError) as error:
            if not line.endswith("\n"):
                return  # it was cut off here
            raise UsageError(
                f"{self.path}, line {self.number}: this is no event of go test: {error}", hint=HINT
            ) from error
        self._time(event.Time)
        if event.Test:
            self._of_test(event)
        elif event.Action == "output":
            self._output("", event.Output)
            _note_end(self.found, event.Output)
        elif event.Action == "pass" and self.found.status is None:
            self.found.status = 0
        elif event.Action == "fail" and self.found.status is None:
            self.found.status = 1

    def _time(self, told: str) -> None:
        try:
            at = datetime.fromisoformat(told)
        except ValueError:
            return  # an event without a time, as of `go tool test2json` without -t
        if at.tzinfo is not None:
            self.found.started = self.found.started or at
            self.found.ended = at

    def _of_test(self, event: _Event) -> None:
        if self.package and event.Package != self.package:
            raise UsageError(
                f"{self.path} holds tests of {self.package} and of {event.Package}",
                hint="run one package: go test -json ./frontend/dockerfile",
            )
        self.package = event.Package or self.package or "tests"
        if word := _BEGINS.get(event.Action):
            self._frame(f"=== {word} {event.Test}")
        elif word := _ENDS.get(event.Action):
            self._frame(f"--- {word}: {event.Test} ({max(event.Elapsed, 0.0):.2f}s)")
        elif event.Action == "attr":
            self._frame(f"=== ATTR  {event.Test} {event.Key} {event.Value}")
        elif event.Action == "output" and not _is_frame(event):
            self._output(event.Test, event.Output)

    def _frame(self, words: str) -> None:
        """Write an event, on one line whatever a name holds."""
        self.sink(SYN + _bytes(" ".join(words.split("\n"))) + b"\n")
        self.current = None

    def _output(self, test: str, text: str) -> None:
        if test != self.current:
            self._frame(f"=== NAME  {test}")
            self.current = test
        last_word = not test and text.strip("\r\n") in _LAST_WORDS
        self.sink(SYN * last_word + _bytes(text).replace(SYN, b"^V"))


def _is_frame(event: _Event) -> bool:
    """Return whether output is the line by which go told of an event that it gives itself."""
    framed = _FRAME.match(event.Output)
    return event.OutputType == "frame" or (framed is not None and event.Test in event.Output)
