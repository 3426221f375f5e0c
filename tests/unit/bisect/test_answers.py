"""What a run of our comparison says of one test, and how that is kept."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.bisect.answers import FILE, Answer, Kind, Notebook, answer_of
from harness.bisect.search import Says
from harness.errors import ExitCode, UsageError
from harness.model import Judgement, Outcome, Verdict
from tests.support.factories import full_name, judgement, make_run

SHA = "a" * 40
PASS, FAIL, MISSING = Outcome.PASS, Outcome.FAIL, Outcome.MISSING


def _of(*told: Judgement, test: str = "TestCopy") -> Answer:
    made = make_run(*told, verdict=Verdict.COMPATIBLE, exit_code=ExitCode.COMPATIBLE)
    return answer_of(made, test, SHA, Path("/runs/1"))


def _one(verdict: Verdict, candidate: Outcome = FAIL, error: str = "no such file") -> Answer:
    return _of(judgement("TestCopy", verdict, [PASS], [candidate], error=error))


@pytest.mark.parametrize("verdict", [Verdict.COMPATIBLE, Verdict.FIXED, Verdict.STALE_ENTRY])
def test_what_passes_works(verdict: Verdict) -> None:
    answer = _one(verdict, PASS)
    assert (answer.kind, answer.words, answer.failure) == (Kind.WORKS, verdict, ())
    assert (answer.commit, answer.run) == (SHA, "/runs/1")


@pytest.mark.parametrize(
    "verdict",
    [Verdict.REGRESSED, Verdict.CHANGED_FAILURE, Verdict.SAME_FAILURE, Verdict.KNOWN],
)
def test_what_fails_has_the_print_of_its_failure(verdict: Verdict) -> None:
    answer = _one(verdict)
    assert (answer.kind, answer.words) == (Kind.FAILS, verdict)
    assert answer.like(_one(Verdict.REGRESSED))
    assert not answer.like(_one(Verdict.REGRESSED, error="permission denied"))


def test_what_only_the_control_ran_is_missing() -> None:
    assert _one(Verdict.LOST, MISSING).failure == ("missing",)


@pytest.mark.parametrize(
    "verdict", [Verdict.INFRA, Verdict.INDETERMINATE, Verdict.FLAKY, Verdict.SKIPPED]
)
def test_what_says_nothing_or_both_cannot_tell(verdict: Verdict) -> None:
    answer = _one(verdict)
    assert (answer.kind, answer.words, answer.failure) == (Kind.UNCLEAR, verdict, ())
    assert not answer.like(answer)


def test_a_test_that_is_not_there_cannot_tell() -> None:
    answer = _of(judgement("TestOther", Verdict.COMPATIBLE, [PASS], [PASS]))
    assert (answer.kind, answer.words) == (Kind.UNCLEAR, "the test did not run")


def test_one_of_several_that_fails_decides_and_a_full_name_is_one() -> None:
    good, bad = full_name("TestCopy", "fileop=true"), full_name("TestCopy", "fileop=false")
    told = (
        judgement(good, Verdict.COMPATIBLE, [PASS], [PASS]),
        judgement(bad, Verdict.REGRESSED, [PASS], [FAIL], error="no such file"),
    )
    assert _of(*told).kind is Kind.FAILS
    assert _of(*told, test=good).kind is Kind.WORKS
    assert _of(*told, test=bad).kind is Kind.FAILS


def test_an_answer_is_that_of_one_end_or_cannot_tell() -> None:
    works, fails = _one(Verdict.COMPATIBLE, PASS), _one(Verdict.REGRESSED)
    other = _one(Verdict.REGRESSED, error="permission denied")
    ends = works, fails
    found = [answer.says(*ends) for answer in (works, fails, other, _one(Verdict.INFRA))]
    assert found == [Says.OLD, Says.NEW, Says.UNCLEAR, Says.UNCLEAR]


def test_what_is_learnt_is_there_the_next_time(tmp_path: Path) -> None:
    question = {"test": "TestCopy"}
    book = Notebook(tmp_path, question)
    answer = _one(Verdict.REGRESSED)
    book.put(answer)
    book.put(_one(Verdict.INFRA))
    again = Notebook(tmp_path, question)
    assert again.get(["b" * 40, SHA]) == answer
    assert again.get(["b" * 40]) is None


def test_what_cannot_tell_is_asked_again(tmp_path: Path) -> None:
    Notebook(tmp_path, {}).put(_one(Verdict.INFRA))
    assert Notebook(tmp_path, {}).get([SHA]) is None


def test_a_damaged_notebook_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("{")
    with pytest.raises(UsageError, match="not readable as JSON") as told:
        Notebook(tmp_path, {})
    assert "remove it" in told.value.hint
