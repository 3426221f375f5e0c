"""The page in a real browser: what people click, type and see, and what hostile text cannot do."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright._impl._driver import compute_driver_executable
from playwright.sync_api import Browser, Dialog, Page, ViewportSize, expect

from harness.model import Verdict
from harness.reports.overview import spots
from harness.reports.write import write_reports
from tests.integration.chromium import opened
from tests.unit import exampleruns

pytestmark = pytest.mark.integration

NIGHTLY = exampleruns.nightly()
HOSTILE = exampleruns.hostile()
DESKTOP = ViewportSize(width=1280, height=800)
PHONE = ViewportSize(width=390, height=844)
BROKEN = "v0.8.3--master--oci"
PATIENCE = 30_000
"""Milliseconds for whatever should be there at once."""

AXE = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"],
    "preload": False,
    "resultTypes": ["violations"],
}

Visit = Callable[..., Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with opened() as running:
        yield running


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pages")
    for name, example in (("nightly", NIGHTLY), ("hostile", HOSTILE)):
        write_reports(example.store(folder / name), exampleruns.history(example))
    return folder


@pytest.fixture
def visit(browser: Browser, folder: Path) -> Iterator[Visit]:
    """Open a page; whatever it does that it must not do fails the test."""
    faults: list[str] = []
    contexts = []

    def dismiss(dialog: Dialog) -> None:
        faults.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def visit(address: str = "", *, example: str = "nightly", **settings: Any) -> Page:  # noqa: ANN401 - Playwright's
        context = browser.new_context(**{"viewport": DESKTOP, **settings})
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: faults.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: faults.append(f"error: {error}"))
        page.on("dialog", dismiss)
        page.on("request", lambda request: faults.extend(_foreign(request.url)))
        page.goto((folder / example / "page" / "index.html").as_uri() + address)
        page.wait_for_selector("body[data-shown]")
        return page

    yield visit
    for context in contexts:
        context.close()
    assert faults == []


def _foreign(url: str) -> list[str]:
    return [] if url.startswith(("file://", "data:image/svg+xml,")) else [f"asked for {url}"]


def show(page: Page, address: str) -> None:
    """Go to another view of an open page and wait for it; the page's policy forbids polling."""
    before = page.get_attribute("body", "data-shown")
    if page.evaluate(
        "address => { const old = location.hash; location.hash = address;"
        " return location.hash !== old; }",
        address,
    ):
        page.wait_for_selector(f"body[data-shown]:not([data-shown='{before}'])")


def ends(hash_: str) -> re.Pattern[str]:
    """Match an address by its end: a page may take a moment to get there."""
    return re.compile(re.escape(hash_) + "$")


def cell(name: str) -> str:
    """Give the selector of a cell's link in the grid."""
    number = [it.id for it in NIGHTLY.matrix.cells].index(name)
    return f"a.cell[data-i='{number}']"


def visible_cells(page: Page) -> list[str]:
    """Give letter and figures of every cell that is shown and concerned."""
    found: list[str] = page.eval_on_selector_all(
        "a.cell:not(.faded)",
        "all => all.filter(it => it.checkVisibility())"
        ".map(it => it.querySelector('b').textContent + ' ' + it.querySelector('.n').textContent)",
    )
    return found


def expect_cells(page: Page, expected: Sequence[str]) -> None:
    """Wait until a page that was clicked shows these; its policy forbids polling inside it."""
    end = time.monotonic() + PATIENCE / 1000
    while sorted(visible_cells(page)) != sorted(expected) and time.monotonic() < end:
        page.wait_for_timeout(50)
    assert sorted(visible_cells(page)) == sorted(expected)


# -- the grid ------------------------------------------------------------------------------------


def test_the_grid_shows_every_pair_and_how_old_it_is(visit: Visit) -> None:
    page = visit()
    expected = [
        f"{it.word.letter} {it.passing}/{it.total}"
        if it.result.counts
        else f"{it.word.letter} {it.label}"
        for it in spots(NIGHTLY.matrix)
    ]
    expect_cells(page, expected)
    assert re.fullmatch(r"\d+ (d|h|min)|now", page.locator(f"{cell(BROKEN)} time").inner_text())
    expect(page.locator("h1")).to_contain_text("6 of 17 pairs regressed")
    expect(page.locator("#started")).to_contain_text("2026-11-23 01:59 UTC")
    expect(page.locator("#started")).to_contain_text(re.compile(r"ago|just now"))


