"""What holds for every stream, however it is cut and whatever stands in it."""

from __future__ import annotations

import re
import tracemalloc

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.gotest import framing, logs, tracker
from harness.gotest.stream import StreamParser
from harness.model import Format, Outcome, Reason
from tests.support.streams import Heard, marked, read, recording

NAMES = st.sampled_from(["TestA", "TestA/x", "TestA/x/y", "TestI/TestFn/worker=oci", "TestB", ""])
UPDATES = st.tuples(st.sampled_from(["RUN  ", "PAUSE", "CONT ", "NAME "]), NAMES).map(
    lambda pair: f"=== {pair[0]} {pair[1]}\n".encode()
)
REPORTS = st.tuples(
    st.sampled_from(["", "", "    "]), st.sampled_from(["PASS", "FAIL", "SKIP"]), NAMES
).map(lambda triple: f"{triple[0]}--- {triple[1]}: {triple[2]} (0.01s)\n".encode())
WORDS = st.sampled_from(
    [
        b"PASS\n",
        b"FAIL\n",
        b"panic: boom\n",
        b"panic: test timed out after 2s\nrunning tests:\n\tTestA/x (2s)\n",
        b"\ngoroutine 1 [running]:\nmain.TestA(0x1)\n\t/x_test.go:3\n",
        b"SIGQUIT: quit\n",
        b"    oci.go:114: stderr: /buildkitd\n    oci.go:117: panic: x\n",
        b"    a_test.go:3: \n        \tError Trace:\ta_test.go:3\n        \tError:      \tno\n",
        b"        \tTest:       \tTestB\n",
        b"no newline",
        b"\xff\x00\x1b[31m\r\n",
        b"\x16",
        b"\n",
    ]
)
EVENTS = st.one_of(UPDATES, REPORTS)
PIECES = st.one_of(EVENTS.map(lambda event: b"\x16" + event), EVENTS, WORDS, st.binary(max_size=9))
STREAMS = st.lists(PIECES, max_size=30).map(b"".join)
FORMATS = st.sampled_from(list(Format))
End = tuple[int | None, bool]
"""Exit status, and whether the run timed out."""
ENDS = st.sampled_from([(0, False), (1, False), (2, False), (None, False), (None, True)])


def cut(data: bytes, lengths: list[int]) -> list[bytes]:
    chunks = []
    for length in lengths:
        chunks.append(data[:length])
        data = data[length:]
    return [*chunks, data]


def read_chunks(chunks: list[bytes], form: Format, end: End) -> Heard:
    ends: list[tuple[str, Outcome, float | None]] = []
    heard_logs: dict[str, bytes] = {}
    parser = StreamParser(form, lambda *end: ends.append(end), heard_logs.__setitem__)
    for chunk in chunks:
        parser.feed(chunk)
    return Heard(parser.finish(end[0], timed_out=end[1]), ends, heard_logs)


@settings(deadline=None)
@given(STREAMS, st.lists(st.integers(0, 40)), FORMATS, ENDS)
def test_how_a_stream_is_cut_into_chunks_changes_nothing(
    data: bytes, lengths: list[int], form: Format, end: End
) -> None:
    whole = read_chunks([data], form, end)
    assert read_chunks(cut(data, lengths), form, end) == whole


@settings(deadline=None)
@given(STREAMS, FORMATS, ENDS)
def test_nothing_passes_without_its_own_pass_line(data: bytes, form: Format, end: End) -> None:
    heard = read_chunks([data], form, end)
    for name, outcome in heard.outcomes.items():
        if outcome is Outcome.PASS:
            line = rb"--- PASS: %s \(" % re.escape(name.encode())
            line = b"\x16" + line if form is Format.MARKED else line
            assert re.search(line, data)


@settings(deadline=None)
@given(st.binary(max_size=200), FORMATS)
def test_any_bytes_are_read(data: bytes, form: Format) -> None:
    assert Outcome.PASS not in read(data, framing=form).outcomes.values()


@settings(deadline=None)
@given(STREAMS, FORMATS, ENDS)
def test_every_result_is_whole(data: bytes, form: Format, end: End) -> None:
    heard = read_chunks([data], form, end)
    parsed = heard.parsed
    assert {name for name, _, _ in heard.ends} >= set(heard.outcomes)
    for result in parsed.results:
        assert (result.reason is None) == (not result.outcome.failing)
        assert bool(result.fingerprint) == result.outcome.failing
        assert len(result.error) <= 4096
        assert result.error == logs.readable(result.error)
        assert result.outcome.failing == (result.name in heard.logs)


@pytest.mark.parametrize("size", [1, 7, 4096])
@pytest.mark.parametrize("name", ["v0.3.3-own.test2json", "v0.6.4-own.plain-v"])
def test_a_recording_reads_the_same_in_small_chunks(name: str, size: int) -> None:
    data = recording(name)[:60_000]
    assert read(data, chunk=size) == read(data)


def test_markers_in_a_stream_that_is_known_to_be_plain_are_output() -> None:
    data = marked(
        "=== RUN   TestA\n^V=== RUN   TestB\n^V--- FAIL: TestA (0.00s)\n"
        "--- PASS: TestA (0.00s)\nPASS\n"
    )
    assert read(data, 0, framing=Format.PLAIN).outcomes == {"TestA": Outcome.PASS}


