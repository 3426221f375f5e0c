"""The page in a real browser: what people click, type and see."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from harness.model import Verdict
from harness.reports.overview import cell_views
from tests.support.browsing import BROKEN, NIGHTLY, Visit, cell, ends, expect_cells, visible_cells

pytestmark = pytest.mark.integration


# -- the grid ------------------------------------------------------------------------------------


def test_the_grid_shows_every_pair_and_how_old_it_is(visit: Visit) -> None:
    page = visit()
    expected = [
        f"{it.word.letter} {it.passing}/{it.total}"
        if it.result.counts
        else f"{it.word.letter} {it.label}"
        for it in cell_views(NIGHTLY.matrix)
    ]
    expect_cells(page, expected)
    assert re.fullmatch(r"\d+ (d|h|min)|now", page.locator(f"{cell(BROKEN)} time").inner_text())
    expect(page.locator("h1")).to_contain_text("6 of 17 pairs regressed")
    expect(page.locator("#started")).to_contain_text("2026-11-23 01:59 UTC")
    expect(page.locator("#started")).to_contain_text(re.compile(r"ago|just now"))


def test_without_javascript_the_grid_and_the_causes_are_there(
    browser: Browser, pages: Path
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((pages / "nightly" / "page" / "index.html").as_uri())
    assert page.locator("a.cell").count() == len(NIGHTLY.matrix.cells)
    expect(page.locator(cell(BROKEN))).to_contain_text("3 regressed")
    expect(page.locator("#causes")).to_contain_text("exec.meta.security is not supported")
    expect(page.locator("noscript")).to_be_visible()
    expect(page.locator("form.tools")).to_be_hidden()
    context.close()


# -- a cell --------------------------------------------------------------------------------------


def test_a_click_opens_a_cell_and_back_returns_to_it(visit: Visit) -> None:
    page = visit()
    page.click(cell(BROKEN))
    expect(page.locator(".cellview h2")).to_contain_text("v0.8.3")
    expect(page.locator("#grids")).to_be_hidden()
    group = page.locator(".cause").first
    expect(group).to_contain_text("exec.meta.security is not supported by build server")
    expect(group.locator(".test")).to_have_count(3)
    first = group.locator(".test").first
    expect(first.locator(".control")).to_contain_text("pass 1.2s, pass 1.2s")
    expect(first.locator(".candidate pre")).to_contain_text("Received unexpected error")
    expect(first).to_contain_text("fails since 2026-11-19")
    expect(page.locator(".strip li")).to_have_count(12)
    expect(page.locator(".command").first).to_contain_text("compat-run v0.8.3 master --worker oci")
    page.go_back()
    expect(page.locator(cell(BROKEN))).to_be_focused()


def test_a_log_link_leads_to_the_log(visit: Visit) -> None:
    page = visit(f"#cell={BROKEN}")
    page.click(".candidate >> text=log >> nth=0")
    expect(page.locator("body")).to_contain_text("not supported by build server")


def test_an_entry_shows_its_reason_and_its_link(visit: Visit) -> None:
    page = visit("#cell=v0.6.4--master--oci")
    entry = page.locator(".entries li").first
    expect(entry).to_contain_text("frontends from 0.11 on refuse BUILDKIT_DISABLE_FILEOP")
    expect(entry).to_contain_text("5 tests")
    expect(entry.locator("a")).to_have_attribute(
        "href", "https://github.com/moby/buildkit/pull/3284"
    )
    page.click("summary:has-text('known')")
    expect(page.locator(".cause[data-v=K] .test")).to_have_count(5)


def test_the_command_is_copied(visit: Visit) -> None:
    page = visit(f"#cell={BROKEN}", permissions=["clipboard-read", "clipboard-write"])
    page.click(".copy >> nth=0")
    expect(page.locator(".copy").first).to_have_text("Copied")
    assert (
        page.evaluate("navigator.clipboard.readText()") == "compat-run v0.8.3 master --worker oci"
    )


def test_failed_and_missing_cells_say_so(visit: Visit) -> None:
    page = visit("#cell=v0.16.0--master--oci")
    expect(page.locator("pre.error")).to_contain_text("go build ended with code 1")
    expect(page.locator(".hint")).to_contain_text("see the build's log")
    page = visit("#cell=v0.12.5--dockerfile_1.10.0--oci")
    expect(page.locator(".headline")).to_contain_text("never begun")


@pytest.mark.parametrize("what", ["cell", "test"])
def test_an_address_that_leads_nowhere_says_so(what: str, visit: Visit) -> None:
    page = visit(f"#{what}=nonsense")
    expect(page.locator("#view")).to_contain_text("No pair of this matrix has")


# -- a test --------------------------------------------------------------------------------------


def test_a_test_is_shown_across_all_pairs(visit: Visit) -> None:
    page = visit(f"#cell={BROKEN}")
    page.click("text=This test in all pairs >> nth=0")
    expect(page.locator(".testview h2")).to_have_text("TestMountContext")
    expect(page.locator(cell(BROKEN))).to_contain_text("regressed")
    expect(page.locator(cell("v0.6.4--master--oci"))).to_contain_text("compatible")
    expect(page.locator("a.cell.faded")).to_have_count(3)
    listed = page.locator("#more .pairs li")
    expect(listed).to_have_count(4)
    expect(listed.first).to_contain_text("since 2026-11-19")
    listed.first.locator("a").click()
    expect(page.locator("#focused summary")).to_be_focused()
    expect(page.locator("#focused .name")).to_have_text("TestMountContext")


# -- search and filters --------------------------------------------------------------------------


def test_a_search_paints_the_grid_and_is_kept_in_the_address(visit: Visit) -> None:
    page = visit()
    page.keyboard.press("/")
    page.keyboard.type("mount rw")
    expect(page.locator(".results li")).to_have_count(1)
    expect(page.locator(".results li")).to_contain_text("TestMountRWCache")
    painted = visible_cells(page)
    assert sorted(set(painted)) == ["P 1/1", "R 0/1"]
    expect(page).to_have_url(ends("#q=mount%20rw"))
    again = visit("#q=mount%20rw")
    expect_cells(again, painted)
    assert again.input_value("#query") == "mount rw"


def test_the_table_of_floors_has_letters_links_and_what_a_search_finds(visit: Visit) -> None:
    page = visit(example="floors")
    table = page.locator("#floors table")
    expect(table.locator("thead th")).to_have_text(
        [re.compile("test"), "v0.6", "v0.12", re.compile("master")]
    )
    row = table.locator("tr[data-test=TestSecret]")
    expect(row.locator("td")).to_have_text(["U", "U", "P"])
    assert row.locator("td").first.get_attribute("title") == "refused"
    page.keyboard.press("/")
    page.keyboard.type("secret")
    expect(table.locator("tr[data-test]:visible")).to_have_count(1)
    page.click("#clear")
    expect(table.locator("tr[data-test]:visible")).to_have_count(4)
    row.locator("a").click()
    expect(page).to_have_url(ends("#test=TestSecret"))


def test_what_is_refused_is_a_verdict_to_filter_by(visit: Visit) -> None:
    page = visit(example="floors")
    expect(page.locator("#floors .lacking li").first).to_contain_text("exec.secretenv")
    page.click("[data-verdict=refused]")
    assert sorted(set(visible_cells(page))) == ["U 1", "U 2"]
    expect(page).to_have_url(ends("#verdict=refused"))


def test_a_verdict_shows_where_tests_have_it_and_how_many(visit: Visit) -> None:
    page = visit()
    everything = visible_cells(page)
    page.click("[data-verdict=known]")
    expect_cells(page, ["K 5"] * 3)
    expect(page.locator("tbody tr:visible")).to_have_count(1)
    page.click("[data-verdict=flaky]")
    expect_cells(page, ["F 1", "F 1", "K 5", "K 5", "K 5"])
    expect(page).to_have_url(ends("#verdict=known%2Cflaky"))
    page.click("#clear")
    expect_cells(page, everything)


def test_two_clicks_in_one_breath_both_count(visit: Visit) -> None:
    page = visit()
    page.evaluate(
        "for (const verdict of ['known', 'flaky'])"
        " document.querySelector(`[data-verdict=${verdict}]`).click()"
    )
    expect(page).to_have_url(ends("#verdict=known%2Cflaky"))
    expect_cells(page, ["F 1", "F 1", "K 5", "K 5", "K 5"])


def test_a_worker_hides_the_others(visit: Visit) -> None:
    page = visit()
    page.click("button[data-worker=containerd]")
    expect(page.locator("section.variant:visible")).to_have_count(1)
    page.click(cell("v0.12.5--master--containerd"))
    expect(page).to_have_url(ends("#worker=containerd&cell=v0.12.5--master--containerd"))


def test_filters_hold_inside_a_cell_and_come_back_with_escape(visit: Visit) -> None:
    page = visit(f"#verdict=lost&cell={BROKEN}")
    assert page.locator(".cellview .verdict").count() == 1
    page.keyboard.press("Escape")
    expect(page.locator(cell(BROKEN))).to_be_focused()
    expect(page).to_have_url(ends("#verdict=lost"))
    page.keyboard.press("Escape")
    expect(page).to_have_url(ends("#"))


def test_every_verdict_is_somewhere_in_what_was_looked_at() -> None:
    seen = {it.verdict for run in NIGHTLY.runs.values() for it in run.judgements}
    # Nothing is refused where the frontend varies, as it does in this night.
    assert seen == set(Verdict) - {Verdict.INDETERMINATE, Verdict.REFUSED}
