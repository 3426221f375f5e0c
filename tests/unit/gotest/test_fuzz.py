"""Streams of no sense, by the thousand: read without an error, in bounds, and never too well."""

from __future__ import annotations

import os
import time
from unittest import mock

import pytest

from harness.gotest import framing, logs, shelf, tracker
from harness.gotest.fingerprint import fingerprint
from harness.gotest.reasons import explain
from harness.gotest.stream import StreamParser
from harness.model import Format, Outcome
from tests.support import hostile_streams
from tests.support.stream_oracle import passes
from tests.support.streams import Heard, marked, read

INPUTS = 100_000 if os.environ.get("COMPAT_THOROUGH") else 1_000
BATCH = INPUTS // 10
CPU_SECONDS = 20.0
"""Of one input, however long; none takes a tenth. Of the processor: a busy machine may wait."""


def read_chunks(chunks: list[bytes], form: Format, number: int) -> Heard:
    ends: list[tuple[str, Outcome, float | None]] = []
    heard_logs: dict[str, bytes] = {}
    parser = StreamParser(form, lambda *end: ends.append(end), heard_logs.__setitem__)
    for chunk in chunks:
        parser.feed(chunk)
    status, timed_out = [(0, False), (1, False), (2, False), (None, False), (None, True)][
        number % 5
    ]
    return Heard(parser.finish(status, timed_out=timed_out), ends, heard_logs)


def hold(number: int) -> None:
    """Hold everything that is promised of any stream against one."""
    data, form = hostile_streams.stream(number)
    began = time.process_time()
    heard = read_chunks([data], form, number)
    assert time.process_time() - began < CPU_SECONDS
    passed = {name for name, outcome in heard.outcomes.items() if outcome is Outcome.PASS}
    passed |= {name for name, outcome in heard.parsed.parents.items() if outcome is Outcome.PASS}
    assert passed <= passes(data, form)
    assert read_chunks(hostile_streams.cut(number, data), form, number) == heard
    assert {name for name, _, _ in heard.ends} >= set(heard.outcomes)
    for result in heard.parsed.results:
        assert len(result.error) <= 4096
        assert result.error == logs.readable(result.error)
        assert not result.outcome.failing or result.name in heard.logs
        assert result.outcome.failing or result.name not in heard.logs
    assert all(len(log) <= 4 * logs.HALF for log in heard.logs.values())


@pytest.mark.parametrize("batch", range(10))
def test_whatever_is_read(batch: int) -> None:
    for number in range(batch * BATCH, (batch + 1) * BATCH):
        try:
            hold(number)
        except Exception as error:
            error.add_note(f"stream {number}")
            raise


@pytest.mark.parametrize("batch", range(10))
def test_whatever_is_read_where_every_limit_is_near(batch: int) -> None:
    """Small limits are met all the time; that they are met must not depend on the chunks."""
    with (
        mock.patch.object(framing, "LINE_LIMIT", 60),
        mock.patch.multiple(tracker, TESTS=6, NAMES=150, NAME=50, EVIDENCE=500),
        mock.patch.object(shelf, "SHELVES", ((8, 3), (64, 2), (256, 1))),
    ):
        for number in range(batch * BATCH // 2, (batch + 1) * BATCH // 2):
            try:
                hold(number)
            except Exception as error:
                error.add_note(f"stream {number}")
                raise


PATTERNS = {
    "frames": b".test.func",
    "stacks": b"x.TestA(\n\t/x\n\n",
    "paths": b"/Test",
    "entries": b"    a.go:1: ",
    "blocks": b"    a_test.go:1: \n        \tError Trace:\tx\n        \tTest:       \tTestB\n",
    "daemon": b"    oci.go:1: stdout: x\ny\n",
    "daemon's errors": b'time="x" level=error msg="\\',
    "escapes": b"\x1b[\x1b]",
    "returns": b"\r ",
    "newlines": b"\n",
    "spaces": b" ",
    "markers": b"\x16",
    "begins": b"\x16=== RUN   TestB\n",
    "names": b"\x16=== NAME  TestA\n",
    "ends": b"\x16--- FAIL: TestA (0.00s)\n",
    "lines": b"xy\n",
}


@pytest.mark.parametrize("header", ["", "panic: x\n\ngoroutine 1 [running]:\n", "SIGQUIT: quit\n"])
@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_megabyte_of_the_same_takes_no_time(pattern: str, header: str) -> None:
    body = PATTERNS[pattern] * ((1 << 20) // len(PATTERNS[pattern]))
    data = marked(f"^V=== RUN   TestA\n{header}") + body
    for form in Format:
        began = time.process_time()
        heard = read(data, None, framing=form)
        assert time.process_time() - began < CPU_SECONDS
        assert Outcome.PASS not in heard.outcomes.values()


@pytest.mark.parametrize(
    "error", ["/" * 1300 + "Test" * 680, "/Test" * 820, "/a" * 2048, "1s" * 2048, "\n\t" * 2048]
)
def test_no_error_takes_long_to_tell_from_others(error: str) -> None:
    began = time.process_time()
    fingerprint(error)
    explain(error.encode(), test="TestA")
    assert time.process_time() - began < CPU_SECONDS
