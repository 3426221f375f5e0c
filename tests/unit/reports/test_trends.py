"""What the history says of a matrix's pairs over its last runs, as charts and as a table."""

from __future__ import annotations

from pathlib import Path

from harness.history import Mark
from harness.model import Verdict
from harness.model.matrix import CellState
from harness.reports.page.trends import FIGURES, HEIGHT, nights, trends
from harness.reports.past import MARKS, Past
from tests.support import example_runs
from tests.support.html_pages import rendered, tree


def mark(
    run: int, verdict: Verdict, state: CellState = CellState.DONE, seconds: float = 60.0
) -> Mark:
    return Mark(
        run=f"run-{run:03}",
        started=f"2026-11-{1 + run // 24:02}T{run % 24:02}:00:00Z",
        suite="a" * 40,
        frontend="b" * 40,
        state=state,
        verdict=verdict,
        seconds=seconds,
    )


def test_a_pair_that_a_run_did_not_run_is_as_it_was_left() -> None:
    told = nights(
        {
            "old": Past((mark(0, Verdict.KNOWN), mark(2, Verdict.REGRESSED))),
            "new": Past((mark(0, Verdict.COMPATIBLE), mark(1, Verdict.FLAKY, seconds=90.0))),
        }
    )
    assert [(it.regressed, it.known, it.flaky) for it in told] == [(0, 1, 0), (0, 1, 1), (1, 0, 1)]
    assert [it.minutes for it in told] == [2.0, 1.5, 1.0]
    assert [it.reused for it in told] == [0.0, 50.0, 50.0]


def test_a_pair_that_came_to_nothing_changes_no_verdict() -> None:
    told = nights({"one": Past((mark(0, Verdict.LOST), mark(1, Verdict.INFRA, CellState.FAILED)))})
    assert [it.regressed for it in told] == [1, 1]


def test_as_many_runs_are_told_as_the_history_shows_and_none_of_one() -> None:
    many = tuple(mark(it, Verdict.COMPATIBLE) for it in range(MARKS))
    later = mark(MARKS, Verdict.KNOWN)
    assert len(nights({"one": Past(many), "two": Past((later,))})) == MARKS
    assert trends({"one": Past(many[:1])}).charts == ()
    assert trends({}).rows == ()


def test_the_highest_bar_fills_the_chart_and_the_lowest_can_be_seen() -> None:
    shown = trends(
        {
            "one": Past(
                tuple(mark(it, Verdict.KNOWN, seconds=s) for it, s in enumerate((0, 60, 6e5)))
            )
        }
    )
    minutes = shown.charts[3]
    assert [it.height for it in minutes.bars] == [0.0, 1.5, HEIGHT]
    assert [it.y + it.height for it in minutes.bars] == [HEIGHT] * 3
    assert minutes.told == (
        "minutes run: 10000 in the newest of 3 runs, between 0 and 10000 in all"
    )
    assert minutes.bars[2].told.endswith(": 10000")


def test_the_page_has_a_chart_for_each_figure_and_all_of_it_as_a_table(tmp_path: Path) -> None:
    example = example_runs.nightly()
    newest = [it.marks[-1].verdict for it in example_runs.history(example).values()]
    regressed = sum(it.blames_frontend for it in newest)
    assert regressed > 1
    page = tree(rendered(example, tmp_path))
    (section,) = page.all("section", id="trends")
    charts = section.all("svg")
    assert [it.attributes["aria-label"].partition(":")[0] for it in charts] == [
        it.name for it in FIGURES
    ]
    assert [len(it.all("rect")) for it in charts] == [12] * len(FIGURES)
    told = f"pairs regressed: {regressed} in the newest of 12 runs"
    assert charts[0].attributes["aria-label"].startswith(told)
    rows = section.all("tr")
    assert len(rows) == 1 + 12
    assert rows[1].all("td")[0].text == str(regressed)
    assert rows[1].all("time")[0].attributes["datetime"] == "2026-11-21T01:59:07Z"
