"""Whether a test fails more often with one frontend than with the other. Pure, exact.

Each attempt of a side is a draw that fails at that side's unknown rate. Of a rate nothing is
known beforehand: Beta(1, 1), every rate as likely as any other. After k failures in n attempts
it is Beta(1 + k, 1 + n - k), the Beta-Bernoulli model; what is asked for is the probability that
the candidate's rate is the higher one. (git_bayesect weighs commits by the same model, with the
prior Beta(1/2, 1/2).)

With whole numbers that probability is a finite sum. Beta(1 + k, 1 + n - k) is how the (k + 1)th
smallest of n + 1 uniform numbers is distributed, so the question is in which order the numbers
of both sides come, and all orders are as likely. So it is a fraction, the same on every machine:
a stored run that is judged again gets the same verdict.

The test is sequential: both sides run again, and both are weighed again, until it is decided or
the attempts are used up. Looking that often makes errors likelier than 1 - CONFIDENCE by a
single look would say; what remains is computed in tests/unit/verdict/test_evidence.py. Of tests
that fail equally often with both frontends, at whatever rate, at most 1 in 100 is blamed on one.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from math import comb
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from harness.model import Tally

CONFIDENCE = Fraction(99, 100)
"""Probability from which it is decided: against none, 4 failures of 5, 5 of 18, 6 of any."""

DOUBT = Fraction(9, 10)
"""Probability below which a test that failed with both frontends is not looked at any longer."""

MOST = 20
"""Further attempts, unless told otherwise, after which what is undecided remains so."""


def confidence(control: Tally, candidate: Tally) -> Fraction:
    """Return the probability that the candidate's rate of failures is higher than the control's."""
    return _higher(candidate.failed, candidate.attempts, control.failed, control.attempts)


def decided(control: Tally, candidate: Tally) -> bool:
    """Return whether the candidate fails more often, by a control that was tried at all."""
    told = control.attempts > 0 and candidate.failed > 0
    return told and confidence(control, candidate) >= CONFIDENCE


def open_to(control: Tally, candidate: Tally, further: int) -> bool:
    """Return whether up to so many further attempts on both sides may decide what is undecided.

    They may not where the candidate never failed, where a test failed with both frontends and
    there is little to choose between them, and where even a candidate that fails in all of them
    would not be told apart.
    """
    if not candidate.failed or decided(control, candidate):
        return False
    if control.failed and confidence(control, candidate) < DOUBT:
        return False
    worst = candidate.failed + further, candidate.attempts + further
    return _higher(*worst, control.failed, control.attempts + further) >= CONFIDENCE


@cache
def _higher(k: int, n: int, other_k: int, other_n: int) -> Fraction:
    """Return the probability that Beta(1 + k, 1 + n - k) exceeds the other one.

    That is so if at most k of the n + 1 numbers are smaller than the other side's (other_k + 1)th.
    """
    numbers, others = n + 1, other_n + 1
    orders = sum(
        comb(smaller + other_k, other_k)
        * comb(numbers - smaller + others - other_k - 1, numbers - smaller)
        for smaller in range(k + 1)
    )
    return Fraction(orders, comb(numbers + others, numbers))
