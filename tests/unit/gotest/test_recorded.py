"""What `go test` printed elsewhere is read as the output of a leg, or refused with a sentence."""

from __future__ import annotations

import codecs
import io
import json
from pathlib import Path

import pytest

from harness.errors import UsageError
from harness.gotest import recorded
from harness.gotest.recorded import Recorded
from harness.model import Format, Outcome
from tests.support import streams, windows_streams

TESTS = {"TestCopy": "pass", "TestMount": "fail", "TestSkipped": "skip"}
ENDS = {"pass": Outcome.PASS, "fail": Outcome.FAIL, "skip": Outcome.SKIP}


def read(tmp_path: Path, content: bytes) -> tuple[Recorded, streams.Heard, bytes]:
    file, raw = tmp_path / "said.json", io.BytesIO()
    file.write_bytes(content)
    found = recorded.read(file, raw.write)
    return found, streams.read(raw.getvalue(), found.status, framing=found.format), raw.getvalue()


def outcomes(heard: streams.Heard) -> dict[str, Outcome]:
    return {name.split("/")[1]: heard.outcomes[name] for name in heard.leaves}


def test_events_become_results(tmp_path: Path) -> None:
    found, heard, _ = read(tmp_path, windows_streams.recording(TESTS))
    assert outcomes(heard) == {name: ENDS[end] for name, end in TESTS.items()}
    assert heard.parsed.parents == {windows_streams.SUITE: Outcome.FAIL}
    failed = heard.result(windows_streams.full("TestMount"))
    assert "file not found" in failed.error
    assert failed.seconds == 1.25
    assert (found.format, found.status, found.started) == (Format.MARKED, 1, windows_streams.BEGAN)
    assert found.seconds > 0


def test_what_only_looks_like_an_end_is_output(tmp_path: Path) -> None:
    _, heard, raw = read(tmp_path, windows_streams.recording({"TestCopy": "pass"}))
    assert outcomes(heard) == {"TestCopy": Outcome.PASS}
    assert windows_streams.LOOKS_LIKE_AN_END.encode() in raw


def test_a_marker_in_the_output_is_none(tmp_path: Path) -> None:
    row = {
        "Action": "output",
        "Package": windows_streams.PACKAGE,
        "Test": windows_streams.full("TestCopy"),
        "Output": f"\x16--- FAIL: {windows_streams.full('TestCopy')} (0.00s) \n",
    }
    lines = windows_streams.recording({"TestCopy": "pass"}).splitlines(keepends=True)
    lines.insert(7, json.dumps(row).encode() + b"\n")
    _, heard, _ = read(tmp_path, b"".join(lines))
    assert outcomes(heard) == {"TestCopy": Outcome.PASS}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_text_is_read_in_the_encodings_of_windows(tmp_path: Path, encoding: str) -> None:
    said = windows_streams.text(TESTS).replace(windows_streams.LOOKS_LIKE_AN_END, "")
    content = said.replace("\n", "\r\n").encode(encoding)
    assert content.startswith((codecs.BOM_UTF16, codecs.BOM_UTF8)) == (encoding != "utf-8")
    found, heard, _ = read(tmp_path, content)
    assert outcomes(heard) == {name: ENDS[end] for name, end in TESTS.items()}
    assert (found.format, found.status, found.started) == (Format.PLAIN, 1, None)


def test_json_is_read_in_utf_16_too(tmp_path: Path) -> None:
    content = windows_streams.recording(TESTS).decode().encode("utf-16")
    assert outcomes(read(tmp_path, content)[1])["TestMount"] is Outcome.FAIL


def test_the_output_of_a_binary_is_taken_as_it_is(tmp_path: Path) -> None:
    said = streams.recording("v0.12.5-own.test2json")
    found, heard, raw = read(tmp_path, said)
    assert raw == said
    assert found.format is Format.MARKED
    assert heard.outcomes == streams.read(said).outcomes


@pytest.mark.parametrize("cut", [1, 20])
def test_a_recording_that_was_cut_off_has_no_end(tmp_path: Path, cut: int) -> None:
    content = windows_streams.recording({"TestCopy": "pass", "TestMount": "cut"})
    found, heard, _ = read(tmp_path, content[:-cut])
    assert found.status is None
    assert outcomes(heard)["TestMount"] is Outcome.CRASH


def test_a_suite_that_passed_ended_with_0(tmp_path: Path) -> None:
    assert read(tmp_path, windows_streams.recording({"TestCopy": "pass"}))[0].status == 0
    assert read(tmp_path, windows_streams.text({"TestCopy": "pass"}).encode())[0].status == 0


def test_a_panic_ends_with_2(tmp_path: Path) -> None:
    said = f"=== RUN   {windows_streams.full('TestCopy')}\npanic: no\n\ngoroutine 1 [running]:\n"
    assert read(tmp_path, said.encode())[0].status == 2


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "no test begins in it"),
        (b"hello\nworld\n", "no test begins in it"),
        (b'{"name": "package.json"}\n', "line 1: this is no event of go test"),
        (b'{"Action":"start","Package":"p"}\n', "no test begins in it"),
        (b'{"Action":"run","Test":"TestA"}\n{broken}\n', "line 2: this is no event of go test"),
        (
            windows_streams.recording({"TestA": "pass"}, "a")
            + windows_streams.recording({"TestA": "pass"}, "b"),
            "holds tests of a and of b",
        ),
        (b'{"Action":' + b" " * recorded.LONGEST, "a line without end"),
        (codecs.BOM_UTF16_LE + b"a", "is no text"),
    ],
)
def test_what_is_no_output_of_tests_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        read(tmp_path, content)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        recorded.read(tmp_path / "none.json", lambda _: None)
