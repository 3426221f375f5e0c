"""Tries again what a registry refused for a reason that may pass."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from typing import TypeVar

from harness.engine.registry_errors import ImageRefused
from harness.tools.stop import pause

ATTEMPTS = 5

# Seconds between two attempts: they double, and each has up to a second more by chance.
_FIRST = 1.0
_LONGEST = 60.0

_ASKED = re.compile(
    r"retry-after: *(?P<number>\d+(?:\.\d+)?) *(?P<unit>ms|m|[µu]s|s)?\b", re.IGNORECASE
)
_UNITS = {"m": 60.0, "ms": 0.001, "us": 0.000001, "µs": 0.000001}
"""As registries write a time, some behind `toomanyrequests`; a bare number is of seconds."""

_T = TypeVar("_T")


def persist(work: Callable[[], _T], tell: Callable[[str], None]) -> _T:
    """Try something with a registry, up to ATTEMPTS times; `tell` is called for every further one.

    If it says when to come back, that is waited for, if it is within a minute. Raises what `work`
    raises, the last time or if it will not pass, and Interrupted.
    """
    for attempt in range(1, ATTEMPTS):
        try:
            return work()
        except ImageRefused as error:
            asked = _asked(str(error))
            if not error.cause.passing or asked > _LONGEST:
                raise
            seconds = max(asked, delay(attempt, _FIRST))
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


def _asked(text: str) -> float:
    """Return the seconds after which a registry asks us to come back; 0 if it says nothing."""
    found = _ASKED.search(text)
    return float(found["number"]) * _UNITS.get((found["unit"] or "").lower(), 1.0) if found else 0.0
