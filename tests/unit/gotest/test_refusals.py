"""What a daemon refuses for its age (harness/gotest/refusals.toml), and what is no refusal."""

from __future__ import annotations

import re

import pytest

from harness.gotest.reasons import classify, explain
from harness.gotest.refusals import Refusal, refusals
from harness.model import Outcome, Reason, Result
from tests.unit.gotest.test_reasons import UNEXPECTED, block

EVERY = pytest.mark.parametrize("it", refusals(), ids=lambda it: it.lacks)
WRAPPED = "failed to solve: rpc error: code = Unknown desc = "


@EVERY
def test_every_line_of_the_file_is_read_in_its_sample(it: Refusal) -> None:
    for words in (it.text, WRAPPED + it.text):
        for found in (
            explain(block(UNEXPECTED + words), test="TestA"),
            explain(f"    a_test.go:9: {words}\n".encode(), test="TestA"),
            explain(block(UNEXPECTED + "exit status 1", messages=words), test="TestA"),
            classify(f"a_test.go:9: {words}"),
        ):
            assert (found.reason, found.lacks) == (Reason.REFUSED, it.lacks), words


@pytest.mark.parametrize("title", ["", " ", " (bind propagation)"])
def test_a_capability_has_a_title_or_none(title: str) -> None:
    words = f"requested experimental feature exec.mount.propagation{title} is not supported by"
    found = classify(f"a_test.go:9: {words} build server")
    assert (found.reason, found.lacks) == (Reason.REFUSED, "exec.mount.propagation")


@EVERY
def test_a_test_that_wants_a_refusal_has_failed_by_itself(it: Refusal) -> None:
    for words in (
        f'"x" does not contain "{it.text}"',
        f'Not equal: \nexpected: "{it.text}"\nactual  : ""',
        f'Target error should be in err chain:\nexpected: "x"\nin chain: "{it.text}"',
        "An error is expected but got nil.",
    ):
        found = explain(block(words, messages=it.text), test="TestA")
        assert (found.reason, found.lacks) == (Reason.ASSERTION, ""), words


@EVERY
def test_a_test_that_wants_another_error_is_refused_by_words_of_a_capability(it: Refusal) -> None:
    for words in (f'"{it.text}" does not contain "x"', f'Error "{it.text}" does not contain "x"'):
        found = explain(block(words), test="TestA")
        told = (Reason.REFUSED, it.lacks) if it.capability else (Reason.ASSERTION, "")
        assert (found.reason, found.lacks) == told, words


@EVERY
def test_what_is_wrong_beside_a_refusal_does_not_hide_behind_it(it: Refusal) -> None:
    for other in ('"a" does not contain "b"', UNEXPECTED + "exit code: 1"):
        for log in (
            block(other) + block(UNEXPECTED + it.text),
            block(UNEXPECTED + it.text) + block(other),
        ):
            assert explain(log, test="TestA").reason is Reason.ASSERTION, other
    twice = block(UNEXPECTED + it.text) * 2
    assert explain(twice, test="TestA").reason is Reason.REFUSED


def test_every_line_of_the_file_is_needed() -> None:
    for it in refusals():
        alike = [
            other.lacks
            for other in refusals()
            if re.search(other.says, it.text.rpartition("desc = ")[2], re.IGNORECASE | re.MULTILINE)
        ]
        assert alike in ([it.lacks], []), it.says


@pytest.mark.parametrize(
    "words",
    [
        'process "/bin/sh -c x: unknown flag: --a" did not complete successfully: exit code: 1',
        "   3 | >>> RUN echo unknown API capability exec.x",
        "dockerfile parse error on line 3: unknown instruction: EXPORTER",
        "dockerfile parse error on line 3: unknown flag: --a is a word of somebody else",
        "secret unknown-service: not found",
        "requested feature x was not found",
        "unknown parent image ID",
        "target stage invalid frontend: x could not be found",
    ],
)
def test_what_is_no_refusal(words: str) -> None:
    found = explain(block(UNEXPECTED + words), test="TestA")
    assert (found.reason, found.lacks) == (Reason.ASSERTION, "")


def test_a_machines_fault_comes_first() -> None:
    words = "unknown API capability exec.x: write /x: no space left on device"
    assert explain(block(UNEXPECTED + words), test="TestA").reason is Reason.DISK


def test_a_result_tells_what_its_daemon_lacks() -> None:
    result = Result(name="TestA", outcome=Outcome.FAIL, reason=Reason.REFUSED, lacks="exec.x")
    assert result.with_reason == "fail (refused: exec.x)"
