"""The last verdicts on a cell, and where else a test was seen."""

from __future__ import annotations

from msgspec.structs import replace

from harness.history import History
from harness.model import Verdict
from tests.support import factories, nights
from tests.support.remembered_nights import CELL, FOO, PAIR, foo, keep, night, since


def test_a_strip_has_the_newest_verdicts_oldest_first(history: History) -> None:
    keep(history, [foo(day, Verdict.COMPATIBLE) for day in range(1, 8)])
    history.keep(*foo(8, Verdict.REGRESSED))
    assert [mark.run for mark in history.strips(last=3)[CELL]] == ["night-6", "night-7", "night-8"]
    assert history.strips()[CELL][-1].verdict is Verdict.REGRESSED
    assert list(history.strips()) == [CELL]


def test_a_run_of_a_few_tests_is_no_verdict_on_the_cell(history: History) -> None:
    matrix, ((result, run),) = foo(1, Verdict.REGRESSED)
    assert run
    legs = tuple(replace(leg, selection="^TestIntegration$/^TestFoo$") for leg in run.legs)
    history.keep(matrix, [(result, replace(run, legs=legs))])
    assert history.strips() == {}
    assert since(history, CELL, FOO)
    assert history.expected().cell(PAIR) is None


def test_where_else_a_test_was_seen(history: History) -> None:
    other = nights.pair(frontend=nights.commit("v0.20.0"))
    keep(history, [foo(1, Verdict.REGRESSED), night(1, of=other)])
    assert history.cells(factories.full_name("TestBar")) == sorted([CELL, nights.cell_id(other)])
    assert history.cells(FOO) == [CELL]
    assert history.cells("TestNowhere") == []
    assert history.story(nights.cell_id(other), FOO) is None
