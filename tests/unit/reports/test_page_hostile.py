"""The page shows hostile text as text, and embeds no script of it."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from harness.reports.page.render import embedded
from tests.support import example_runs
from tests.support.html_pages import Element, rendered, tree

NIGHTLY = example_runs.nightly()
HOSTILE = example_runs.hostile()


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return rendered(NIGHTLY, tmp_path_factory.mktemp("nightly"))


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return rendered(HOSTILE, tmp_path_factory.mktemp("hostile"))


def test_hostile_names_make_no_elements(hostile: Path, page: Path) -> None:
    root, plain = tree(hostile), tree(page)
    assert len(root.all("script")) == len(plain.all("script"))
    assert not root.all("img")
    warnings = {"ul", "li"}
    assert {it.tag for it in _walk(root)} - warnings <= {it.tag for it in _walk(plain)}
    assert not [name for it in _walk(root) for name in it.attributes if name.startswith("on")]


def _walk(element: Element) -> list[Element]:
    return [element, *(it for child in element.children for it in _walk(child))]


def test_nothing_hostile_stands_bare_in_what_is_written(hostile: Path) -> None:
    for file in hostile.rglob("*.*"):
        if file.name == "index.html" or file.parent.name == "cells" or file.name == "tests.js":
            text = file.read_text(encoding="utf-8")
            assert "<img" not in text
            assert "alert(1)</script" not in text
            assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2028\u2029]", text)


def test_embedded_json_is_json_and_leaves_no_script() -> None:
    value = {"a": "</script><!--<script>&\u2028\u2029", "b": [1.5, None, True]}
    text = embedded(value)
    assert json.loads(text) == value
    assert not set("<>&\u2028\u2029") & set(text)
