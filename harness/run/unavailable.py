"""Tests that lack what they need: they are left out of a run, and it says so of each by name."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from harness.config.skiplists import Entry, names_test
from harness.gotest.selection import name_of_entry
from harness.model import Outcome, Result, Status
from harness.plan.cell import Cell


def unavailable(cell: Cell, tests: Sequence[str] = ()) -> tuple[Result, ...]:
    """Return a result for each test of a cell that is left out because something is lacking.

    `tests` are the globs over functions that were asked for; none means all. Which matrix values a
    test has beyond those that its entry gives is not known, for it does not run: it counts once.
    """
    told: dict[str, Result] = {}
    for entry in cell.entries:
        if entry.status is not Status.UNAVAILABLE or not entry.on_worker(cell.pair.worker):
            continue
        lacks = ", ".join(map(str, entry.needs))
        for function, below in _named(entry, cell.functions):
            if tests and not any(names_test(glob, function, "") for glob in tests):
                continue
            name = name_of_entry(function, cell.pair.worker, entry.params, below)
            error = f"not run: it needs {lacks}, and this run has none"
            result = Result(name=name, outcome=Outcome.UNAVAILABLE, lacks=lacks, error=error)
            told.setdefault(name, result)
    return tuple(told.values())


def _named(entry: Entry, functions: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield the functions that an entry names and there are, each with the subtest it is about."""
    for pattern in entry.test:
        wanted, _, below = pattern.partition("/")
        known = functions or ({wanted} if not {*"*?"} & {*wanted} else ())
        yield from ((it, below) for it in sorted(known) if names_test(wanted, it, ""))
