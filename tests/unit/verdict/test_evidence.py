"""The sequential test: its exact values, how often it errs, and how long it takes."""

from __future__ import annotations

import random
from collections import Counter
from fractions import Fraction
from functools import cache
from itertools import product

import pytest

from harness.model import Tally, Verdict
from harness.verdict.evidence import CONFIDENCE, MOST, confidence, decided, open_to
from harness.verdict.table import judge
from tests.support.attempts import NEW, PASS

RERUNS = 2
ERROR = 0.01
RATES = (0.02, 0.1, 0.3, 0.5)


def tally(failed: int, attempts: int) -> Tally:
    return Tally(failed=failed, attempts=attempts)


@pytest.mark.parametrize(
    ("control", "candidate", "expected"),
    [
        ((0, 0), (0, 0), Fraction(1, 2)),
        ((0, 1), (1, 1), Fraction(5, 6)),
        ((0, 2), (2, 2), Fraction(19, 20)),
        ((0, 3), (3, 3), Fraction(69, 70)),
        ((2, 7), (2, 7), Fraction(1, 2)),
        ((0, 0), (3, 4), Fraction(4, 6)),
    ],
)
def test_the_probability_is_exact(
    control: tuple[int, int], candidate: tuple[int, int], expected: Fraction
) -> None:
    assert confidence(tally(*control), tally(*candidate)) == expected
    assert confidence(tally(*candidate), tally(*control)) == 1 - expected


def test_the_probability_is_the_one_that_is_integrated() -> None:
    steps = 4000
    grid = [(step + 0.5) / steps for step in range(steps)]
    for (k, n), (j, m) in product([(1, 3), (5, 12), (19, 20)], [(0, 12), (2, 3), (1, 20)]):
        theirs = [rate**k * (1 - rate) ** (n - k) for rate in grid]
        ours = [rate**j * (1 - rate) ** (m - j) for rate in grid]
        below = higher = 0.0
        for mine, its in zip(theirs, ours, strict=True):
            higher += mine * (below + its / 2)
            below += its
        expected = higher / (sum(theirs) * below)
        assert float(confidence(tally(j, m), tally(k, n))) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(("failed", "most"), [(4, 5), (5, 18)])
def test_so_many_failures_against_none_are_enough_in_so_many_attempts(
    failed: int, most: int
) -> None:
    assert decided(tally(0, most), tally(failed, most))
    assert not decided(tally(0, most + 1), tally(failed, most + 1))


def test_six_failures_against_none_are_enough_in_any_number_of_attempts() -> None:
    assert decided(tally(0, 1000), tally(6, 1000))
    assert not decided(tally(0, 1000), tally(5, 1000))


def test_what_is_not_compared_is_not_decided() -> None:
    assert not decided(tally(0, 0), tally(200, 200))
    assert not decided(tally(0, 20), tally(0, 20))
    assert not decided(tally(19, 20), tally(1, 20))
    assert decided(tally(1, 20), tally(19, 20))


@pytest.mark.parametrize(
    ("control", "candidate", "further", "open_"),
    [
        ((0, 3), (1, 3), 18, True),
        ((0, 3), (0, 3), 18, False),  # the candidate never failed
        ((1, 3), (1, 3), 18, False),  # both fail alike
        ((1, 4), (4, 4), 17, True),  # both fail, but the candidate far more often
        ((0, 16), (1, 16), 5, True),
        ((0, 17), (1, 17), 4, False),  # five of 21 are not enough
        ((0, 5), (4, 5), 16, False),  # it is decided
        ((0, 3), (1, 3), 0, False),
    ],
)
def test_it_goes_on_while_it_may_be_decided(
    control: tuple[int, int],
    candidate: tuple[int, int],
    further: int,
    open_: bool,  # noqa: FBT001 - a column of the table
) -> None:
    assert open_to(tally(*control), tally(*candidate), further) is open_


