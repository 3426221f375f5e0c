"""What a test wrote: kept within bounds, taken apart, made safe to show."""

from __future__ import annotations

import re
from functools import lru_cache

HALF = 512 * 1024
"""Bytes that are kept of either end of a log."""
_SNAP = 4096

_DAEMON = re.compile(rb"(?m)^ +((?:oci|containerd|sandbox)\.go):\d+: std(?:out|err): ")
"""The first line that PrintLogs writes per stream of each child of a sandbox.

Seen as `oci.go:111: stdout: /path/buildkitd` (v0.3), `oci.go:114:` (v0.6), `sandbox.go:283:`
(v0.12, with the whole command line) up to master: util/testutil/integration, printLogs.
"""
_LOGGED = re.compile(rb"\n +\w+\.go:\d+: ")
_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])")
_CLEARED = re.compile(r"\r[ \t]*\r|\r")
_UNSAFE = re.compile(
    r"[^\n\t\x20-\x7e\u00a0-\u200d\u2010-\u2027\u202f-\u2065\u206a-\ud7ff\ue000-\ufffd"
    r"\U00010000-\U0010ffff]"
)
_PICTURES = 0x2400
_SPACE = 0x20


class BoundedLog:
    """Bytes in the order they came: all of them, or as many of the first as of the last.

    What `value` returns depends on the bytes alone, never on how they were cut into pieces.
    """

    __slots__ = ("_half", "_head", "_tail", "total")

    def __init__(self, half: int = HALF) -> None:
        """Begin empty, with room for `half` bytes of either end."""
        self.total = 0
        self._half = half
        self._head = bytearray()
        self._tail = bytearray()

    def holds(self, more: int = 0) -> bool:
        """Return whether nothing is left out, even with so many bytes more."""
        return self.total + more <= 2 * self._half

    def widen(self, half: int) -> None:
        """Add room to a log that holds everything yet."""
        whole = self._head + self._tail
        self._half, self._head, self._tail = half, whole[:half], whole[half:]

    def append(self, data: bytes) -> None:
        """Take more; memory stays within the room and an eighth of it, and `data` itself."""
        self.total += len(data)
        half = self._half
        if (space := half - len(self._head)) > 0:
            self._head += data[:space]
            data = data[space:]
        self._tail += data[max(0, len(data) - half) :]
        if len(self._tail) > half + half // 4:
            self._tail = self._tail[len(self._tail) - half :]

    def value(self) -> bytes:
        """Return the text; where the middle was left out, a line says how much of it."""
        if self.holds():
            return bytes(self._head + self._tail)
        snap = min(_SNAP, self._half // 8)
        head, tail = self._head, self._tail[max(0, len(self._tail) - self._half) :]
        end = head.rfind(b"\n", max(0, len(head) - snap)) + 1 or len(head)
        start = tail.find(b"\n", 0, snap) + 1
        head, tail = head[:end], tail[start:]
        left_out = self.total - len(head) - len(tail)
        gap = b"" if head.endswith(b"\n") or not head else b"\n"
        return bytes(head + gap + b"[... %d bytes left out ...]\n" % left_out + tail)


def split_daemon_log(log: bytes) -> tuple[bytes, bytes]:
    """Split a failing test's log into what the test said and what its daemons said.

    Upstream's sandbox prints the logs of its children through t.Log once a test has failed.
    Their lines come back without the `file.go:line:` that t.Log put in front.
    """
    kept, said = daemon_lines(log)
    return kept, _LOGGED.sub(b"\n", b"\n" + said)[1:]


def daemon_lines(log: bytes) -> tuple[bytes, bytes]:
    """Split likewise, but leave the daemons' lines as t.Log wrote them."""
    found = _DAEMON.search(log)
    if found is None:
        return log, b""
    inside, outside = _edges(found[1])
    kept, said = [], []
    start, end = 0, found.start()
    while end < len(log):
        kept.append(log[start:end])
        leave = outside.search(log, end)
        start = leave.start() + 1 if leave else len(log)
        said.append(log[end:start])
        enter = inside.search(log, start - 1)
        end = enter.start() + 1 if enter else len(log)
    kept.append(log[start:])
    return b"".join(kept), b"".join(said)


@lru_cache(maxsize=8)
def _edges(source: bytes) -> tuple[re.Pattern[bytes], re.Pattern[bytes]]:
    """Return what begins a line logged in `source`, and what begins one that is not."""
    line = rb" +%s:\d+: " % re.escape(source)
    return re.compile(rb"\n(?=%s)" % line), re.compile(rb"\n(?!%s)" % line)


def readable(data: bytes | str) -> str:
    """Return text that a terminal, a browser or an XML parser can be given unharmed.

    Invalid UTF-8 becomes U+FFFD, escape sequences and carriage returns go, other control
    characters become their pictures, what reorders text (U+202E and the like) becomes U+FFFD.
    """
    text = data if isinstance(data, str) else data.decode("utf-8", "replace")
    if text.isascii() and text.isprintable():
        return text
    text = _ANSI.sub("", text) if "\x1b" in text else text
    text = _CLEARED.sub("", text) if "\r" in text else text
    return _UNSAFE.sub(_picture, text)


def _picture(match: re.Match[str]) -> str:
    code = ord(match[0])
    return chr(_PICTURES + code) if code < _SPACE else "\N{REPLACEMENT CHARACTER}"
