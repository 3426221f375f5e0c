"""Event streams for the tests of everything that reads one."""

from __future__ import annotations

import gzip
from dataclasses import dataclass, field
from pathlib import Path

from harness.gotest.settle import Parsed
from harness.gotest.stream import StreamParser
from harness.model import Format, Outcome, Result

RECORDINGS = Path(__file__).parent / "recordings"
"""Real output of BuildKit's test binaries; only the folder they were built in was renamed."""

TRACE = (
    "    run.go:204: \n"
    "        \tError Trace:\t/src/util/testutil/integration/run.go:204\n"
    "        \tError:      \tShould be true\n"
    "        \tTest:       \t{}\n"
)
"""A failed assertion of testify's, of the test whose name is filled in."""


@dataclass
class Heard:
    """A stream that was read to its end, and what its listeners heard meanwhile."""

    parsed: Parsed
    ends: list[tuple[str, Outcome, float | None]] = field(default_factory=list)
    logs: dict[str, bytes] = field(default_factory=dict)

    @property
    def outcomes(self) -> dict[str, Outcome]:
        return {result.name: result.outcome for result in self.parsed.results}

    @property
    def leaves(self) -> list[str]:
        """The tests with a result and without subtests that had one."""
        return [name for name in self.outcomes if name not in self.parsed.parents]

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
    framing: Format | None = None,
    chunk: int = 1 << 16,
) -> Heard:
    """Read a stream; without a framing, as marked if there is a marker in it, else as plain."""
    ends: list[tuple[str, Outcome, float | None]] = []
    logs: dict[str, bytes] = {}
    form = framing or (Format.MARKED if b"\x16" in data else Format.PLAIN)
    parser = StreamParser(form, lambda *end: ends.append(end), logs.__setitem__)
    for start in range(0, len(data), chunk):
        parser.feed(data[start : start + chunk])
    return Heard(parser.finish(status, timed_out=timed_out), ends, logs)
