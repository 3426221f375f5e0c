"""Pages in a real browser, and what is looked at in them again and again."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Dialog, Page, ViewportSize

from tests.support import example_runs
from tests.support.chromium import PATIENCE

NIGHTLY = example_runs.nightly()
HOSTILE = example_runs.hostile()
DESKTOP = ViewportSize(width=1280, height=800)
BROKEN = "v0.8.3--master--oci"

Visit = Callable[..., Page]


@contextmanager
def visits(browser: Browser, pages: Path) -> Iterator[Visit]:
    """Open pages of the examples, as `watched` does."""
    with watched(browser) as new:

        def visit(address: str = "", *, example: str = "nightly", **settings: Any) -> Page:  # noqa: ANN401 - Playwright's
            page = new(**settings)
            page.goto((pages / example / "page" / "index.html").as_uri() + address)
            page.wait_for_selector("body[data-shown]")
            return page

        yield visit


@contextmanager
def watched(browser: Browser) -> Iterator[Callable[..., Page]]:
    """Make empty pages; whatever they do that they must not do is a fault at the end."""
    faults: list[str] = []
    contexts = []

    def dismiss(dialog: Dialog) -> None:
        faults.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def new(**settings: Any) -> Page:  # noqa: ANN401 - Playwright's
        context = browser.new_context(**{"viewport": DESKTOP, **settings})
        context.set_default_timeout(PATIENCE)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: faults.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: faults.append(f"error: {error}"))
        page.on("dialog", dismiss)
        page.on("request", lambda request: faults.extend(_foreign(request.url)))
        return page

    yield new
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
    """Return the selector of a cell's link in the grid."""
    number = [it.id for it in NIGHTLY.matrix.cells].index(name)
    return f"a.cell[data-i='{number}']"


def visible_cells(page: Page) -> list[str]:
    """Return letter and figures of every cell that is shown and concerned."""
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
