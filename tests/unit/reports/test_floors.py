"""The table of floors: tests by lines of daemons, and what they were refused for want of."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.history import Before
from harness.model import Judgement, Outcome, Verdict
from harness.reports import markdown
from harness.reports.markdown import summary_markdown
from harness.reports.overview import cell_views
from harness.reports.page import render
from harness.reports.past import Past
from harness.reports.write import write_reports
from tests.support import example_runs
from tests.support.factories import full_name, judgement
from tests.support.floors import refused
from tests.support.html_pages import rendered, tree
from tests.support.matrix_factories import (
    Example,
)
from tests.support.surveys import surveyed
from tests.support.varied_daemons import (
    GOOD,
    ON_NEWER,
    ON_OLD,
    THREE,
    column,
    example,
)

P, F = Outcome.PASS, Outcome.FAIL


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


BEFORE = Before(
    ran=frozenset(map(full_name, ("TestCopy", "TestCmd", "TestDies"))),
    failed=frozenset(map(full_name, ("TestCmd", "TestDies"))),
)
"""In the run before, TestCopy passed, TestCmd did not, and others there were none."""


def test_what_changed_since_the_last_run_is_marked() -> None:
    survey = surveyed(THREE, {ON_NEWER.id: BEFORE, ON_OLD.id: BEFORE})
    text = summary_markdown(THREE.matrix, cell_views(THREE.matrix), survey)
    told = {row.test: row.changed for row in survey.floors.rows(survey.tests)}
    assert told == {
        "TestCmd": (True, True, False),
        "TestCopy": (False, True, False),
        "TestDies": (False, False, False),
        "TestMount[fileop=true]": (False, False, False),
        "TestSecret": (False, False, False),
    }
    assert "| `TestCopy` | ∅ **U** | ✗ **W** Δ | ✓ **P** |" in text
    assert "? **?** unknown; Δ changed since the last run.\n" in text
    assert "Δ" not in summary(THREE)


def test_the_page_marks_it_too(tmp_path: Path) -> None:
    THREE.store(tmp_path)
    write_reports(tmp_path, {ON_NEWER.id: Past(before=BEFORE)})
    (section,) = tree(tmp_path / "page").all("section", id="floors")
    changed = section.all("td", **{"class": "changed"})
    assert [it.attributes["title"] for it in changed] == [
        "works, changed since the last run",
        "wrong, changed since the last run",
    ]
    assert "Δ changed since the last run: 2 of 5 tests" in section.text


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
