"""Tries again what a registry refused for a reason that may pass."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TypeVar

from harness.engine.registry_errors import ImageRefused
from harness.tools.stop import pause

ATTEMPTS = 5

# Seconds between two attempts: they double, and each has up to a second more by chance.
_FIRST = 1.0
_LONGEST = 60.0

_T = TypeVar("_T")


def persist(work: Callable[[], _T], tell: Callable[[str], None]) -> _T:
    """Try something with a registry, up to ATTEMPTS times; `tell` is called for every further one.

    Raises what `work` raises, the last time or if it will not pass, and Interrupted.
    """
    for attempt in range(1, ATTEMPTS):
        try:
            return work()
        except ImageRefused as error:
            if not error.cause.passing:
                raise
            seconds = delay(attempt, _FIRST)
            tell(f"{error.brief}; attempt {attempt + 1} of {ATTEMPTS} in {seconds:.1f} s")
        pause(seconds)
    return work()


def delay(attempt: int, first: float) -> float:
    """Return the seconds to wait before a further attempt, which count from 1: each twice the last.

    Up to a second more by chance, so that machines that failed together do not return together.
    """
    if not first:
        return 0.0
    return min(_LONGEST, first * 2.0 ** (attempt - 1) + random.random())  # noqa: S311 - no secret
