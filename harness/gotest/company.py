"""In what company a test ran: alone, or with how many others at work beside it. Pure.

A race may come out under load alone, or without it alone. So a test that is run again is no
witness of what it did at first unless as many others ran beside it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from harness.gotest.names import parse, sandbox_name
from harness.model import LegRun


def beside(leg: LegRun, known: Collection[str]) -> int | None:
    """Return how many others were at work beside each test of a leg, at most; None if unknown.

    Subtests of a test share its sandbox and are one. A test that asks to run by itself had none,
    which no leg tells.
    """
    if not leg.parallel:
        return None
    ran = sandboxes((result.name for result in leg.results), known)
    return max(0, min(leg.parallel, len(ran)) - 1)


def sandboxes(names: Iterable[str], known: Collection[str]) -> list[str]:
    """Return the sandboxes that tests belong to, each once, in their order."""
    return list(dict.fromkeys(sandbox_name(name, known) for name in names if parse(name).function))


def neighbours(
    names: Iterable[str], order: Iterable[str], eligible: Collection[str], parallel: int
) -> list[str]:
    """Return tests to be run beside these so that as many are at work at once as in a leg.

    All names are sandboxes; `order` is that of the leg, which ran `parallel` at once. They are
    the nearest eligible ones, for each name enough to outlast it, and the same every time.
    """
    ordered = list(order)
    places = {name: place for place, name in enumerate(ordered)}
    wanted = [name for name in dict.fromkeys(names) if name in places]
    others = [name for name in ordered if name in eligible and name not in wanted]
    found: dict[str, None] = {}
    for name in wanted:
        nearest = sorted(others, key=lambda it: abs(places[it] - places[name]))
        found.update(dict.fromkeys(nearest[: 2 * (parallel - 1)]))
    return [name for name in ordered if name in found]