def test_no_test_matching_is_said_and_is_no_failure_of_the_binary() -> None:
    for mark in ("", "\x16"):
        heard = read(f"testing: warning: no tests to run\n{mark}PASS\n".encode(), 0)
        assert heard.parsed.notes == ("no test matched the selection",)
        assert heard.parsed.results == ()
        assert not heard.parsed.broken


def test_a_binary_that_refuses_its_flags_is_broken_and_says_why() -> None:
    heard = read(b"flag provided but not defined: -test.skip\nUsage of x:\n  -test.v\n", 2)
    assert heard.parsed.broken.startswith("the test binary exited with status 2 before any test")


def test_ends_come_as_they_are_read_and_logs_behind_the_words_that_follow() -> None:
    told: list[object] = []
    parser = StreamParser(
        Format.MARKED,
        lambda name, outcome, _: told.append((name, outcome)),
        lambda *log: told.append(log),
    )
    parser.feed(marked("^V=== RUN   TestA\n^V=== RUN   TestB\n^V=== NAME  TestA\n    one\n"))
    parser.feed(marked("^V--- FAIL: TestA (0.01s)\n"))
    assert told == [("TestA", Outcome.FAIL)]
    parser.feed(marked("    two\n^V=== NAME  TestB\n"))
    assert told[1:] == [("TestA", b"    one\n    two\n")]


def test_a_name_that_go_cannot_have_printed_is_no_test() -> None:
    heard = read(marked("^V=== RUN   Test\x1b[31mA\n^V--- PASS: Test\x1b[31mA (0.00s)\n"), 0)
    assert heard.parsed.results == ()
    assert all(note.isprintable() for note in heard.parsed.notes)


def test_a_skip_says_why() -> None:
    heard = read(
        marked(
            "^V=== RUN   TestA\n    a_test.go:9: test requires containerd worker\n"
            "^V--- SKIP: TestA (0.00s)\n^VPASS\n"
        ),
        0,
    )
    assert heard.result("TestA").error == "a_test.go:9: test requires containerd worker"
    assert heard.result("TestA").reason is None


def test_a_daemon_that_went_away_is_the_reason_of_a_test_that_never_ended() -> None:
    heard = read(
        marked(
            "^V=== RUN   TestA\n    a_test.go:3: \n        \tError Trace:\ta_test.go:3\n"
            "        \tError:      \tReceived unexpected error:\n"
            "        \t            \tfailed to solve: rpc error: code = Unavailable"
            " desc = error reading from server: EOF\n"
        ),
        None,
    )
    assert heard.outcomes == {"TestA": Outcome.CRASH}
    assert heard.result("TestA").reason is Reason.DAEMON_GONE


GONE = (
    "    a_test.go:3: \n        \tError Trace:\ta_test.go:3\n"
    "        \tError:      \tReceived unexpected error:\n"
    "        \t            \tfailed to solve: transport is closing\n"
)
STOPPED = "    oci.go:9: stderr: /buildkitd\n    oci.go:9: > stopped now exit status %d %d\n"


@pytest.mark.parametrize(
    ("said", "outcome"),
    [("", Outcome.CRASH), (STOPPED % (2, 2), Outcome.CRASH), (STOPPED % (0, 0), Outcome.FAIL)],
)
def test_a_test_whose_daemon_died_crashed_unless_the_daemon_lived(
    said: str, outcome: Outcome
) -> None:
    reason = Reason.DAEMON_GONE if outcome is Outcome.CRASH else Reason.ASSERTION
    heard = read(marked(f"^V=== RUN   TestA\n{GONE}{said}^V--- FAIL: TestA (0.1s)\n^VFAIL\n"), 1)
    assert heard.outcomes == {"TestA": outcome}
    assert heard.result("TestA").reason is reason


def test_a_test_that_stops_its_daemon_on_purpose_and_passes_has_passed() -> None:
    heard = read(marked(f"^V=== RUN   TestA\n{GONE}^V--- PASS: TestA (0.1s)\n^VPASS\n"), 0)
    assert heard.outcomes == {"TestA": Outcome.PASS}


@pytest.mark.parametrize("form", Format)
def test_a_line_without_end_takes_bounded_memory(form: Format) -> None:
    piece = b"x" * (1 << 20)
    start = b"=== RUN   TestA\n" if form is Format.PLAIN else marked("^V=== RUN   TestA\n")
    parser = StreamParser(form)
    parser.feed(start)
    tracemalloc.start()
    for _ in range(64):
        parser.feed(piece)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 16 * (1 << 20)
    assert parser.finish(None).results[0].outcome is Outcome.CRASH


def test_the_logs_of_tests_that_passed_are_let_go() -> None:
    parser = StreamParser(Format.MARKED)
    body = b"    a_test.go:1: " + b"x" * 100_000 + b"\n"
    tracemalloc.start()
    for number in range(300):
        name = f"Test{number}"
        parser.feed(marked(f"^V=== RUN   {name}\n") + body)
        parser.feed(marked(f"^V--- PASS: {name} (0.00s)\n"))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * (1 << 20)
    assert len(parser.finish(0).results) == 300


def test_a_framing_line_may_be_long_but_not_endless() -> None:
    name = "TestA/" + "x" * (tracker.NAME - 6)
    heard = read(marked(f"^V=== RUN   {name}\n^V--- PASS: {name} (0.00s)\n"), 0)
    assert heard.outcomes == {name: Outcome.PASS}
    for size in (tracker.NAME, framing.LINE_LIMIT):
        name = "TestA/" + "x" * size
        assert read(marked(f"^V=== RUN   {name}\n"), 0).outcomes == {}
