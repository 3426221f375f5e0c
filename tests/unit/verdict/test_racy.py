"""A test that fails now and then is regressed where it is shown that this frontend is to blame."""

from __future__ import annotations

import random

import pytest
from msgspec.structs import replace

from harness.model import Evidence, Reason, Result, Status, Tally, Verdict
from harness.verdict.table import judge, weigh
from tests.support.attempts import ENTRIES, MISSING, NEW, OLD, PASS, SKIP, entry, failing


def side(failed: int, attempts: int) -> tuple[Result, ...]:
    """Make a side whose last attempts passed: four failures at the end would be broken."""
    return (*[NEW] * failed, *[PASS] * (attempts - failed))


@pytest.mark.parametrize(
    ("control", "candidate", "verdict"),
    [
        ((0, 9), (8, 9), Verdict.REGRESSED),
        ((0, 5), (4, 5), Verdict.REGRESSED),
        ((0, 18), (5, 18), Verdict.REGRESSED),
        ((0, 19), (5, 19), Verdict.FLAKY),
        ((0, 3), (1, 3), Verdict.FLAKY),
        ((0, 3), (2, 3), Verdict.FLAKY),
        ((1, 20), (19, 20), Verdict.REGRESSED),
        ((2, 10), (5, 10), Verdict.FLAKY),
        ((1, 6), (6, 6), Verdict.REGRESSED),
        ((1, 3), (3, 3), Verdict.FLAKY),
        ((9, 10), (9, 10), Verdict.FLAKY),
        ((8, 9), (0, 9), Verdict.FLAKY),
        ((19, 20), (1, 20), Verdict.FLAKY),
    ],
)
def test_both_rates_decide(
    control: tuple[int, int], candidate: tuple[int, int], verdict: Verdict
) -> None:
    assert judge(side(*control), side(*candidate), None) is verdict


def test_the_order_of_attempts_does_not_matter() -> None:
    chance = random.Random(9)  # noqa: S311 - it has to be the same again
    candidate = list(side(5, 12))
    verdicts = set()
    for _ in range(50):
        chance.shuffle(candidate)
        verdicts.add(judge((PASS,) * 12, candidate, None))
    assert verdicts == {Verdict.REGRESSED}


def test_the_evidence_tells_both_rates_and_how_sure_that_is() -> None:
    evidence = weigh(side(0, 9), side(8, 9))
    assert evidence == Evidence(
        control=Tally(failed=0, attempts=9),
        candidate=Tally(failed=8, attempts=9),
        confidence=0.9999,
        decided=True,
    )
    almost = weigh(side(0, 19), side(5, 19))
    assert almost is not None
    assert (almost.confidence, almost.decided) == (0.9899, False)


@pytest.mark.parametrize(
    ("control", "candidate"),
    [
        ((PASS, PASS), (PASS, PASS)),
        ((PASS, PASS), (NEW, NEW)),
        ((), (NEW, PASS)),
        ((SKIP,), (NEW, PASS)),
        ((MISSING,), (NEW, PASS)),
        ((PASS,), (PASS, SKIP)),
    ],
)
def test_without_two_rates_that_differ_there_is_nothing_to_weigh(
    control: tuple[Result, ...], candidate: tuple[Result, ...]
) -> None:
    assert weigh(control, candidate) is None


def test_without_a_control_nothing_is_decided() -> None:
    for control in ((), (SKIP,), (MISSING,)):
        assert judge(control, side(19, 20), None) is Verdict.FLAKY


def test_a_failure_of_the_machine_is_no_evidence() -> None:
    silent = failing("no such host", Reason.NETWORK)
    control = (PASS,) * 9
    assert judge(control, (*[silent] * 8, PASS), None) is Verdict.COMPATIBLE
    assert judge(control, (*[silent] * 8, NEW, PASS), None) is Verdict.FLAKY
    assert judge((*[silent] * 8, PASS), side(8, 9), None) is Verdict.FLAKY
    told = weigh(control, (silent, NEW, PASS, SKIP, MISSING))
    assert told is not None
    assert told.candidate == Tally(failed=1, attempts=2)


def test_an_entry_that_explains_a_race_is_respected() -> None:
    control, candidate = side(0, 9), side(8, 9)
    flaky = entry(Status.FLAKY, "new way")
    assert judge(control, candidate, flaky) is Verdict.KNOWN
    assert judge(control, candidate, replace(flaky, budget=0.95)) is Verdict.KNOWN
    assert judge(control, candidate, replace(flaky, budget=0.25)) is Verdict.REGRESSED
    assert judge(control, candidate, entry(Status.FLAKY, "old way")) is Verdict.REGRESSED
    assert judge(control, candidate, ENTRIES["signature"]) is Verdict.KNOWN
    assert judge(control, candidate, ENTRIES["other"]) is Verdict.REGRESSED
    assert judge(control, (OLD, *candidate), ENTRIES["signature"]) is Verdict.REGRESSED