@cache
def verdict_after(ours: int, theirs: int, attempts: int) -> str:
    """Return where the sequential test stands: blamed, cleared, or empty while it goes on."""
    control, candidate = tally(ours, attempts), tally(theirs, attempts)
    if attempts <= RERUNS:
        return ""
    if decided(control, candidate):
        return "blamed"
    return "" if open_to(control, candidate, MOST + 1 - attempts) else "cleared"


def outcomes(own: float, new: float) -> tuple[Counter[str], float]:
    """Compute the chance of each end, of tests that fail at these rates, and attempts on average.

    All that the first attempt does not show to differ is clear at once. What fails in each of the
    first three attempts with the new frontend alone is `plain`: no test of evidence is asked.
    """
    ends: Counter[str] = Counter()
    mean = 0.0
    going = {(0, 0): 1.0}
    for attempt in range(1, MOST + 2):
        after: Counter[tuple[int, int]] = Counter()
        for (ours, theirs), chance in going.items():
            for mine, its in product((0, 1), repeat=2):
                odds = (own if mine else 1 - own) * (new if its else 1 - new)
                after[ours + mine, theirs + its] += chance * odds  # type: ignore[assignment] # floats
        going = {}
        for (ours, theirs), chance in after.items():
            if attempt == 1 and ours == theirs:
                end = "clear"
            elif attempt == RERUNS + 1 and (ours, theirs) == (0, attempt):
                end = "plain"
            else:
                end = verdict_after(ours, theirs, attempt)
            if end:
                ends[end] += chance
                mean += chance * attempt
            else:
                going[ours, theirs] = chance
    assert not going
    return ends, mean


@pytest.mark.parametrize("rate", [*RATES, *(number / 20 for number in range(1, 20)), 0.01, 0.99])
def test_a_test_that_fails_alike_with_both_is_hardly_ever_blamed(rate: float) -> None:
    ends, _ = outcomes(rate, rate)
    assert sum(ends.values()) == pytest.approx(1)
    assert ends["blamed"] < ERROR
    assert ends["plain"] <= 1 / 64 + 1e-9


@pytest.mark.parametrize(
    ("rate", "power", "attempts"),
    [
        (1.0, 1, 3),
        (0.9, 1, 3.5),
        (0.7, 1, 5),
        (0.5, 0.996, 7.7),
        (1 / 3, 0.89, 12),
        (0.2, 0.48, 16),
    ],
)
def test_a_race_is_blamed_in_so_many_attempts(rate: float, power: float, attempts: float) -> None:
    ends, mean = outcomes(0, rate)
    first = ends["clear"]  # it passed in the first attempt
    assert (ends["blamed"] + ends["plain"]) / (1 - first) == pytest.approx(power, abs=0.01)
    assert (mean - first) / (1 - first) == pytest.approx(attempts, rel=0.05)


def test_the_whole_verdict_blames_as_rarely() -> None:
    """Play it with the verdict itself: the four failures in a row that it knows are in it."""
    chance = random.Random(5578)  # noqa: S311 - it has to be the same again
    played = 4000
    for rate in RATES:
        blamed = plain = 0
        for _ in range(played):
            control, candidate = ([NEW if chance.random() < rate else PASS] for _ in range(2))
            for attempt in range(1, MOST + 2):
                verdict = judge(control, candidate, None)
                unexpected = verdict.unexpected or verdict is Verdict.FLAKY
                ours, theirs = (sum(it is NEW for it in side) for side in (control, candidate))
                going = open_to(tally(ours, attempt), tally(theirs, attempt), MOST + 1 - attempt)
                if not (unexpected if attempt <= RERUNS else verdict is Verdict.FLAKY and going):
                    break
                for side in (control, candidate):
                    side.append(NEW if chance.random() < rate else PASS)
            if verdict is Verdict.REGRESSED:
                always = all(it is NEW for it in candidate)
                plain, blamed = plain + always, blamed + (not always)
        assert blamed / played < ERROR, rate
        assert plain / played < 1 / 64 + 0.005, rate


def test_the_stated_figures_are_those_of_the_module() -> None:
    assert (Fraction(99, 100), 20) == (CONFIDENCE, MOST)
