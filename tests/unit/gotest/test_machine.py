"""The machine's words (harness/gotest/machine.toml), and what must not be taken for them."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest

from harness.gotest.machine import Saying, machine
from harness.gotest.reasons import explain
from harness.model import Reason
from tests.unit.gotest.test_reasons import UNEXPECTED, block

EVERY = [(reason, it.text) for reason, it in machine().sayings]
WRAPPED = "rpc error: code = Unknown desc = failed to solve: "


def entry(words: str) -> bytes:
    return b"    a_test.go:9: " + words.encode() + b"\n"


@pytest.mark.parametrize(("reason", "text"), EVERY, ids=[text[:60] for _, text in EVERY])
def test_every_line_of_the_file_is_read_in_its_sample(reason: Reason, text: str) -> None:
    assert reason.spurious
    for words in (text, WRAPPED + text, text.upper(), text.lower()):
        log = block(UNEXPECTED + words)
        assert explain(log, test="TestA").reason.spurious, words
    assert explain(block(UNEXPECTED + text), test="TestA").reason is reason
    assert explain(entry(text), test="TestA").reason is reason
    mute = block(UNEXPECTED + "exit status 1", messages=text)
    assert explain(mute, test="TestA").reason is reason


@pytest.mark.parametrize(("reason", "text"), EVERY, ids=[text[:60] for _, text in EVERY])
def test_no_line_of_the_file_excuses_a_comparison(reason: Reason, text: str) -> None:
    for words in (
        f'"{text}" does not contain "x"',
        f'Error "{text}" does not contain "x"',
        f'Not equal: \nexpected: "{text}"\nactual  : ""',
        f'Target error should be in err chain:\nexpected: "x"\nin chain: "{text}"',
        "An error is expected but got nil.",
    ):
        found = explain(block(words, messages=text), test="TestA")
        assert found.reason is Reason.ASSERTION, (reason, words)
    for words in (f"expected {text!r}, got nil", f"error should have been {text}"):
        assert explain(entry(words), test="TestA").reason is Reason.ASSERTION, words
    for words in (f"expected no error, got: {text}", f"unexpected error: {text}"):
        assert explain(entry(words), test="TestA").reason.spurious, words


def test_every_line_of_the_file_is_needed() -> None:
    told = machine()
    for at, (reason, it) in enumerate(told.sayings):
        others = told.sayings[:at] + told.sayings[at + 1 :]
        alike = [other for _, other in others if other.says == it.says]
        assert not alike, it.says
        assert re.search(it.says, it.text, re.IGNORECASE | re.MULTILINE), it.says
        assert it.by != it.text, reason
    order = [reason for reason, _ in told.sayings]
    assert sum(a is not b for a, b in pairwise(order)) == len(set(order)) - 1


@pytest.mark.parametrize("it", machine().quoted, ids=lambda it: it.text[:60])
def test_what_a_failure_only_repeats_is_passed_over(it: Saying) -> None:
    for words in (it.text, WRAPPED + it.text):
        if not it.says.startswith("^ "):
            log = block(UNEXPECTED + words)
            assert explain(log, test="TestA").reason is Reason.ASSERTION, words
    assert explain(block(UNEXPECTED + it.text), test="TestA").reason is Reason.ASSERTION


@pytest.mark.parametrize(
    "words",
    [
        "EOF",
        "exit code: 1",
        "exit code: 137",
        "signal: killed",
        "context canceled",
        "failed to solve: DeadlineExceeded: context deadline exceeded",
        "frontend grpc server closed unexpectedly",
        "failed to solve: operation not permitted",
        "failed to solve: permission denied",
        "open /src/x: no such file or directory",
        'failed to calculate checksum of ref x::y: "/foo": not found',
        "failed to solve: dockerfile.v0: not found",
        "secret mysecret: not found",
        "failed to solve: target stage nosuch could not be found",
        "dial tcp 127.0.0.1:5000: connect: connection refused",
        'Get "http://127.0.0.1:8080/foo": dial tcp 127.0.0.1:8080: connect: connection refused',
        'Get "http://localhost:8080/foo": EOF',
        'Get "http://localhost:8080/foo": read tcp 127.0.0.1:1->127.0.0.1:2: i/o timeout',
        'Get "http://[::1]:8080/foo": read tcp [::1]:1->[::1]:2: read: connection reset by peer',
        "invalid response status 404",
        "write |1: broken pipe",
        "read unix @->/tmp/x/agent.sock: read: connection reset by peer",
        "dial unix /tmp/ssh-agent.1/agent: connect: connection refused",
        "mkdir /work: file exists",
        (
            "failed to solve: runc run failed: unable to start container process: error during"
            ' container init: error mounting "/a" to rootfs at "/b": create mountpoint for /b:'
            " mkdirat /b: read-only file system"
        ),
        (
            'runc run failed: unable to start container process: exec: "nosuch": executable file'
            " not found in $PATH"
        ),
        (
            "process \"/bin/sh -c curl --fail http://no-such-host; echo 'no such host'\" did not"
            " complete successfully: exit code: 6"
        ),
        'process "/bin/sh -c [ \\"too many open files\\" = \\"\\" ]" failed: exit code: 1',
        "failed to parse stage name: invalid reference format",
        "unexpected end of JSON input",
        "failed to solve: failed to parse frontend metadata: unexpected EOF",
        'Head "http://localhost:5000/v2/x/manifests/1": manifest unknown: manifest unknown',
        "could not resolve stage base",
        "unexpected status from GET request to http://127.0.0.1:5000/v2/x: 401 Unauthorized",
        "json: unexpected EOF in a string",
        "base name (${X}) should not be blank",
        "requested experimental feature exec.mount.propagation has been disabled",
    ],
)
def test_what_is_not_the_machines(words: str) -> None:
    found = explain(block(UNEXPECTED + words), test="TestA")
    assert found.reason is Reason.ASSERTION


def test_words_of_a_comparison_do_not_excuse_an_error_beside_it() -> None:
    log = block('"no such host" does not contain "x"') + block(UNEXPECTED + "exit code: 1")
    assert explain(log, test="TestA").reason is Reason.ASSERTION
    log = block("Should be true") + block(UNEXPECTED + "write /x: No space left on device")
    assert explain(log, test="TestA").reason is Reason.DISK


def test_what_stands_beside_an_error_counts_only_where_that_says_nothing() -> None:
    log = block(UNEXPECTED + 'secret "x": not found', messages="no such host is looked up here")
    assert explain(log, test="TestA").reason is Reason.ASSERTION
    log = block(UNEXPECTED + "exit status 128", messages="fatal: Could not resolve host: x.org")
    assert explain(log, test="TestA").reason is Reason.NETWORK
