"""The page of features in a real browser: what people choose, type and see, by keyboard too."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright._impl._driver import compute_driver_executable
from playwright.sync_api import Browser, Page, ViewportSize, expect

from harness.model import Channel
from harness.reports.features.gather import Gathered
from harness.reports.features.page import render
from tests.support import browsing, feature_runs

pytestmark = pytest.mark.integration

PHONE = ViewportSize(width=390, height=844)
AXE = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"],
    "preload": False,
    "resultTypes": ["violations"],
}

Opened = Callable[..., Page]


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a page of two channels, one of them tried on fewer daemons, and of hostile words."""
    gathered = Gathered()
    mainline = feature_runs.runs(channel=Channel.MAINLINE)
    for run in (*feature_runs.runs(), *mainline[1:], feature_runs.hostile()):
        gathered.add(run)
    path = tmp_path_factory.mktemp("features") / "features.html"
    path.write_text("".join(render(gathered.document())), "utf-8")
    return path


@pytest.fixture
def opened(browser: Browser, file: Path) -> Iterator[Opened]:
    """Open the page; whatever it does that it must not do fails the test."""
    with browsing.watched(browser) as new:

        def open_(address: str = "", **settings: object) -> Page:
            page = new(**settings)
            page.goto(file.as_uri() + address)
            page.wait_for_selector("body[data-shown]")
            return page

        yield open_


def rows(page: Page) -> list[str]:
    """Return the features that are shown."""
    found: list[str] = page.eval_on_selector_all(
        ".row button", "all => all.filter(it => it.checkVisibility()).map(it => it.innerText)"
    )
    return found


def test_a_daemon_is_chosen_and_what_lies_there_is_filtered(opened: Opened) -> None:
    page = opened()
    assert len(rows(page)) == len({it.feature for it in feature_runs.SCENARIOS}) + 1
    page.select_option("#daemon", "v0.12.5")
    expect(page.locator("#status")).to_have_text(
        "7 of 7 features on v0.12.5: 2 works, 1 refused, 2 wrong, 2 unseen"
    )
    expect(page.locator(".row[data-feature='copy-link-chmod'] td[data-a]:visible")).to_have_text(
        "Wwrong"
    )
    page.click(".chip[data-answer='wrong']")
    assert rows(page) == ["COPY --chmod, symbolic", "COPY --link --chmod !"]
    assert page.url.endswith("#daemon=v0.12.5&answer=wrong")
    page.click("#clear")
    assert len(rows(page)) == 7
    page.select_option("#frontend", "master-mainline")
    page.select_option("#daemon", "v0.6.4")
    expect(page.locator("#status")).to_contain_text("v0.6.4 was not tried with this frontend")


def test_it_is_used_by_keyboard_alone(opened: Opened) -> None:
    page = opened()
    page.keyboard.press("/")
    page.keyboard.type("chmod copy")
    assert rows(page) == ["COPY --chmod, symbolic", "COPY --link --chmod !"]
    page.locator(".row button:visible").first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    more = page.locator("[id='master-labs.copy-link-chmod.more']")
    expect(more).to_contain_text("on the frontend's own daemon too")
    expect(more).to_contain_text("FROM scratch")
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(more).to_be_hidden()
    expect(page.locator(".row[data-feature='copy-link-chmod'] button:focus")).to_have_count(1)
    page.keyboard.press("/")
    page.keyboard.press("Escape")
    expect(page.locator("#query")).to_have_value("")


def test_an_address_leads_to_a_row(opened: Opened) -> None:
    page = opened("#daemon=v0.6.4&feature=run-mount-type-secret-env")
    more = page.locator("[id='master-labs.run-mount-type-secret-env.more']")
    expect(more).to_contain_text("requested experimental feature exec.secretenv")
    expect(page.locator("#daemon")).to_have_value("v0.6.4")


def test_without_scripts_every_row_is_open(browser: Browser, file: Path) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(file.as_uri())
    expect(page.locator("form.tools")).to_be_hidden()
    assert page.locator(".more:visible").count() == page.locator(".row").count()
    context.close()


@pytest.mark.parametrize(("scheme", "viewport"), [("light", browsing.DESKTOP), ("dark", PHONE)])
def test_it_is_accessible_and_scrolls_nowhere_sideways(
    scheme: str, viewport: ViewportSize, opened: Opened
) -> None:
    # axe writes markup of its own, which the page's policy forbids.
    page = opened(viewport=viewport, color_scheme=scheme, bypass_csp=True)
    for address in ("", "#daemon=v0.6.4&feature=copy-exclude"):
        page.evaluate("address => { location.hash = address; }", address)
        page.evaluate("document.querySelectorAll('.row button').forEach(it => it.click())")
        found = Axe().run(page, options=AXE)
        assert found.violations_count == 0, found.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth") <= viewport["width"]


def test_its_script_is_javascript_and_small() -> None:
    node, _ = compute_driver_executable()
    script = Path(str(files("harness.reports.features").joinpath("static", "features.js")))
    done = subprocess.run([node, "--check", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert script.read_text().count("\n") < 250
