"""Event streams for the tests of everything that reads one."""

from __future__ import annotations

import gzip
from dataclasses import dataclass, field
from pathlib import Path

from harness.gotest.stream import Format, Parsed, StreamParser
from harness.model import Outcome, Result

RECORDINGS = Path(__file__).parent / "recordings"
"""Real output of BuildKit's test binaries; only the folder they were built in was renamed."""


@dataclass
class Heard:
    """A stream that was read to its end, and what its listeners heard meanwhile."""

    parsed: Parsed
    ends: list[tuple[str, Outcome, float | None]] = field(default_factory=list)
    logs: dict[str, bytes] = field(default_factory=dict)

    @property
    def outcomes(self) -> dict[str, Outcome]:
        return {result.name: result.outcome for result in self.parsed.results}

    def result(self, name: str) -> Result:
        return next(result for result in self.parsed.results if result.name == name)


def recording(name: str) -> bytes:
    return gzip.decompress((RECORDINGS / f"{name}.log.gz").read_bytes())


def marked(text: str) -> bytes:
    """Write ^V for the marker, as cat -v shows it."""
    return text.replace("^V", "\x16").encode()


def read(
    data: bytes,
    status: int | None = 1,
    *,
    timed_out: bool = False,
    framing: Format = Format.AUTO,
    chunk: int = 1 << 16,
) -> Heard:
    ends: list[tuple[str, Outcome, float | None]] = []
    logs: dict[str, bytes] = {}
    parser = StreamParser(lambda *end: ends.append(end), logs.__setitem__, framing)
    for start in range(0, len(data), chunk):
        parser.feed(data[start : start + chunk])
    return Heard(parser.finish(status, timed_out=timed_out), ends, logs)
