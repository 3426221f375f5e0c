"""Durations of a test as counts in buckets: small for ever, and the same in any order of runs."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import lru_cache

from harness.model import Record

_PER_DOUBLING = 8
"""Buckets between a duration and its double, so that each is 9 % wide."""

_SHORTEST = 0.001
"""Seconds; what is shorter counts as this."""


class Durations(Record, frozen=True, kw_only=True):
    """How long a test takes when it passes, in seconds."""

    count: int
    p50: float
    p95: float
    longest: float


class Count(Record, frozen=True, kw_only=True):
    """How often a duration fell into one bucket."""

    bucket: int
    count: int
    longest: float
    """Seconds; the longest that fell into it."""


@lru_cache(maxsize=65536)
def bucket_of(seconds: float) -> int:
    """Return the bucket of a duration; any number is accepted."""
    return math.ceil(_PER_DOUBLING * math.log2(max(seconds, _SHORTEST) / _SHORTEST))


def summarise(counts: Iterable[Count]) -> Durations | None:
    """Draw the figures from all buckets of a test; None without any.

    `longest` is exact. A percentile is the longest duration of the bucket that it lies in: it
    was really seen, is never too short, and at most 9 % too long.
    """
    ordered = sorted(counts, key=lambda it: it.bucket)
    total = sum(it.count for it in ordered)
    if not total:
        return None
    return Durations(
        count=total,
        p50=_percentile(ordered, 0.50 * total),
        p95=_percentile(ordered, 0.95 * total),
        longest=max(it.longest for it in ordered),
    )


def _percentile(ordered: Iterable[Count], rank: float) -> float:
    passed = 0
    longest = 0.0
    for it in ordered:
        passed += it.count
        longest = it.longest
        if passed >= rank:
            break
    return longest
