"""The page says without a script what the run says, and asks for nothing from elsewhere."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from harness.model import Verdict
from harness.model.matrix import Shard
from harness.reports.overview import cell_views
from tests.support import example_runs, matrix_factories
from tests.support.html_pages import number, rendered, tree

NIGHTLY = example_runs.nightly()


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return rendered(NIGHTLY, tmp_path_factory.mktemp("nightly"))


def test_the_grid_has_every_cell_with_letter_figures_and_date(page: Path) -> None:
    cells = {it.attributes["data-i"]: it for it in tree(page).all("a") if "data-i" in it.attributes}
    assert len(cells) == len(NIGHTLY.matrix.cells)
    for view in cell_views(NIGHTLY.matrix):
        cell = cells[str(view.index)]
        assert cell.all("b")[0].text == view.word.letter
        figures = f"{view.passing}/{view.total}" if view.result.counts else view.label
        assert figures in cell.text
        assert cell.attributes["data-s"] == ("" if view.result.counts else view.label)
        assert cell.attributes["aria-label"].startswith(f"{view.title}: {view.label}")
    regressed = cells[str(number("v0.8.3--master--oci"))]
    assert "3 regressed" in regressed.text
    assert (
        regressed.all("time")[0].attributes["datetime"]
        == NIGHTLY.runs["v0.8.3--master--oci"].started
    )
    assert regressed.all("time")[0].text == "23 Nov"


def test_a_missing_cell_shows_when_it_last_ran(page: Path) -> None:
    (cell,) = tree(page).all("a", **{"data-i": str(number("v0.12.5--dockerfile_1.10.0--oci"))})
    assert cell.attributes["data-s"] == "missing"
    assert cell.all("time")[0].attributes["datetime"].startswith("2026-11-21")
    assert "last run 2026-11-21" in cell.attributes["aria-label"]


def test_every_row_and_column_has_a_head(page: Path) -> None:
    for table in tree(page).all("table"):
        rows = table.all("tr")
        columns = len(rows[0].all("th"))
        assert all(it.attributes["scope"] == "col" for it in rows[0].all("th"))
        for row in rows[1:]:
            assert [it.attributes["scope"] for it in row.all("th")] == ["row"]
            assert len(row.all("td")) == columns - 1


def test_root_causes_stand_on_the_page_the_broken_first(page: Path) -> None:
    causes = next(it for it in tree(page).all("section") if it.attributes.get("id") == "causes")
    letters = [it.attributes["data-v"] for it in causes.all("li")]
    assert letters == ["R", "R", "L", "B", "I", "E", "C", "F"]
    first, *_, failed = causes.all("li")[:4]
    assert "exec.meta.security is not supported" in first.text
    assert "3 tests in 4 pairs" in first.text
    assert "go build ended with code 1" in failed.text


def test_the_head_says_what_when_and_by_what(page: Path) -> None:
    root = tree(page)
    assert root.all("h1")[0].text.startswith("6 of 17 pairs regressed")
    (meta,) = root.all("p", **{"class": "meta"})
    for told in ("harness 0.1.0", "plan 9c1d9c1d9c1d", "1h 12m", "2026-11-23 01:59 UTC"):
        assert told in meta.text
    legend = root.all("details", **{"class": "legend"})[0].text
    assert all(verdict.value in legend for verdict in Verdict)


def test_a_shard_says_that_it_is_one(tmp_path: Path) -> None:
    matrix = msgspec.structs.replace(NIGHTLY.matrix, shard=Shard(index=3, total=20))
    shown = rendered(matrix_factories.Example(matrix, NIGHTLY.runs), tmp_path)
    assert "shard 3/20 only" in tree(shown).all("p", **{"class": "eyebrow"})[0].text


def test_a_pair_that_broke_since_the_last_run_is_marked(page: Path) -> None:
    new = {it.attributes["data-i"] for it in tree(page).all("a") if it.all("i")}
    past = example_runs.history(NIGHTLY)
    wanted = {
        str(i)
        for i, cell in enumerate(NIGHTLY.matrix.cells)
        if cell.verdict is Verdict.REGRESSED
        and past[cell.id].marks[-1].verdict is not Verdict.REGRESSED
    }
    assert new == wanted
    assert len(new) == 2


def test_the_policy_forbids_everything_from_elsewhere_and_nothing_asks_for_it(page: Path) -> None:
    root = tree(page)
    (policy,) = root.all("meta", **{"http-equiv": "Content-Security-Policy"})
    rules = dict(it.strip().partition(" ")[::2] for it in policy.attributes["content"].split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == "'self'"
    assert rules["require-trusted-types-for"] == "'script'"
    asked = [it.attributes["src"] for it in root.all("script") if "src" in it.attributes]
    asked += [it.attributes["href"] for it in root.all("link")]
    for address in asked:
        assert address.startswith("data:image/svg+xml,") or (page / address).is_file()
    assert not [it for it in root.all("script") if it.text and it.attributes["id"] != "index"]
    everything = "".join(it.read_text() for it in page.rglob("*.*"))
    assert "innerHTML" not in everything
    assert not re.findall(r"""(?:src|url|import)\s*[=(]\s*["']?(?:https?:)?//""", everything)
