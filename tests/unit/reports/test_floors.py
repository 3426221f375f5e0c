"""The table of floors: tests by lines of daemons, and what they were refused for want of."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.model import Channel, Judgement, Outcome, Source, Vary, Verdict
from harness.model.matrix import PlannedCell
from harness.reports import markdown
from harness.reports.markdown import summary_markdown
from harness.reports.overview import cell_views
from harness.reports.page import render
from tests.support import example_runs
from tests.support.factories import full_name, judgement
from tests.support.floors import refused
from tests.support.html_pages import rendered, tree
from tests.support.matrix_factories import (
    MASTER,
    Example,
    commit,
    matrix_of,
    pair,
    planned,
    result_of,
    run_of,
)
from tests.support.surveys import surveyed

P, F, CRASH = Outcome.PASS, Outcome.FAIL, Outcome.CRASH
OLD = commit("v0.6.4", "2020-02-21", "0.6.4", "1.1.7")
OLDER_PATCH = commit("v0.6.1", "2019-09-10", "0.6.1", "1.1.3")
NEWER = commit("v0.12.5", "2024-01-31", "0.12.5", "1.6.0")

GOOD = Verdict.COMPATIBLE, [P], [P]
WRONG = Verdict.REGRESSED, [P], [F]


def column(suite: PlannedCell, *rows: Judgement) -> tuple[PlannedCell, tuple[Judgement, ...]]:
    """A daemon with the tests of master, whose daemon varies."""
    tests = Source(commit=MASTER, channel=Channel.LABS)
    return replace(suite, pair=replace(suite.pair, vary=Vary.DAEMON, tests=tests)), rows


def example(*columns: tuple[PlannedCell, tuple[Judgement, ...]]) -> Example:
    runs = {cell.id: run_of(cell, rows) for cell, rows in columns}
    cells = [cell for cell, _ in columns]
    return Example(matrix_of(cells, [result_of(it, runs[it.id]) for it in cells]), runs)


ON_OLD = planned(pair(OLD, MASTER))
ON_OLDER = planned(pair(OLDER_PATCH, MASTER))
ON_NEWER = planned(pair(NEWER, MASTER))

THREE = example(
    column(
        ON_NEWER,
        judgement("TestCopy", *WRONG, error="mode 0000"),
        judgement("TestCmd", *GOOD),
        refused("TestSecret", "exec.secretenv"),
        judgement("TestOut", Verdict.SKIPPED, [Outcome.SKIP], [Outcome.SKIP]),
    ),
    column(
        ON_OLD,
        judgement("TestCopy", *GOOD),
        judgement("TestCmd", *GOOD),
        refused("TestSecret", "exec.secretenv"),
        refused(full_name("TestMount", "fileop=true"), "mounts | `x` <b>"),
        judgement("TestDies", Verdict.REGRESSED, [P], [CRASH]),
    ),
    column(ON_OLDER, refused("TestCopy", "exec.secretenv"), judgement("TestMaybe", *GOOD)),
)


def summary(of: Example) -> str:
    return summary_markdown(of.matrix, cell_views(of.matrix), surveyed(of))


def letters(text: str) -> dict[str, str]:
    """Return the letters of each row of the table of floors."""
    table = text.partition("## Floors")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(.+?)` \|(.*)\|$", table, re.MULTILINE)
    return {name: "".join(re.findall(r"\*\*(.)\*\*", rest)) for name, rest in rows}


def test_a_test_has_a_letter_for_each_line_the_oldest_first() -> None:
    text = summary(THREE)
    assert "| test | `v0.6` | `v0.12` | `master` |\n|---|---|---|---|\n" in text
    assert letters(text) == {
        "TestCopy": "UWP",
        "TestDies": "D?P",
        "TestMount[fileop=true]": "U?P",
        "TestSecret": "UUP",
    }
    assert "∅ **U** refused, ✗ **W** wrong, ✗ **D** crash, ? **?** unknown" in text


def test_each_capability_names_the_tests_that_want_it() -> None:
    text = summary(THREE)
    first, second = re.findall(
        r"U (\d+) tests? refused for want of <code>(.*)</code></summary>\n\n- Tests: (.*)\n", text
    )
    assert first == ("2", "exec.secretenv", "`TestCopy`, `TestSecret`")
    assert second == ("1", "mounts | `x` &lt;b&gt;", "`TestMount[fileop=true]`")


@pytest.mark.parametrize(
    "row",
    [
        judgement("TestCopy", Verdict.SAME_FAILURE, [F], [F]),
        judgement("TestCopy", Verdict.INFRA, [P], [F]),
        judgement("TestCopy", Verdict.FLAKY, [P, P], [F, P]),
        judgement("TestCopy", Verdict.REGRESSED, [], [F]),
        judgement("TestCopy", *GOOD),
    ],
    ids=lambda it: it.verdict.value,
)
def test_what_says_nothing_of_a_daemon_is_in_no_table(row: Judgement) -> None:
    assert "Floors" not in summary(example(column(ON_OLD, row)))


def test_where_the_frontend_varies_there_is_no_table(tmp_path: Path) -> None:
    nightly = example_runs.nightly()
    assert "Floors" not in summary(nightly)
    page = tree(rendered(nightly, tmp_path))
    assert not page.all("section", id="floors")


def test_the_page_has_the_table_with_links_to_the_tests(tmp_path: Path) -> None:
    (section,) = tree(rendered(THREE, tmp_path)).all("section", id="floors")
    rows = section.all("tr")
    assert [it.text for it in rows[0].all("th")][1:] == ["v0.6", "v0.12", "master"]
    found = {it.attributes["data-test"]: it for it in rows[1:]}
    assert list(found) == ["TestCopy", "TestDies", "TestMount[fileop=true]", "TestSecret"]
    assert [it.text for it in found["TestCopy"].all("b")] == ["U", "W", "P"]
    assert [it.attributes["title"] for it in found["TestDies"].all("td")] == [
        *("crash", "unknown", "works")
    ]
    assert found["TestSecret"].all("a")[0].attributes["href"] == "#test=TestSecret"
    first = section.all("li")[0]
    assert "exec.secretenv2 tests refused for want of it: " in first.text.replace("U", "", 1)
    assert [it.text for it in first.all("a")] == ["TestCopy", "TestSecret"]


def test_long_tables_are_cut_and_counted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    rows = [refused(f"TestNumber{number:03}", f"cap.{number:03}") for number in range(300)]
    many = example(column(ON_OLD, *rows))
    text = summary(many)
    assert len(letters(text)) == 200
    assert "… and 100 more rows and columns, all on the page." in text
    monkeypatch.setattr(markdown, "LIMIT", 20_000)
    text = summary(many)
    assert len(text.encode()) < 20_000
    more = re.search(r"… and (\d+) more capabilities, all on the page\.", text)
    assert more
    assert text.count("refused for want of") + int(more[1]) == 300
    monkeypatch.setattr(render, "_FLOORS", 7)
    (section,) = tree(rendered(many, tmp_path)).all("section", id="floors")
    assert len(section.all("tr")) == 8
    assert "… and 293 more rows and columns" in section.text
    assert "… and 200 more capabilities." in section.text
