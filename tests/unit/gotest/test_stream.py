"""What holds for every stream, however it is cut and whatever stands in it."""

from __future__ import annotations

import json
import re
import tracemalloc

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from harness.gotest import framing, logs, tracker
from harness.gotest.stream import Format, StreamParser
from harness.model import Outcome, Reason
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
        b'{"Action":"run","Test":"TestA"}\n{"Action":"output","Test":"TestA","Output":"x"}\n',
        b'{"Action":"pass","Test":"TestA","Elapsed":1}\n',
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
    parser = StreamParser(lambda *end: ends.append(end), heard_logs.__setitem__, form)
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
            spoken = rb'"pass","Test":"%s"' % re.escape(name.encode())
            assert re.search(line if form is not Format.JSON else spoken, data)


@settings(deadline=None)
@given(st.binary(max_size=200), FORMATS)
@example(b'{"Action":"output","Test":"\\ud800","Output":"\\udfff"}\n', Format.JSON)
@example(b'{"Action":"run","Test":"\\u0000"}\n{"Action":"fail","Test":"\\u0000"}\n', Format.JSON)
def test_any_bytes_are_read(data: bytes, form: Format) -> None:
    assert Outcome.PASS not in read(data, framing=form).outcomes.values()


@settings(deadline=None)
@given(STREAMS, FORMATS, ENDS)
def test_every_result_is_whole(data: bytes, form: Format, end: End) -> None:
    heard = read_chunks([data], form, end)
    parsed = heard.parsed
    assert set(parsed.leaves) <= set(heard.outcomes)
    assert not set(parsed.leaves) & set(parsed.parents)
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


def as_json(data: bytes) -> bytes:
    """Write a marked stream as events, one output event per line, as test2json does."""
    rows: list[dict[str, object]] = []
    current, pending = "", ""
    for part in data.split(b"\x16"):
        line, _, rest = part.decode().partition("\n")
        if rows or pending:
            rows.append(json.loads(pending)) if pending else None
        pending = ""
        if match := re.match(r"--- (PASS|FAIL|SKIP): (\S+) \((.*)s\)", line):
            current = match[2]
            event = {"Action": match[1].lower(), "Test": current, "Elapsed": float(match[3])}
            pending = json.dumps(event)
        elif line.startswith("==="):
            verb, current = line[4:].split(" ", 1)[0], line[10:].strip()
            if verb != "NAME":
                rows.append({"Action": verb.lower(), "Test": current})
        elif line in {"PASS", "FAIL"}:
            rows.append({"Action": line.lower()})
            continue
        told = [f"{line}\n", *rest.splitlines(keepends=True)]
        rows += [{"Action": "output", "Test": current, "Output": text} for text in told if text]
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


@pytest.mark.parametrize("name", ["v0.6.4-master.test2json", "v0.12.5-master.test2json"])
def test_the_same_run_told_as_json_gives_the_same_results(name: str) -> None:
    data = recording(name)
    assert read(as_json(data)).parsed == read(data).parsed


def test_a_marker_that_appears_late_ends_all_that_was_read_without() -> None:
    data = marked(
        "=== RUN   TestGhost\n--- PASS: TestGhost (0.00s)\n"
        "^V=== RUN   TestA\n^V--- PASS: TestA (0.00s)\n^VPASS\n"
    )
    assert read(data, 0).outcomes == {"TestA": Outcome.PASS}


def test_markers_in_a_stream_that_is_known_to_be_plain_are_output() -> None:
    data = marked(
        "=== RUN   TestA\n^V=== RUN   TestB\n^V--- FAIL: TestA (0.00s)\n"
        "--- PASS: TestA (0.00s)\nPASS\n"
    )
    assert read(data, 0, framing=Format.PLAIN).outcomes == {"TestA": Outcome.PASS}


def test_output_before_the_first_event_decides_nothing() -> None:
    noise = b"go: downloading x v1.2.3\n{not json}\n{}\nwarning: --- PASS: TestA (0.00s)\n"
    for stream in (
        marked("^V=== RUN   TestA\n^V--- PASS: TestA (0.00s)\n"),
        b"=== RUN   TestA\n--- PASS: TestA (0.00s)\n",
        (
            b'{"Action":"run","Test":"TestA"}\n'
            b'{"Action":"output","Test":"TestA","Output":"--- PASS: TestA (0.00s)\\n"}\n'
            b'{"Action":"pass","Test":"TestA"}\n'
        ),
    ):
        assert read(noise + stream, 0).outcomes == {"TestA": Outcome.PASS}


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
        lambda name, outcome, _: told.append((name, outcome)), lambda *log: told.append(log)
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


@pytest.mark.parametrize("form", [Format.MARKED, Format.PLAIN, Format.JSON])
def test_a_line_without_end_takes_bounded_memory(form: Format) -> None:
    piece = b"x" * (1 << 20)
    start = marked("^V=== RUN   TestA\n") if form is Format.MARKED else b"=== RUN   TestA\n"
    start = b'{"Action":"run","Test":"TestA"}\n' if form is Format.JSON else start
    parser = StreamParser(framing=form)
    parser.feed(start)
    tracemalloc.start()
    for _ in range(64):
        parser.feed(piece)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 16 * (1 << 20)
    assert parser.finish(None).results[0].outcome is Outcome.CRASH


def test_the_logs_of_tests_that_passed_are_let_go() -> None:
    parser = StreamParser(framing=Format.MARKED)
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
