"""Nights of one cell for the tests of the history: one line for each verdict of one test."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from harness.history import History, Since
from harness.model import Outcome, Pair, Verdict
from harness.model.matrix import CellState, MatrixRun
from tests.support import factories, nights

P, F, M = Outcome.PASS, Outcome.FAIL, Outcome.MISSING
PAIR = nights.pair()
CELL = nights.cell_id(PAIR)
FOO = factories.full_name("TestFoo")

Stored = tuple[MatrixRun, nights.Results]

_SIDES = {
    Verdict.COMPATIBLE: ([P], [P]),
    Verdict.REGRESSED: ([P], [F]),
    Verdict.LOST: ([P], [M]),
    Verdict.SAME_FAILURE: ([F], [F]),
    Verdict.CHANGED_FAILURE: ([F], [F]),
    Verdict.FIXED: ([F], [P]),
    Verdict.FLAKY: ([P, P], [F, P]),
    Verdict.KNOWN: ([P], [F]),
    Verdict.INFRA: ([P], [F]),
    Verdict.SKIPPED: ([Outcome.SKIP], [Outcome.SKIP]),
}


def night(day: int, *verdicts: tuple[str, Verdict], of: Pair = PAIR) -> Stored:
    """One cell of one night; `TestBar` is compatible beside what is asked for."""
    started = f"2026-11-{day:02}T03:17:00Z"
    rows = [
        factories.judgement(name, verdict, *_SIDES[verdict], error="no")
        for name, verdict in verdicts
    ]
    worst = verdicts[0][1] if verdicts else Verdict.COMPATIBLE
    run = nights.run_of(
        of,
        *rows,
        factories.judgement("TestBar", Verdict.COMPATIBLE, [P], [P]),
        verdict=worst if worst in _TAINTING else Verdict.COMPATIBLE,
        started=started,
        number=day,
    )
    results = [nights.done(run)]
    return nights.matrix_of(results, name=f"night-{day}", started=started), results


_TAINTING = {Verdict.REGRESSED, Verdict.LOST, Verdict.INFRA, Verdict.FLAKY}


def foo(day: int, verdict: Verdict) -> Stored:
    return night(day, ("TestFoo", verdict))


def keep(history: History, stored: Sequence[Stored]) -> None:
    for one in stored:
        history.keep(*one)


def dump(file: Path) -> list[str]:
    with closing(sqlite3.connect(file)) as database:
        return list(database.iterdump())


NIGHTS = [
    foo(1, Verdict.REGRESSED),
    foo(2, Verdict.FLAKY),
    night(3, ("TestBaz", Verdict.LOST)),
    (
        nights.matrix_of([], name="night-4", also=[PAIR]),
        [nights.undone(CELL, CellState.MISSING)],
    ),
]


def since(history: History, cell: str, test: str) -> Since | None:
    """Return since when a test fails in a cell."""
    story = history.story(cell, test)
    return story.since if story else None
