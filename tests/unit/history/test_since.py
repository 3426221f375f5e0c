"""Since when a test fails, by the history, whatever the order in which it was told."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations
from pathlib import Path

import pytest

from harness.history import History
from harness.model import Verdict
from tests.support import factories
from tests.support.remembered_nights import CELL, FOO, NIGHTS, PAIR, Stored, foo, keep, night, since

STORIES = {
    "never": ([Verdict.COMPATIBLE] * 2, None),
    "today": ([Verdict.COMPATIBLE, Verdict.REGRESSED], (2, 2, 1)),
    "in a row": ([Verdict.COMPATIBLE, Verdict.REGRESSED, Verdict.REGRESSED], (2, 2, 2)),
    "mended": ([Verdict.REGRESSED, Verdict.COMPATIBLE], (1, None, 0)),
    "again": ([Verdict.LOST, Verdict.FIXED, Verdict.CHANGED_FAILURE], (1, 3, 1)),
    "silence is no pass": ([Verdict.REGRESSED, Verdict.INFRA, Verdict.REGRESSED], (1, 1, 2)),
    "skipped is no pass": ([Verdict.REGRESSED, Verdict.SKIPPED, Verdict.REGRESSED], (1, 1, 2)),
    "a flake is no end": ([Verdict.REGRESSED, Verdict.FLAKY, Verdict.REGRESSED], (1, 1, 3)),
    "known": ([Verdict.KNOWN, Verdict.SAME_FAILURE], (1, 1, 2)),
}


@pytest.mark.parametrize("name", STORIES)
def test_since_when_a_test_fails(history: History, name: str) -> None:
    verdicts, told = STORIES[name]
    keep(history, [foo(day, verdict) for day, verdict in enumerate(verdicts, 1)])
    found = since(history, CELL, FOO)
    if told is None:
        assert found is None
        return
    first, failing, row = told
    assert found
    assert found.first.run == f"night-{first}"
    assert (found.failing and found.failing.run) == (failing and f"night-{failing}")
    assert found.runs == row
    assert found.last.run == f"night-{len(verdicts)}"


def test_since_names_the_run_its_time_and_the_frontends_commit(history: History) -> None:
    keep(history, [foo(1, Verdict.COMPATIBLE), foo(2, Verdict.REGRESSED)])
    found = since(history, CELL, FOO)
    assert found
    assert found.failing == found.first
    assert (found.first.run, found.first.started) == ("night-2", "2026-11-02T03:17:00Z")
    assert found.first.frontend == factories.FRONTEND.sha
    assert found.first.suite == factories.SUITE.sha


def test_a_run_without_the_test_says_nothing_about_it(history: History) -> None:
    keep(history, [foo(1, Verdict.REGRESSED), night(2), foo(3, Verdict.REGRESSED)])
    found = since(history, CELL, FOO)
    assert found
    assert (found.first.run, found.runs) == ("night-1", 2)


def test_what_tests_did_in_the_run_before_one(history: History) -> None:
    keep(
        history,
        [
            night(1, ("TestFoo", Verdict.COMPATIBLE), ("TestOld", Verdict.LOST)),
            night(2, ("TestFoo", Verdict.REGRESSED), ("TestNew", Verdict.COMPATIBLE)),
            night(3, ("TestFoo", Verdict.COMPATIBLE)),
        ],
    )
    started = {it.run: it.started for it in history.strips()[CELL]}
    bar, old, new = (factories.full_name(f"Test{it}") for it in ("Bar", "Old", "New"))
    assert history.before(CELL, "night-1", started["night-1"]) is None
    first = history.before(CELL, "night-2", started["night-2"])
    assert first is not None
    assert (set(first.ran), set(first.failed)) == ({FOO, bar, old}, {old})
    second = history.before(CELL, "night-3", started["night-3"])
    assert second is not None
    assert (set(second.ran), set(second.failed)) == ({FOO, bar, new}, {FOO})


def test_all_that_fails_in_the_newest_run_at_once(history: History) -> None:
    keep(
        history,
        [
            night(1, ("TestFoo", Verdict.REGRESSED), ("TestOld", Verdict.LOST)),
            night(2, ("TestFoo", Verdict.REGRESSED), ("TestNew", Verdict.KNOWN)),
        ],
    )
    told = history.sinces(CELL)
    assert {name: it.first.run for name, it in told.items()} == {
        FOO: "night-1",
        factories.full_name("TestNew"): "night-2",
    }
    assert told[FOO] == since(history, CELL, FOO)
    assert history.sinces("elsewhere") == {}


def _answers(file: Path, order: Sequence[Stored]) -> object:
    with History.open(file, create=True) as history:
        keep(history, order)
        names = sorted(history.tests())
        return (
            history.strips(),
            [history.story(CELL, name) for name in names],
            history.test_budgets(PAIR.suite, "oci", "native"),
            history.expected().cell(PAIR),
        )


def test_the_order_of_recording_changes_no_answer(tmp_path: Path) -> None:
    answers = [
        _answers(tmp_path / str(number), order)
        for number, order in enumerate([*permutations(NIGHTS)][::5])
    ]
    assert all(answer == answers[0] for answer in answers)
