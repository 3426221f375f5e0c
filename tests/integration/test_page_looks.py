"""The page in a real browser by keyboard, in light and dark, on a phone and on paper."""

from __future__ import annotations

import re

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import ViewportSize, expect

from tests.support.browsing import BROKEN, NIGHTLY, Visit, cell, show

pytestmark = pytest.mark.integration

PHONE = ViewportSize(width=390, height=844)

AXE = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"],
    "preload": False,
    "resultTypes": ["violations"],
}


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
    for table in page.locator("table.grid").all():
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
