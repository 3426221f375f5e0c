"""Debian's Chromium, driven by Playwright: no browser is downloaded, nothing leaves the machine."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, expect, sync_playwright

QUIET = (
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
"""It runs as root, and must not speak to anybody."""

PATIENCE = 120_000
"""Milliseconds for whatever should be there at once. Playwright itself expects it within five
seconds, which a busy machine may take."""


@contextmanager
def opened() -> Iterator[Browser]:
    """Return a browser that ends with the block."""
    program = shutil.which("chromium")
    assert program, "chromium is missing: apt-get install chromium"
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=[*QUIET], timeout=PATIENCE
        )
        try:
            yield browser
        finally:
            browser.close()
