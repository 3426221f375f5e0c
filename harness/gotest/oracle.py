"""Reads what daemons said while tests passed: a second opinion, which changes no verdict."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from harness.config.oracle import Oracle
from harness.gotest.logs import readable

_LINE = 8 * 1024
"""Bytes of a line that are looked at; the rest of it is passed over."""
_BLOCK = 60
"""Lines that belong to a suspicious one: a stack, the two accesses of a race."""
_MOST = 20
"""Matters told of one log; a daemon that panics in a loop says the same each time."""
_TOLD = 300


@dataclass(frozen=True)
class Found:
    """Something that a daemon should not have said."""

    kind: str
    words: str
    """The line, harmless and bounded."""


def suspicious(log: BinaryIO, oracle: Oracle) -> list[Found]:
    """Find what should not be in a log, each thing once, in bounded memory."""
    found: dict[Found, None] = {}
    kind, block = "", list[str]()
    for line in _lines(log):
        new = oracle.kind_of(line)
        if new or len(block) >= _BLOCK:
            _settle(kind, block, oracle, found)
            kind, block = new, []
        if new or block:
            block.append(line)
    _settle(kind, block, oracle, found)
    return list(found)[:_MOST]


def _settle(kind: str, block: list[str], oracle: Oracle, found: dict[Found, None]) -> None:
    if block and len(found) < _MOST and not oracle.ignores("\n".join(block)):
        found[Found(kind, readable(block[0])[:_TOLD])] = None


def _lines(log: BinaryIO) -> Iterator[str]:
    begins = True
    while piece := log.readline(_LINE):
        if begins:
            yield piece.decode("utf-8", "replace").rstrip("\n")
        begins = piece.endswith(b"\n")
