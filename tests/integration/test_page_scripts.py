"""The page's scripts in a real browser: they show hostile text and never run it."""

from __future__ import annotations

import subprocess
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright._impl._driver import compute_driver_executable
from playwright.sync_api import Browser

from tests.support.browsing import HOSTILE, Visit

pytestmark = pytest.mark.integration


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


def test_markup_cannot_be_made_of_text_even_by_mistake(browser: Browser, pages: Path) -> None:
    page = browser.new_page()
    page.goto((pages / "nightly" / "page" / "index.html").as_uri())
    refused = page.evaluate(
        "() => { try { document.body.innerHTML = '<b>x</b>'; return ''; }"
        " catch (error) { return error.name; } }"
    )
    assert refused == "TypeError"
    page.close()


# -- scripts -------------------------------------------------------------------------------------


@pytest.mark.parametrize("script", ["dom", "data", "grid", "cell", "search", "page"])
def test_scripts_are_javascript(script: str, pages: Path) -> None:
    node, _ = compute_driver_executable()
    file = pages / "nightly" / "page" / f"{script}.js"
    done = subprocess.run([node, "--check", file], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert file.read_text().count("\n") < 250
