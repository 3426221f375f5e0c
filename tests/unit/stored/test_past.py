"""What the history says is told in words that can be read and pasted."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

import pytest
from msgspec.structs import replace

from harness.errors import UsageError
from harness.history import History
from harness.model import Verdict
from harness.model.matrix import CellState
from harness.stored import past
from tests.support import factories, nights
from tests.support.gates import OTHER, PAIR, judged, run_of

Golden = Callable[[str, str], None]


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[History]:
    file = tmp_path_factory.mktemp("past") / "history.sqlite"
    with History.open(file, create=True) as opened:
        for day, verdict in enumerate(
            [
                *(Verdict.REGRESSED, Verdict.COMPATIBLE, Verdict.FLAKY),
                *(Verdict.COMPATIBLE, Verdict.REGRESSED, Verdict.REGRESSED),
            ],
            1,
        ):
            _keep(opened, day, verdict)
        _missing(opened, 7)
        _hostile(opened)
        yield opened


def _keep(history: History, day: int, verdict: Verdict) -> None:
    started = f"2026-11-{day:02}T03:17:00Z"
    ours = run_of(PAIR, judged("TestNoCache", verdict), judged("TestCopy", Verdict.COMPATIBLE))
    other = run_of(OTHER, judged("TestNoCache", Verdict.COMPATIBLE))
    results = [
        nights.done(nights.timed(replace(run, started=started, id=f"{day}"), day / 2))
        for run in (ours, other)
    ]
    history.keep(nights.matrix_of(results, name=f"night-{day}", started=started), results)


def _missing(history: History, day: int) -> None:
    results = [nights.undone(nights.cell_id(PAIR), CellState.MISSING)]
    started = f"2026-11-{day:02}T03:17:00Z"
    history.keep(
        nights.matrix_of(results, name=f"night-{day}", started=started, also=[PAIR]), results
    )


def _hostile(history: History) -> None:
    row = replace(judged("TestFoo", Verdict.REGRESSED), name=f"##[error]{factories.HOSTILE}")
    results = [nights.done(run_of(PAIR, row), cell="hostile")]
    history.keep(nights.matrix_of(results, name="\x1b[2J"), results)


def test_a_test_is_told_cell_by_cell_as_it_was_read(history: History, golden: Golden) -> None:
    found = past.stories(history, "TestNoCache", "*")
    golden("history/test.txt", past.render(found))
    golden("history/test.json", json.dumps(past.as_json(found), indent=2) + "\n")


def test_cells_are_told_as_they_were_read(history: History, golden: Golden) -> None:
    strips = past.chosen(history.strips(), "v*")
    golden("history/cells.txt", past.render_strips(strips))
    golden("history/cells.json", json.dumps(past.strips_as_json(strips), indent=2) + "\n")


@pytest.mark.parametrize(
    ("test", "cells", "found"),
    [
        ("TestNoCache", "*", 2),
        ("TestNoCache", "v0.6*", 1),
        ("TestNoCache", "v9*", 0),
        ("Test?oCache", "*", 2),
        ("TestIntegration/TestNoCache/*", "*", 2),
        ("TestNo*", "*", 2),
        ("TestCopy", "*", 1),
    ],
)
def test_tests_go_by_function_name_and_globs(
    history: History, test: str, cells: str, found: int
) -> None:
    assert len(past.stories(history, test, cells)) == found


def test_brackets_are_letters_in_names(history: History) -> None:
    with pytest.raises(UsageError):
        past.stories(history, "Test[N]oCache", "*")


def test_a_test_that_nobody_saw_is_told_with_near_ones(history: History) -> None:
    with pytest.raises(UsageError, match="no test like 'TestNoCash' was ever recorded") as caught:
        past.stories(history, "TestNoCash", "*")
    assert "TestNoCache" in caught.value.hint
    with pytest.raises(UsageError) as caught:
        past.stories(history, "zzz", "*")
    assert "compat history" in caught.value.hint


def test_hostile_names_act_on_nothing(history: History) -> None:
    text = past.render(past.stories(history, "*", "hostile"))
    assert "␛[31mRed" in text
    assert all(line.isprintable() for line in text.split("\n"))
    assert "##[" not in text


def test_a_long_past_is_cut_at_its_beginning(history: History) -> None:
    (story,) = past.stories(history, "TestCopy", "v*")
    long = replace(story, marks=story.marks * 30)
    assert f"runs    …{'P' * 60}\n" in past.render([long])


def test_nothing_is_told_of_nothing() -> None:
    assert past.render([]) == ""
    assert past.render_strips({}) == ""
