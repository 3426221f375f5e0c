"""Why a test failed, and what of its log a maintainer is shown."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.gotest.excerpts import LIMIT
from harness.gotest.reasons import classify, error_line, explain, skip_reason
from harness.model import Reason

UNEXPECTED = "Received unexpected error:\n"


def block(error: str, *, test: str = "TestA", messages: str = "") -> bytes:
    """Write what testify reports through t.Error, as it stands in a log."""
    labels = {"Error Trace": "/src/a_test.go:7\n\t\t\t/src/run.go:204", "Error": error}
    labels |= {"Test": test} if test else {}
    labels |= {"Messages": messages} if messages else {}
    lines = ["    a_test.go:7: "]
    for label, text in labels.items():
        first, *rest = text.split("\n")
        lines.append(f"        \t{label + ':':<12}\t{first}")
        lines += [f"        \t{'':<12}\t{line}" for line in rest]
    return ("\n".join(lines) + "\n").encode()


def reason_of(message: str) -> Reason:
    return explain(block(UNEXPECTED + message), test="TestA").reason


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("write /x: no space left on device", Reason.DISK),
        ("fork/exec /bin/sh: cannot allocate memory", Reason.OOM),
        (
            f"docker.io/docker/dockerfile-copy:v0.1.9@sha256:{'e8' * 32} not found",
            Reason.IMAGE_PULL,
        ),
        ("docker.io/library/nosuch:latest: not found", Reason.IMAGE_PULL),
        ("unexpected status code [manifests latest]: 503 Service Unavailable", Reason.IMAGE_PULL),
        (
            (
                "unexpected status from HEAD request to https://registry-1.docker.io/v2/x:"
                " 429 Too Many Requests"
            ),
            Reason.RATE_LIMIT,
        ),
        ("toomanyrequests: You have reached your pull rate limit", Reason.RATE_LIMIT),
        ("manifest unknown: manifest unknown", Reason.IMAGE_PULL),
        (
            (
                'failed to do request: Head "https://registry-1.docker.io/v2/": dial tcp: lookup'
                " registry-1.docker.io: no such host"
            ),
            Reason.NETWORK,
        ),
        ("dial udp 10.0.0.53:53: connect: network is unreachable", Reason.NETWORK),
        ("dial tcp 203.0.113.7:443: i/o timeout", Reason.NETWORK),
        ("net/http: TLS handshake timeout", Reason.NETWORK),
        ("fatal: Could not resolve host: github.com", Reason.NETWORK),
        ("dial tcp 127.0.0.1:8080: connect: connection refused", Reason.ASSERTION),
        ("rpc error: code = Unavailable desc = transport is closing", Reason.DAEMON_GONE),
        ("error reading from server: EOF", Reason.DAEMON_GONE),
        (
            "dial unix /tmp/bktest_buildkitd1/buildkitd.sock: connect: connection refused",
            Reason.DAEMON_GONE,
        ),
        ('failed to calculate checksum of ref x: "/hellofs": not found', Reason.ASSERTION),
        ('process "/bin/sh -c apk add git" did not complete: exit code: 127', Reason.ASSERTION),
        ("requested experimental feature exec.meta.security is not supported", Reason.ASSERTION),
    ],
)
def test_the_kind_of_cause_is_read_from_an_unexpected_error(message: str, reason: Reason) -> None:
    assert reason_of(message) is reason
    assert reason.spurious == (reason not in {Reason.ASSERTION, Reason.DAEMON_GONE})


def test_the_same_words_in_a_comparison_are_the_tests_own_failure() -> None:
    words = '"docker.io/library/x:latest: not found" does not contain "no space left on device"'
    assert explain(block(words), test="TestA").reason is Reason.ASSERTION
    words = 'Not equal: \nexpected: "network is unreachable"\nactual  : ""'
    assert explain(block(words), test="TestA").reason is Reason.ASSERTION


def test_a_daemon_that_panicked_is_gone_whatever_the_test_says() -> None:
    daemon = (
        b"    oci.go:114: stderr: /buildkitd\n    oci.go:117: panic: runtime error: x\n"
        b"    oci.go:117: goroutine 9 [running]:\n"
        b"    oci.go:117: github.com/moby/buildkit/solver.(*edge).x()\n"
    )
    assert explain(block("Should be true") + daemon, test="TestA").reason is Reason.ASSERTION
    found = explain(block(UNEXPECTED + "context canceled") + daemon, test="TestA")
    assert found.reason is Reason.DAEMON_GONE
    assert found.died


PANIC = (
    b"    oci.go:114: stderr: /buildkitd\n"
    b'    oci.go:117: time="x" level=debug msg="session started"\n'
    b"    oci.go:117: panic: assignment to entry in nil map\n"
    b"    oci.go:117: \n"
    b"    oci.go:117: goroutine %d [running]:\n"
    b"    oci.go:117: panic({0x1234, 0x5678})\n"
    b"    oci.go:117: \t/go/src/runtime/panic.go:884 +0x213\n"
    b"    oci.go:117: github.com/moby/buildkit/control.export(0xc000%d)\n"
    b"    oci.go:117: \t/src/control/export.go:17 +0x1a\n"
    b"    oci.go:117: created by github.com/moby/buildkit/control.(*Controller).Serve\n"
    b"    oci.go:117: \t/src/control/control.go:48 +0x9c\n"
    b"    oci.go:117: \n"
    b"    oci.go:117: goroutine 1 [chan receive]:\n"
    b"    oci.go:117: main.main()\n"
    b"    oci.go:117: \t/src/main.go:9 +0x1\n"
)
GONE = block(UNEXPECTED + "rpc error: code = Unavailable desc = transport is closing")


def test_a_daemons_panic_is_shown_with_the_goroutine_that_caused_it() -> None:
    found = explain(GONE + PANIC % (35, 7), test="TestA")
    assert "transport is closing" in found.error
    assert found.error.endswith(
        "Daemon:      panic: assignment to entry in nil map\n"
        "             goroutine 35 [running]:\n"
        "             github.com/moby/buildkit/control.export(0xc0007)\n"
        "             \t/src/control/export.go:17 +0x1a\n"
        "             created by github.com/moby/buildkit/control.(*Controller).Serve\n"
        "             \t/src/control/control.go:48 +0x9c"
    )
    assert error_line(found.error) == "panic: assignment to entry in nil map"
    again = explain(GONE + PANIC % (77, 8), test="TestA")
    assert again.error != found.error
    assert again.stable == found.stable


def test_a_daemons_panic_is_found_behind_one_of_a_frontend() -> None:
    frontend = (
        b"    oci.go:117: fatal error: not this\n    oci.go:117: panic: not this\n"
        b"    oci.go:117: goroutine 1 [running]:\n    oci.go:117: main.main()\n"
        b"    oci.go:117: \t/src/frontend/dockerfile/cmd/dockerfile-frontend/main.go:26 +0x2\n"
    )
    first, rest = PANIC.split(b"\n", 1)
    found = explain(GONE + first + b"\n" + frontend + rest % (35, 7), test="TestA")
    assert "panic: assignment to entry in nil map" in found.error
    assert "not this" not in found.error


@pytest.mark.parametrize(
    ("end", "died"),
    [
        (b"> stopped 2026-11-23 12:00:00 +0000 UTC exit status 0 0", False),
        (b"> sending sigterm now\n    sandbox.go:286: > stopped now signal: killed -1", False),
        (b"> stopped 2026-11-23 12:00:00 +0000 UTC signal: killed -1", True),
        (b"> stopped 2026-11-23 12:00:00 +0000 UTC exit status 2 2", True),
        (b"> stopped 2026-11-23 12:00:00 +0000 UTC exit status 10 10", True),
        (b'time="x" level=debug msg="session finished"', True),
    ],
)
def test_a_daemon_that_ended_well_did_not_die_whatever_its_client_says(
    end: bytes, *, died: bool
) -> None:
    daemon = b"    sandbox.go:283: stderr: /buildkitd\n    sandbox.go:286: " + end + b"\n"
    found = explain(GONE + daemon, test="TestA")
    assert found.reason is (Reason.DAEMON_GONE if died else Reason.ASSERTION)
    assert found.died is died


def test_a_frontend_that_panicked_in_its_container_is_not_the_daemon() -> None:
    # v0.3's dockerfile-frontend panics on every error; the daemon logs its stderr.
    daemon = (
        b"    oci.go:111: stderr: /buildkitd\n    oci.go:114: panic: rpc error: x\n"
        b"    oci.go:114: goroutine 1 [running]:\n    oci.go:114: main.main()\n"
        b"    oci.go:114: \t/src/frontend/dockerfile/cmd/dockerfile-frontend/main.go:26 +0x236\n"
    )
    found = explain(block(UNEXPECTED + "exit code: 2") + daemon, test="TestA")
    assert found.reason is Reason.ASSERTION


def test_an_excerpt_shows_trace_error_and_messages_without_the_stack() -> None:
    stack = (
        "failed to solve: boom\ngithub.com/moby/buildkit/client.(*Client).solve.func2\n"
        "\t/src/client/solve.go:203\nruntime.goexit\n\t/go/asm_amd64.s:1650\nfailed to solve"
    )
    found = explain(block(UNEXPECTED + stack, messages="on the second try"), test="TestA")
    assert found.own
    assert found.error == (
        "Error Trace: a_test.go:7\n"
        "             run.go:204\n"
        "Error:       Received unexpected error:\n"
        "             failed to solve: boom\n"
        "             failed to solve\n"
        "Messages:    on the second try"
    )
    assert error_line(found.error) == "boom"


def test_every_block_of_a_test_is_shown_and_other_tests_are_set_apart() -> None:
    log = block("Should be true") + block("first", test="TestB") + block("Should be false")
    found = explain(log + block("second", test="TestB"), test="TestA")
    assert found.error.count("Error Trace:") == 2
    assert list(found.foreign) == ["TestB"]
    assert "first" in found.foreign["TestB"]


def test_a_block_that_names_no_test_belongs_to_the_log_it_stands_in() -> None:
    assert explain(block("Should be true", test=""), test="TestB").own


def test_an_exit_status_is_explained_by_the_daemons_last_error() -> None:
    daemon = (
        b"    oci.go:114: stderr: /buildkitd\n"
        b'    oci.go:117: time="x" level=error msg="earlier"\n'
        b'    oci.go:117: time="x" level=error msg="/moby.buildkit.v1.Control/Solve returned'
        b' error: rpc error: code = Unknown desc = failed to parse \\"x\\""\n'
        b'    oci.go:117: time="x" level=debug msg="session finished: <nil>"\n'
    )
    found = explain(block(UNEXPECTED + "exit status 1") + daemon, test="TestA")
    assert 'Daemon:      rpc error: code = Unknown desc = failed to parse "x"' in found.error
    assert error_line(found.error) == 'failed to parse "x"'


def test_without_a_block_the_last_entry_of_the_log_speaks() -> None:
    log = b"    a_test.go:1: starting\nraw\n    a_test.go:9: the end\n        of it\n"
    found = explain(log, test="TestA")
    assert (found.reason, found.error) == (Reason.ASSERTION, "a_test.go:9: the end\nof it")
    assert not found.own
    assert error_line(found.error) == "the end"


def test_without_any_entry_the_last_words_are_better_than_none() -> None:
    found = explain(b"one\n\ntwo  \n")
    assert (found.reason, found.error) == (Reason.UNKNOWN, "one\ntwo")
    assert explain(b"").error == ""


@pytest.mark.parametrize(
    ("error", "line"),
    [
        ("Should be true", "Should be true why not"),
        (
            "Not equal: \nexpected: 1\nactual  : 2\n\nDiff:\n--- Expected",
            "Not equal: expected: 1 actual  : 2",
        ),
        ('"a" does not contain "b"', '"a" does not contain "b"'),
        (
            "Target error should be in err chain:\nexpected: x",
            "Target error should be in err chain: expected: x",
        ),
        (
            (
                "Received unexpected error:\nrpc error: code = Unknown desc = failed to solve with"
                " frontend gateway.v0: rpc error: code = Unknown desc = failed to build LLB: no"
            ),
            "no",
        ),
    ],
)
def test_the_single_most_telling_line(error: str, line: str) -> None:
    found = explain(block(error, messages="why not"), test="TestA")
    assert error_line(found.error).split() == line.split()


def test_a_panics_line_is_its_first() -> None:
    assert error_line("panic: boom\n\ngoroutine 1 [running]:") == "panic: boom"
    assert error_line("") == ""


def test_huge_errors_are_bounded_and_keep_both_their_ends() -> None:
    error = f'"begin {"x" * 200_000} end" does not contain "y"'
    found = explain(block(error) * 5, test="TestA")
    assert len(found.error) <= LIMIT
    assert '"begin xxx' in found.error
    assert 'xxx end" does not contain "y"' in found.error
    assert len(error_line(found.error)) <= 300


@pytest.mark.timeout(60)
@pytest.mark.parametrize(
    "words", ["a.", "/", " ", "\r ", "\t", "(", "0x", "a/b.go:1", "\x1b]", "=["]
)
def test_a_megabyte_of_anything_is_explained_in_linear_time(words: str) -> None:
    line = words * (1_000_000 // len(words))
    stack = f"Received unexpected error:\n{line}\n\t{line}"
    for log in (block(stack), line.encode(), b"    oci.go:1: stderr: /x\n" + line.encode()):
        assert len(explain(log, test="TestA").error) <= LIMIT


def test_a_skips_reason_is_its_last_entry() -> None:
    assert skip_reason(b"    a_test.go:9: only on arm64\n").error == "a_test.go:9: only on arm64"


def test_an_excerpt_alone_can_be_classified_again() -> None:
    error = explain(block(UNEXPECTED + "no space left on device"), test="TestA").error
    assert classify(error).reason is Reason.DISK


@settings(deadline=None)
@given(st.one_of(st.binary(), st.text().map(str.encode)), st.text())
def test_any_log_has_some_explanation(log: bytes, test: str) -> None:
    for text in (log, block("x") + log, log + block(UNEXPECTED + "y", test=test or "TestB")):
        found = explain(text, test=test)
        assert len(found.error) <= LIMIT
        assert len(error_line(found.error)) <= 300
        assert "\n" not in error_line(found.error)


@pytest.mark.parametrize(
    ("message", "whose"),
    [
        ("toomanyrequests: You have reached your pull rate limit", "a server"),
        ("docker.io/library/alpine:3: toomanyrequests: slow down", "docker.io"),
        ("unexpected status from HEAD request to https://u:p@h.test:5000/v2/x: 429", "h.test:5000"),
    ],
)
def test_a_limited_rate_names_the_server_that_limits_it(message: str, whose: str) -> None:
    found = explain(block(UNEXPECTED + message), test="TestA")
    assert found.lacks == f"a higher rate limit of {whose}"
