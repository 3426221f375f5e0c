"""The page of a matrix as a browser without scripts would read it."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from harness.reports.write import write_reports
from tests.support import example_runs, matrix_factories

NIGHTLY = example_runs.nightly()

VOID = {"meta", "link", "input", "rect", "br", "img"}


class Element:
    """An element with its attributes, its text and what is inside."""

    def __init__(self, tag: str, attributes: dict[str, str], parent: Element | None) -> None:
        self.tag = tag
        self.attributes = attributes
        self.children: list[Element] = []
        self.texts: list[str] = []
        self.parent = parent

    @property
    def text(self) -> str:
        return "".join([*self.texts, *(child.text for child in self.children)])

    def all(self, tag: str, **wanted: str) -> list[Element]:
        found = [self] if self.tag == tag and wanted.items() <= self.attributes.items() else []
        return found + [it for child in self.children for it in child.all(tag, **wanted)]


class Tree(HTMLParser):
    """Reads a document and refuses one whose elements do not close as they opened."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.root = self._at = Element("", {}, None)
        self.feed(text)
        assert self._at is self.root, f"<{self._at.tag}> is not closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        made = Element(tag, {name: value or "" for name, value in attrs}, self._at)
        self._at.children.append(made)
        if tag not in VOID:
            self._at = made

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        assert self._at.tag == tag
        assert self._at.parent
        self._at = self._at.parent

    def handle_data(self, data: str) -> None:
        self._at.texts.append(data)


def rendered(example: matrix_factories.Example, folder: Path, past: bool = True) -> Path:  # noqa: FBT001, FBT002 - a test's
    example.store(folder)
    write_reports(folder, example_runs.history(example) if past else {})
    return folder / "page"


def tree(page: Path) -> Element:
    return Tree((page / "index.html").read_text(encoding="utf-8")).root


def given(page: Path, name: str) -> Any:  # noqa: ANN401 - JSON
    text = (page / f"{name}.js").read_text(encoding="utf-8")
    found = re.fullmatch(rf'"use strict";give\("{name}",(.*)\);\n', text)
    assert found
    return json.loads(found[1])


def index(page: Path) -> Any:  # noqa: ANN401 - JSON
    (script,) = tree(page).all("script", id="index")
    return json.loads(script.text)


def number(cell: str) -> int:
    return [it.id for it in NIGHTLY.matrix.cells].index(cell)
