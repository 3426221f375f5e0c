"""What `go test -json` prints of a suite on Windows: made up, in the format of test2json."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

PACKAGE = "github.com/moby/buildkit/frontend/dockerfile"
SUITE = "TestIntegration"
WHERE = "worker=containerd/frontend=gateway"
BEGAN = datetime(2026, 11, 30, 6, 0, tzinfo=UTC)
FAILURE = (
    "    dockerfile_test.go:77: \r\n",
    "        \tError Trace:\tC:/src/buildkit/frontend/dockerfile/dockerfile_test.go:77\r\n",
    "        \tError:      \tReceived unexpected error:\r\n",
    "        \t            \topen C:\\Users\\ci\\Temp\\001\\foo: file not found\r\n",
)
LOOKS_LIKE_AN_END = "--- FAIL: TestOther (0.00s)\n"

Event = dict[str, object]


def full(test: str) -> str:
    """Name a test of the suite as Go does."""
    return f"{SUITE}/{test}/{WHERE}"


def events(tests: dict[str, str], status: int | None = None) -> Iterator[Event]:
    """Yield the events of a suite whose tests end so: `pass`, `fail`, `skip`, or never: `cut`."""
    yield {"Action": "start"}
    yield from _begun(SUITE)
    for test in tests:
        yield from _begun(full(test))
        yield {"Action": "pause", "Test": full(test)}
        yield _said(full(test), f"=== PAUSE {full(test)}\n")
    for test, end in tests.items():
        yield {"Action": "cont", "Test": full(test)}
        yield _said(full(test), f"=== CONT  {full(test)}\n")
        yield _said(full(test), LOOKS_LIKE_AN_END)
        if end == "fail":
            yield from (_said(full(test), line) for line in FAILURE)
    if "cut" in tests.values():
        return
    end = "fail" if "fail" in tests.values() else "pass"
    yield _said(SUITE, f"--- {end.upper()}: {SUITE} (3.00s)\n")
    for test, own in tests.items():
        yield _said(full(test), f"    --- {own.upper()}: {full(test)} (1.25s)\n")
        yield {"Action": own, "Test": full(test), "Elapsed": 1.25}
    yield {"Action": end, "Test": SUITE, "Elapsed": 3.0}
    yield {"Action": "output", "Output": f"{end.upper()}\n"}
    if end == "fail":
        yield {"Action": "output", "Output": f"exit status {status or 1}\n"}
    yield {"Action": end, "Elapsed": 3.1}


def recording(tests: dict[str, str], package: str = PACKAGE) -> bytes:
    """Write the events of a suite line by line, a second apart."""
    rows = (
        {"Time": (BEGAN + timedelta(seconds=at)).isoformat(), "Package": package, **event}
        for at, event in enumerate(events(tests))
    )
    return "".join(f"{json.dumps(row)}\n" for row in rows).encode()


def text(tests: dict[str, str]) -> str:
    """Write what `go test -v` prints of the same."""
    return "".join(str(event["Output"]) for event in events(tests) if "Output" in event)


def _begun(test: str) -> Iterator[Event]:
    yield {"Action": "run", "Test": test}
    yield _said(test, f"=== RUN   {test}\n")


def _said(test: str, words: str) -> Event:
    return {"Action": "output", "Test": test, "Output": words}
