"""Logs: bounded, split into test and daemon, made safe to show."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.gotest import logs
from harness.gotest.logs import BoundedLog, readable, split_daemon_log


def filled(pieces: list[bytes], half: int = logs.HALF) -> BoundedLog:
    log = BoundedLog(half)
    for piece in pieces:
        log.append(piece)
    return log


def test_a_log_within_the_bound_is_kept_whole() -> None:
    assert filled([b"a\n", b"", b"b"]).value() == b"a\nb"
    body = b"x" * (2 * logs.HALF)
    assert filled([body]).value() == body


def test_of_a_longer_log_both_ends_are_kept_at_whole_lines() -> None:
    lines = [b"line %07d\n" % number for number in range(100_000)]
    log = filled(lines)
    value = log.value()
    assert value.startswith(lines[0])
    assert value.endswith(lines[-1])
    assert len(value) < 2 * logs.HALF + 100
    gap = next(line for line in value.splitlines() if line.startswith(b"["))
    left_out = int(gap.split()[1])
    assert left_out + len(value) - len(gap) - 1 == len(b"".join(lines))
    assert set(value.splitlines(keepends=True)) - {gap + b"\n"} <= set(lines)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(1, 900), max_size=9))
def test_what_is_kept_does_not_depend_on_the_pieces(cuts: list[int]) -> None:
    pieces, rest = [], b"".join(b"%d\n" % number for number in range(900))
    whole = filled([rest], half=300).value()
    for length in cuts:
        pieces.append(rest[:length])
        rest = rest[length:]
    assert filled([*pieces, rest], half=300).value() == whole
    assert len(whole) < 700


def test_asking_early_changes_nothing_later() -> None:
    body = b"".join(b"%d\n" % number for number in range(900))
    log = filled([body], half=300)
    assert log.value() == log.value()
    log.append(b"more\n")
    assert log.value() == filled([body, b"more\n"], half=300).value()


@pytest.mark.parametrize(
    "lines",
    [
        # v0.3 and v0.4: PrintLogs itself
        ("    oci.go:111: stdout: /out/buildkitd", "    oci.go:114: time=x msg=y"),
        # v0.6
        ("    oci.go:114: stderr: /out/buildkitd", "    oci.go:117: buildkitd: canceled"),
        # v0.10 and newer, with the whole command line from v0.12 on
        ("    sandbox.go:283: stderr: /out/buildkitd --oci-worker=true", "    sandbox.go:286: x"),
        # the containerd worker
        (
            "    sandbox.go:203: stdout: /usr/bin/containerd --config /tmp/x",
            "    sandbox.go:206: x",
        ),
    ],
)
def test_the_daemons_lines_come_back_as_the_daemon_wrote_them(lines: tuple[str, str]) -> None:
    before = "    dockerfile_test.go:9: words of the test\n        and more\n"
    after = "    dockerfile_test.go:12: said afterwards\n"
    said, daemon = split_daemon_log((before + "\n".join(lines) + "\n" + after).encode())
    assert said.decode() == before + after
    assert daemon.decode() == "".join(line.split(": ", 1)[1] + "\n" for line in lines)


def test_daemon_blocks_are_gathered_around_what_stands_between() -> None:
    log = b"    oci.go:1: stdout: /b\nraw\n    oci.go:2: x\n    oci.go:3: y"
    assert split_daemon_log(log) == (b"raw\n", b"stdout: /b\nx\ny")


@pytest.mark.parametrize("log", [b"", b"plain\n", b"    other.go:1: stdout: /x\n", b"oci.go:1: x"])
def test_a_log_without_a_daemon_stays_as_it_is(log: bytes) -> None:
    assert split_daemon_log(log) == (log, b"")


@settings(deadline=None, max_examples=50)
@given(st.lists(st.sampled_from([b"    oci.go:1: stdout: /b", b"    oci.go:2: z", b"x", b""])))
def test_splitting_loses_no_line(lines: list[bytes]) -> None:
    log = b"\n".join(lines)
    said, daemon = split_daemon_log(log)
    assert said.count(b"x") == log.count(b"x")
    assert daemon.count(b"z") + said.count(b"z") == log.count(b"z")


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"caf\xc3\xa9 \xff", "caf\u00e9 \ufffd"),
        (b"\x1b[31mred\x1b[0m \x1b]0;title\x07x", "red x"),
        (b"nul \x00 bell \x07", "nul \u2400 bell \u2407"),
        (b"\r                        \r\tError Trace:\tx.go:1\r\n", "\tError Trace:\tx.go:1\n"),
        ("safe\u202edesrever".encode(), "safe\ufffddesrever"),
        ("\ufffe\uffff".encode(), "\ufffd\ufffd"),
        (b"tab\tand\nnewline", "tab\tand\nnewline"),
    ],
)
def test_text_is_made_safe_and_stays_readable(data: bytes, text: str) -> None:
    assert readable(data) == text


@settings(deadline=None, max_examples=50)
@given(st.one_of(st.binary(), st.text()))
def test_no_text_that_comes_out_can_do_harm(data: bytes | str) -> None:
    text = readable(data)
    assert readable(text) == text
    for character in text:
        assert character in "\n\t" or unicodedata.category(character) not in {"Cc", "Cs"}
        assert unicodedata.bidirectional(character) not in {"LRO", "RLO", "LRE", "RLE", "PDF"}
