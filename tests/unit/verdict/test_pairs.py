"""The verdict on a pair: as bad as its worst test, and none where too little ran."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.model import Judgement, Result, Verdict
from harness.verdict.overall import MIN_EXECUTED, of_matrix, of_pair
from tests.support.attempts import MISSING, NAME, NEW, OLD, PASS, SKIP


def row(
    verdict: Verdict, control: tuple[Result, ...] = (PASS,), candidate: Result = PASS
) -> Judgement:
    return Judgement(name=NAME, verdict=verdict, control=control, candidate=(candidate,))


COMPATIBLE = row(Verdict.COMPATIBLE)
rows = st.sampled_from([row(v) for v in Verdict if v is not Verdict.INDETERMINATE])


PAIRS = [verdict for verdict in Verdict if verdict.of_pairs]


@pytest.mark.parametrize("verdict", PAIRS)
def test_a_pair_is_as_bad_as_its_worst_test(verdict: Verdict) -> None:
    better = PAIRS[PAIRS.index(verdict) :]
    assert of_pair([*map(row, better[::-1]), COMPATIBLE]) is verdict
    assert of_matrix(better[::-1]) is verdict


@pytest.mark.parametrize("verdict", [Verdict.SKIPPED, Verdict.FIXED, Verdict.SAME_FAILURE])
def test_what_is_nobodys_fault_taints_no_pair(verdict: Verdict) -> None:
    assert of_pair([row(verdict), COMPATIBLE]) is Verdict.COMPATIBLE


def badness(verdict: Verdict) -> int:
    return -verdict.weight


@given(st.lists(rows, min_size=1), rows)
def test_one_test_more_never_makes_a_pair_that_ran_better(
    rows: list[Judgement], more: Judgement
) -> None:
    # Every side passed in every row, so there is always enough to judge by.
    ran = [COMPATIBLE, *rows]
    assert badness(of_pair([*ran, more])) >= badness(of_pair(ran))


@given(st.lists(rows))
def test_the_order_of_tests_does_not_matter(rows: list[Judgement]) -> None:
    assert of_pair(rows) is of_pair(rows[::-1])


def test_nothing_run_is_not_success() -> None:
    assert of_pair([]) is Verdict.INDETERMINATE
    assert of_pair([row(Verdict.SKIPPED, (SKIP,), SKIP)] * 9) is Verdict.INDETERMINATE


def test_too_little_run_is_not_success_either() -> None:
    absent = row(Verdict.COMPATIBLE, (MISSING,))
    share = int(1 / MIN_EXECUTED)
    assert of_pair([COMPATIBLE] + [absent] * (share - 1)) is Verdict.COMPATIBLE
    assert of_pair([COMPATIBLE] + [absent] * share) is Verdict.INDETERMINATE


def test_a_pair_of_which_nothing_passes_is_not_vouched_for() -> None:
    both = row(Verdict.SAME_FAILURE, (OLD,), OLD)
    assert of_pair([both] * 9) is Verdict.INDETERMINATE
    assert of_pair([both] * 9 + [COMPATIBLE]) is Verdict.COMPATIBLE


def test_a_regression_is_told_however_little_ran() -> None:
    absent = row(Verdict.LOST, (PASS,), MISSING)
    assert of_pair([absent] * 9) is Verdict.LOST
    assert of_pair([row(Verdict.REGRESSED, (), NEW)]) is Verdict.REGRESSED


def test_without_a_control_the_candidate_itself_has_to_have_run() -> None:
    assert of_pair([row(Verdict.COMPATIBLE, ())]) is Verdict.COMPATIBLE
    assert of_pair([row(Verdict.KNOWN, (), NEW)]) is Verdict.INDETERMINATE