def test_without_javascript_the_grid_and_the_causes_are_there(
    browser: Browser, folder: Path
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto((folder / "nightly" / "page" / "index.html").as_uri())
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


# -- keyboard ------------------------------------------------------------------------------------


def test_the_grid_is_walked_with_arrows_over_holes(visit: Visit) -> None:
    page = visit()
    page.focus(cell("v0.16.0--master--oci"))

    def press(key: str) -> str:
        page.keyboard.press(key)
        place: int = page.evaluate("Number(document.activeElement.dataset.i)")
        return NIGHTLY.matrix.cells[place].id

    assert press("ArrowRight") == "v0.16.0--dockerfile_1.10.0--oci"
    assert press("ArrowUp") == "master--dockerfile_1.10.0--oci"
    assert press("ArrowLeft") == "master--dockerfile_1.10.0--oci"  # a hole is there, then the edge
    assert press("End") == "master--dockerfile_1.4.3--oci"
    assert press("ArrowDown") == "v0.16.0--dockerfile_1.4.3--oci"
    assert press("Home") == "v0.16.0--master--oci"
    assert press("ArrowUp") == "v0.16.0--master--oci"
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("Enter")
    expect(page.locator(".cellview h2")).to_be_focused()
    page.keyboard.press("j")
    expect(page.locator(".cellview h2")).not_to_contain_text("v0.16.0 × master")  # noqa: RUF001
    page.keyboard.press("Escape")
    expect(page.locator("a.cell:focus")).to_have_count(1)


def test_a_grid_is_one_stop_of_the_tab_key(visit: Visit) -> None:
    page = visit()
    for table in page.locator("table").all():
        assert table.locator("a.cell[tabindex='0']").count() == 1


# -- looks ---------------------------------------------------------------------------------------

VIEWS = {
    "grid": "",
    "cell": f"#cell={BROKEN}",
    "known": "#cell=v0.6.4--master--oci",
    "failed": "#cell=v0.16.0--master--oci",
    "test": "#test=TestMountContext",
    "search": "#q=mount",
    "verdict": "#verdict=known,flaky",
}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_view_is_accessible_with_contrast_enough(scheme: str, visit: Visit) -> None:
    # axe writes markup of its own, which the page's policy forbids.
    page = visit(color_scheme=scheme, bypass_csp=True)
    axe = Axe()
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", background))) < 300) is (scheme == "dark")
    for name, address in VIEWS.items():
        show(page, address)
        page.evaluate("document.querySelectorAll('details').forEach(it => it.open = true)")
        found = axe.run(page, options=AXE)
        assert found.violations_count == 0, f"{name}: {found.generate_report()}"


@pytest.mark.parametrize("example", ["nightly", "hostile"])
def test_a_phone_scrolls_no_view_sideways(example: str, visit: Visit) -> None:
    page = visit(example=example, viewport=PHONE)
    for address in VIEWS.values():
        opened = address.replace(BROKEN, "hostile") if example == "hostile" else address
        show(page, opened)
        page.evaluate("document.querySelectorAll('details').forEach(it => it.open = true)")
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"], address


def test_printed_a_cell_has_everything_open_and_no_tools(visit: Visit) -> None:
    page = visit(f"#cell={BROKEN}", color_scheme="dark")
    page.emulate_media(media="print", color_scheme="dark")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("#view details:not([open])").count() == 0
    expect(page.locator("form.tools")).to_be_hidden()
    colour = page.evaluate("getComputedStyle(document.body).color")
    assert sum(map(int, re.findall(r"\d+", colour))) < 200
    assert page.pdf().startswith(b"%PDF")


# -- hostile text --------------------------------------------------------------------------------


def test_hostile_text_is_shown_and_never_run(visit: Visit) -> None:
    name = HOSTILE.runs["hostile"].judgements[0].name
    evil = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
    for address in (
        "",
        "#cell=hostile",
        f"#test={quote(name, safe='')}",
        "#q=img",
        "#verdict=known",
    ):
        page = visit(address, example="hostile")
        page.evaluate("document.querySelectorAll('details').forEach(it => it.open = true)")
        assert evil in page.inner_text("body")
        assert page.locator("img, iframe, object, embed").count() == 0
        scripts = page.eval_on_selector_all("script[src]", "all => all.map(it => it.src)")
        assert not [it for it in scripts if "/page/" not in it]
        assert page.locator("script:not([src]):not([type='application/json'])").count() == 0
    page = visit("#cell=hostile", example="hostile")
    assert page.locator("a[href^='javascript:']").count() == 0
    assert "\\u202e" in page.inner_text("body")
    assert "\u202e" not in page.inner_text("body")


def test_markup_cannot_be_made_of_text_even_by_mistake(browser: Browser, folder: Path) -> None:
    page = browser.new_page()
    page.goto((folder / "nightly" / "page" / "index.html").as_uri())
    refused = page.evaluate(
        "() => { try { document.body.innerHTML = '<b>x</b>'; return ''; }"
        " catch (error) { return error.name; } }"
    )
    assert refused == "TypeError"
    page.close()


# -- scripts -------------------------------------------------------------------------------------


@pytest.mark.parametrize("script", ["dom", "data", "grid", "cell", "search", "page"])
def test_scripts_are_javascript(script: str, folder: Path) -> None:
    node, _ = compute_driver_executable()
    file = folder / "nightly" / "page" / f"{script}.js"
    done = subprocess.run([node, "--check", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert file.read_text().count("\n") < 250


def test_every_verdict_is_somewhere_in_what_was_looked_at() -> None:
    seen = {it.verdict for run in NIGHTLY.runs.values() for it in run.judgements}
    assert seen == set(Verdict) - {Verdict.INDETERMINATE}
