"""What results of scenarios say of their feature."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from harness.model import Outcome, Reason, Result, Verdict
from harness.verdict.answers import Answer, answer, answered, lie, scenario_of, worst
from tests.support import feature_runs
from tests.support.feature_runs import SCENARIOS, results


@pytest.mark.parametrize(
    ("letter", "expected"),
    [
        (feature_runs.OK, Answer.WORKS),
        (feature_runs.WRONG, Answer.WRONG),
        (feature_runs.REFUSED, Answer.REFUSED),
        (feature_runs.UNCLEAR, Answer.UNCLEAR),
        (feature_runs.CRASH, Answer.CRASH),
        (feature_runs.HANG, Answer.HANG),
        (feature_runs.FAULT, Answer.FAULT),
        (feature_runs.SKIP, Answer.UNSEEN),
    ],
)
def test_a_result_is_an_answer(letter: str, expected: Answer) -> None:
    (result,) = results("CopyChmod", letter)
    assert answer(result) is expected


@pytest.mark.parametrize("reason", Reason)
def test_what_the_machine_did_answers_nothing(reason: Reason) -> None:
    failed = Result(name="TestA", outcome=Outcome.FAIL, reason=reason)
    assert (answer(failed) is Answer.UNSEEN) is (reason.spurious or reason is Reason.INCOMPLETE)


def test_the_worst_attempt_counts_and_how_often_it_was_so() -> None:
    found = answered(results("CopyChmod", "ywyw"))
    assert (found.answer, found.alike, found.attempts) == (Answer.WRONG, 2, 4)
    assert found.result is not None
    assert "expected 0555" in found.result.error


def test_attempts_that_say_nothing_count_only_alone() -> None:
    assert answered(results("CopyChmod", "-fy")).answer is Answer.WORKS
    assert answered(results("CopyChmod", "-f")).answer is Answer.FAULT
    assert answered(()).answer is Answer.UNSEEN


def test_wrong_is_worse_than_anything_else() -> None:
    assert worst(reversed(Answer)) is Answer.WRONG
    assert worst(()) is Answer.UNSEEN


def test_a_scenario_is_found_by_its_function_and_a_variant_by_what_it_has_in_common() -> None:
    name = "TestIntegration/TestScenario{}/worker=oci"
    for of in ("CopyChmod", "CopyChmod_aRx"):
        found = scenario_of(name.format(of), SCENARIOS)
        assert found is not None
        assert found.test == "TestScenarioCopyChmod"
    assert scenario_of(name.format("Other"), SCENARIOS) is None


def test_a_lie_is_a_wrong_result_that_its_own_daemon_and_no_floor_excuses() -> None:
    row = feature_runs.row("CopyExclude", "w", "y")
    assert lie(row, SCENARIOS) == "COPY --exclude"
    assert not lie(row, ())
    assert not lie(replace(row, verdict=Verdict.KNOWN), SCENARIOS)
    assert not lie(feature_runs.row("CopyExclude", "r", "y"), SCENARIOS)
