"""Event streams for the tests of everything that reads one."""

from __future__ import annotations

import gzip
import json
from dataclasses import dataclass, field
from pathlib import Path

from harness.gotest.stream import Format, Parsed, StreamParser
from harness.model import Outcome, Result

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

    def result(self, name: str) -> Result:
        return next(result for result in self.parsed.results if result.name == name)


def recording(name: str) -> bytes:
    return gzip.decompress((RECORDINGS / f"{name}.log.gz").read_bytes())


def marked(text: str) -> bytes:
    """Write ^V for the marker, as cat -v shows it."""
    return text.replace("^V", "\x16").encode()


def events(*rows: tuple[str, str] | tuple[str, str, str]) -> bytes:
    """Write (action, test[, output]) as test2json does."""
    lines = []
    for action, test, *output in rows:
        event: dict[str, object] = {"Time": "2026-11-23T16:00:00Z", "Action": action}
        event |= {"Test": test} if test else {}
        event |= {"Output": output[0]} if output else {}
        event |= {"Elapsed": 0.5} if action in {"pass", "fail", "skip"} else {}
        lines.append(json.dumps(event) + "\n")
    return "".join(lines).encode()


def end(outcome: str, test: str) -> list[tuple[str, str] | tuple[str, str, str]]:
    return [
        ("output", test, f"--- {outcome.upper()}: {test} (0.50s)\n"),
        (outcome, test),
    ]


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
