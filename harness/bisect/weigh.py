"""Which candidate turned the rate of failures of a test that fails now and then. Pure.

Before the candidate that turned it the test fails at one rate, from it on at another. Of either
nothing is known beforehand but which one is the higher: Beta(1, 1), as in
`harness.verdict.evidence`, whose arithmetic says how likely the order of the rates is. So each
candidate has a probability, which is right whatever was asked how often and why.

git_bayesect does the same, with Beta(1/2, 1/2) and without the order of the rates. It is a
program about a checkout, and needs numpy and scipy for what is one sum here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from itertools import accumulate
from math import comb, exp, lgamma, log

from harness.model import Tally
from harness.verdict import evidence

NOTHING = Tally()


@dataclass
class Weighing:
    """Candidates in a row, 0 to the last; at one of them, not the first, the rate turned."""

    weights: Sequence[float]
    """How likely each is to have turned it; that of the first says nothing."""
    rises: bool
    """Whether the rate of failures is the higher one after it."""
    tallies: list[Tally]
    """What was seen of each."""
    silent: set[int] = field(default_factory=set)
    """Those that cannot be run."""

    def tell(self, at: int, seen: Tally) -> None:
        """Take further attempts of a candidate."""
        self.tallies[at] = add(self.tallies[at], seen)

    def shares(self) -> list[float]:
        """Return how likely it is of each candidate that it turned the rate: 1 in all."""
        before = list(accumulate(self.tallies, add))
        whole = before[-1]
        logs = [
            log(weight) + _likelihood(old, less(whole, old), self.rises)
            for weight, old in zip(self.weights[1:], before, strict=False)
        ]
        most = max(logs)
        found = [exp(one - most) for one in logs]
        return [0.0, *(one / sum(found) for one in found)]

    def next(self, shares: Sequence[float]) -> int | None:
        """Return the candidate whose next attempt is to say most of the turn; None without one.

        That is by how much the attempt is less certain while the turn is unknown than it would be
        if it were known, the rates being what they are on average.
        """
        before = list(accumulate(self.tallies, add, initial=NOTHING))
        sides = [(old, less(before[-1], old)) for old in before[:-1]]
        rates = [(_rate(old), _rate(new)) for old, new in sides]
        certain = _mean(shares, [(_doubt(old), _doubt(new)) for old, new in rates])
        tells = [
            _doubt(rate) - known for rate, known in zip(_mean(shares, rates), certain, strict=True)
        ]
        tried = [at for at in range(len(shares)) if at not in self.silent]
        return max(tried, key=tells.__getitem__, default=None)

    def sides(self, turn: int) -> tuple[Tally, Tally]:
        """Return what was seen before a candidate, and from it on."""
        old = total(self.tallies[:turn])
        return old, total(self.tallies[turn:])

    def likely(self, confidence: float) -> tuple[int, ...]:
        """Return the fewest candidates of which one is so likely to have turned it, in order."""
        shares = self.shares()
        # One that is as likely as another is the older one.
        order = sorted(range(len(shares)), key=lambda at: (-shares[at], at))
        found, sum_ = [], 0.0
        for at in order:
            found.append(at)
            sum_ += shares[at]
            if sum_ >= confidence:
                break
        return tuple(sorted(found))


def add(one: Tally, other: Tally) -> Tally:
    """Return the attempts of both."""
    return Tally(failed=one.failed + other.failed, attempts=one.attempts + other.attempts)


def less(whole: Tally, part: Tally) -> Tally:
    """Return the attempts that are not among a part."""
    return Tally(failed=whole.failed - part.failed, attempts=whole.attempts - part.attempts)


def total(tallies: Sequence[Tally]) -> Tally:
    """Return the attempts of all."""
    return list(accumulate(tallies, add, initial=NOTHING))[-1]


def tally(seen: Iterable[str], like: Collection[str]) -> Tally:
    """Count attempts by the fingerprints of what failed, empty for a pass; others say nothing."""
    seen = list(seen)
    failed = sum(one in like for one in seen if one)
    return Tally(failed=failed, attempts=failed + seen.count(""))


def chance(failed: int, passed: int) -> Fraction:
    """Return how likely a test that failed in all of so many attempts passes in so many others.

    Of its rate of failures nothing else is known: Beta(1 + failed, 1), over which it is a mean.
    """
    return Fraction(1, comb(failed + passed + 1, passed))


def _rate(seen: Tally) -> float:
    return (1 + seen.failed) / (2 + seen.attempts)


def _doubt(rate: float) -> float:
    """Return the entropy of an attempt that fails at a rate."""
    return -rate * log(rate) - (1 - rate) * log(1 - rate)


def _mean(shares: Sequence[float], sides: Sequence[tuple[float, float]]) -> list[float]:
    """Return for each candidate the mean over all turns of what holds before, or from, the turn."""
    before = sum(share * old for share, (old, _) in zip(shares, sides, strict=True))
    steps = (share * (new - old) for share, (old, new) in zip(shares, sides, strict=True))
    return [before + behind for behind in accumulate(steps)]


@cache
def _likelihood(old: Tally, new: Tally, rises: bool) -> float:  # noqa: FBT001 - for the cache
    """Return the logarithm of how likely all this is if the rate turned between the two."""
    low, high = (old, new) if rises else (new, old)
    return _beta(old) + _beta(new) + log(evidence.confidence(low, high))


def _beta(seen: Tally) -> float:
    """Return the logarithm of B(1 + failed, 1 + passed)."""
    return (
        lgamma(1 + seen.failed)
        + lgamma(1 + seen.attempts - seen.failed)
        - lgamma(2 + seen.attempts)
    )
