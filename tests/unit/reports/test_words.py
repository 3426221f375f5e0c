"""One look for each verdict and state, and one order in everything that lists them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path

import pytest

from harness.model import Below, Verdict
from harness.model.matrix import CellState
from harness.reports import matrixterminal, terminal
from harness.reports.junit import kind_of
from harness.reports.markdown import summary_markdown
from harness.reports.overview import cell_views
from harness.reports.survey import Survey
from harness.reports.words import FLOORS, LOOKS, STATES, UNKNOWN, WORDS, look
from harness.stored.gate.findings import Kind
from tests.support import example_runs, factories
from tests.support.html_pages import rendered

NIGHTLY = example_runs.nightly()
EVERY = factories.every_verdict_run()
CSS = {
    "red": "bad",
    "magenta": "odd",
    "yellow": "warn",
    "cyan": "calm",
    "white": "none",
    "green": "good",
}


def test_no_word_says_that_the_frontend_varies() -> None:
    """The same words stand in the reports of pairs whose daemon varies."""
    told = [f"{word.meaning} {word.alone}" for word in LOOKS]
    assert not [it for it in told if "frontend" in it or "this one" in it]


def test_no_letter_has_two_meanings() -> None:
    assert len({word.letter for word in LOOKS}) == len(LOOKS)
    assert len({word.name for word in LOOKS}) == len(LOOKS)
    assert set(LOOKS) == {*WORDS.values(), *STATES.values()}
    assert set(STATES) == set(CellState) - {CellState.DONE}


def test_the_looks_stand_in_the_order_of_the_verdicts() -> None:
    assert [word.name for word in LOOKS if word in WORDS.values()] == [it.value for it in Verdict]


def test_the_words_of_floors_are_told_apart_from_those_of_verdicts() -> None:
    assert set(FLOORS) == {None, *Below}
    own = [FLOORS[Below.WRONG], FLOORS[Below.CRASH], UNKNOWN]
    assert len({word.letter for word in (*LOOKS, *own)}) == len(LOOKS) + len(own)
    assert FLOORS[None].letter == WORDS[Verdict.COMPATIBLE].letter


@pytest.mark.parametrize("state", CellState)
@pytest.mark.parametrize("verdict", Verdict)
def test_a_cell_looks_like_its_state_unless_its_frontend_is_blamed(
    state: CellState, verdict: Verdict
) -> None:
    own = state is CellState.DONE or verdict in {Verdict.REGRESSED, Verdict.LOST}
    assert look(state, verdict) is (WORDS[verdict] if own else STATES[state])


def test_every_verdict_is_something_to_a_ci_system() -> None:
    kinds = {verdict.value: kind_of(verdict) for verdict in Verdict}
    assert kinds == {
        "regressed": "failure",
        "lost": "failure",
        "infra": "error",
        "indeterminate": "error",
        "stale-entry": "",
        "changed-failure": "skipped",
        "flaky": "skipped",
        "unavailable": "skipped",
        "refused": "skipped",
        "known": "skipped",
        "same-failure": "skipped",
        "fixed": "",
        "compatible": "",
        "skipped": "skipped",
    }


def test_the_style_sheet_colours_letters_as_a_terminal_does() -> None:
    sheet = (files("harness.reports.page") / "static" / "page.css").read_text("utf-8")
    words = {*LOOKS, *FLOORS.values(), UNKNOWN}
    found = dict.fromkeys((word.letter for word in words), "good")
    for line in re.findall(r"^\[data-v=.*--strong: var.*$", sheet, re.MULTILINE):
        (name,) = re.findall(r"--strong: var\(--(\w+)\)", line)
        found |= dict.fromkeys(re.findall(r'data-v="([\w?])"', line), name)
    assert found == {word.letter: CSS[word.colour] for word in words}


def _terminal(_: Path) -> str:
    table = terminal.render(EVERY, Path("/runs/x")).split("\n\n")[1]
    return "\n".join(re.findall(r"^  \S \w  ([a-z-]+)", table, re.MULTILINE))


def _sections(_: Path) -> str:
    text = terminal.render(EVERY, Path("/runs/x"))
    return "\n".join(re.findall(r"^([a-z-]+) \(\d+\)$", text, re.MULTILINE))


def _matrix(_: Path) -> str:
    return matrixterminal.render(NIGHTLY.matrix, Path("/runs/x"), commands={}).split("\n\n")[2]


def _summary(_: Path) -> str:
    found = cell_views(NIGHTLY.matrix)
    survey = Survey()
    for view in found:
        if run := NIGHTLY.runs.get(view.planned.id):
            survey.add(view.index, run)
    return summary_markdown(NIGHTLY.matrix, found, survey).rpartition("Tests:")[2]


def _page(folder: Path) -> str:
    page = (rendered(NIGHTLY, folder) / "index.html").read_text("utf-8")
    index = json.loads(re.findall(r'id="index">(.*)</script>', page)[0])
    assert index["order"] == [word.letter for word in LOOKS]
    (legend,) = re.findall(r"<dl>.*?</dl>", page, re.DOTALL)
    return "\n".join(re.findall(r"</b> ([a-z-]+)</dt>", legend))


def _gate(_: Path) -> str:
    return "\n".join(Kind)


@pytest.mark.parametrize("lister", [_terminal, _sections, _matrix, _summary, _page, _gate])
def test_everything_that_lists_verdicts_has_one_order(
    lister: Callable[[Path], str], tmp_path: Path
) -> None:
    names = {word.name for word in LOOKS} - ({"failed", "missing"} if lister is _gate else set())
    listed = [it for it in re.findall(r"[a-z]+(?:-[a-z]+)*", lister(tmp_path)) if it in names]
    assert len(listed) > 2
    assert listed == [word.name for word in LOOKS if word.name in listed]
