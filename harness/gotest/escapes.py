"""What Go 1.27 does to output in the marked framing.

A test's own control characters that the framing uses are escaped by ESC where they go through
the testing package (t.Log, t.Error, t.Output), and an error stands between SO and SI: `^O` before
its first line, `^N` behind its last. What a test prints to os.Stdout by itself is not escaped, so
an ESC of its own is only taken away where it escapes one of these. A marker that follows a single
ESC on its line is output. All as cmd/internal/test2json reads it.
"""

from __future__ import annotations

import re

SYN = 0x16
_ESC = b"\x1b"
_PAIR_OR_MARK = re.compile(rb"\x1b[^\n]|\x16")
_MARKS = re.compile(rb"\x1b([\x0e\x0f\x16\x1b])|[\x0e\x0f]")


def whole(data: bytes) -> int:
    """Return where to cut so that no escape is cut in two: only a last ESC may have to wait."""
    if not data.endswith(_ESC):
        return len(data)
    trailing = len(data) - len(data.rstrip(_ESC))
    return len(data) - trailing % 2


def split(data: bytes) -> list[bytes]:
    """Split at the markers that are not escaped."""
    if _ESC not in data:
        return data.split(b"\x16")
    parts, start = [], 0
    for match in _PAIR_OR_MARK.finditer(data):
        at = match.start()
        if data[at] == SYN:
            parts.append(data[start:at])
            start = at + 1
    parts.append(data[start:])
    return parts


def unescape(data: bytes) -> bytes:
    """Return output as the test wrote it."""
    return _MARKS.sub(_itself, data)


def _itself(match: re.Match[bytes]) -> bytes:
    return match[1] or b""
