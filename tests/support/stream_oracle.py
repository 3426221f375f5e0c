"""A second opinion on streams: what may count as passed, found by the simplest means there are.

It shares no code with the parser and knows no states: a test may count as passed if the stream
holds its begin and, behind it, a pass of its own. Where the parser doubts more, it may.
"""

from __future__ import annotations

import re

from harness.model import Format

_END = r"--- (PASS|FAIL|SKIP): (\S+) \(\d+(?:\.\d+)?s\)"
_EVENT = re.compile(rf"(?:=== RUN {{3,}}(\S+)|{_END})")


def passes(data: bytes, form: Format) -> set[str]:
    """Return the tests that a reader of this stream may report as passed; it need not."""
    begun: set[str] = set()
    passed: set[str] = set()
    for begin, outcome, name in _events(data, form):
        if begin:
            begun.add(begin)
        elif outcome == "PASS" and name in begun:
            passed.add(name)
    return passed


def _events(data: bytes, form: Format) -> list[tuple[str, str, str]]:
    if form is Format.ESCAPED:
        data = re.sub(rb"\x1b[^\n]", b"", data)
    text = data.decode("utf-8", "replace")
    if form is Format.PLAIN:
        found = (_EVENT.match(line.lstrip(" ")) for line in text.split("\n"))
    else:
        found = (_EVENT.match(part) for part in text.split("\x16")[1:])
    return [match.groups("") for match in found if match]  # type: ignore[misc] # three groups
