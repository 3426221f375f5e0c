"""The page's folder: written beside the one it replaces, cell by cell, put in its place at the end.

    page/index.html     grid, root causes, legend: readable without a script
    page/page.css       and the scripts, the same for every run
    page/tests.js       names of tests, and a letter for every test of every cell
    page/past.js        earlier runs, if a history was given
    page/cells/17.js    what is shown when the cell is opened, loaded when it is

Browsers refuse to fetch() from file://, so data are scripts that call `give` with JSON.
"""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.resources import files
from os.path import relpath
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec

from harness.errors import UsageError
from harness.history import Mark, Since
from harness.model import Run
from harness.model.matrix import MatrixRun
from harness.reports.overview import Spot, label
from harness.reports.page.details import cell_view, cell_without_run
from harness.reports.page.render import GENERATOR, embedded, index_page
from harness.reports.past import Past, Pasts
from harness.reports.survey import Found, Survey
from harness.reports.text import visible
from harness.reports.words import look
from harness.tools.disks import disk_errors

PAGE = "page"
INDEX = "index.html"

_HEAD = 4096
_SHORT = 7

_Value = TypeVar("_Value")


@contextmanager
def writing_page(
    out: Path, matrix: MatrixRun, spots: Sequence[Spot], survey: Survey, past: Pasts
) -> Iterator[Page]:
    """Return a page to add every cell to, in order; it takes its place when the block ends well.

    `survey` is to know of a cell before the page does.

    Raises UsageError if `out`/page is there and is no page of ours, InfrastructureError if the
    disk refuses. Until the end, and after any error, `out`/page is what it was before.
    """
    target = out / PAGE
    _refuse_foreign(target)
    temporary = out / f".{PAGE}.{secrets.token_hex(4)}"
    with disk_errors(target):
        try:
            (temporary / "cells").mkdir(parents=True)
            page = Page(temporary, target, matrix, spots, survey, past)
            yield page
            page.finish()
            _put(temporary, target)
        except BaseException:
            shutil.rmtree(temporary, ignore_errors=True)
            raise


class Page:
    """A page that is being written."""

    def __init__(
        self,
        folder: Path,
        target: Path,
        matrix: MatrixRun,
        spots: Sequence[Spot],
        survey: Survey,
        past: Pasts,
    ) -> None:
        """Begin in an empty folder that will become `target`."""
        self.beside: list[tuple[str, str]] = []
        """Names and addresses of the files that the foot of the page leads to."""
        self._folder = folder
        self._target = target
        self._matrix = matrix
        self._spots = spots
        self._survey = survey
        self._past = past

    def add(self, spot: Spot, run: Run | None, found: Sequence[Found], folder: Path) -> None:
        """Write what is shown of one cell.

        `found` is what the survey made of its run, which lies in `folder`.
        """
        if run is None:
            view = cell_without_run(spot)
        else:
            link = _linker(folder, self._target)
            view = cell_view(spot, run, found, self._survey.causes, link)
        self._give(f"cells/{spot.index}", msgspec.to_builtins(view))

    def finish(self) -> None:
        """Write what concerns all cells."""
        survey = self._survey
        letters = [survey.letters.get(spot.index, (0, "", ())) for spot in self._spots]
        tests = {"names": survey.tests, "causes": survey.causes, "cells": letters}
        self._give("tests", tests)
        if self._past:
            self._give("past", self._told())
        with (self._folder / INDEX).open("w", encoding="utf-8") as file:
            file.writelines(index_page(self._matrix, self._spots, survey, self._past, self.beside))
        for source in files(__package__).joinpath("static").iterdir():
            (self._folder / source.name).write_bytes(source.read_bytes())

    def _give(self, name: str, value: object) -> None:
        text = f'"use strict";give("{name}",{embedded(value)});\n'
        (self._folder / f"{name}.js").write_text(text, encoding="utf-8")

    def _told(self) -> dict[str, Any]:
        known = {
            spot.index: self._past[spot.planned.id]
            for spot in self._spots
            if spot.planned.id in self._past
        }
        return {
            "runs": {index: _runs(past) for index, past in known.items()},
            "since": {index: self._since(past) for index, past in known.items()},
            "flakes": {
                index: self._numbered(past.flakes, lambda share: round(share, 4))
                for index, past in known.items()
            },
        }

    def _since(self, past: Past) -> dict[int, object]:
        return self._numbered(past.sinces, _since)

    def _numbered(
        self, by_name: Mapping[str, _Value], shown: Callable[[_Value], object]
    ) -> dict[int, object]:
        numbers = ((self._survey.number(name), value) for name, value in by_name.items())
        return {number: shown(value) for number, value in numbers if number is not None}


def _runs(past: Past) -> list[tuple[object, ...]]:
    return [
        (
            *_mark(it),
            visible(label(it.state, it.verdict)),
            look(it.state, it.verdict).letter,
            it.seconds,
        )
        for it in past.marks
    ]


def _since(since: Since) -> tuple[str, str, str] | None:
    return _mark(since.failing) if since.failing else None


def _mark(mark: Mark) -> tuple[str, str, str]:
    return visible(mark.run), visible(mark.started), visible(mark.frontend[:_SHORT])


def _linker(folder: Path, page: Path) -> Callable[[str], str]:
    """Return the addresses of files in a run folder, as seen from the page, if they are there.

    A symbolic link is none of its files: whoever publishes the folder would publish what it
    leads to.
    """
    whole = folder.resolve()
    base = relpath(whole, page.resolve())

    def link(path: str) -> str:
        file = whole / path
        there = path and file.is_file() and file.resolve() == file
        return quote(f"{base}/{path}") if there else ""

    return link


def _refuse_foreign(target: Path) -> None:
    """Check that nothing is replaced but what this module wrote."""
    if not target.exists() and not target.is_symlink():
        return
    mark = f'name="generator" content="{GENERATOR}'.encode()
    index = target / INDEX
    if index.is_file():
        with index.open("rb") as file:
            if mark in file.read(_HEAD):
                return
    raise UsageError(
        f"{target} is there already and is no page of this program; nothing was changed",
        hint="move it away, or name another folder with --out",
    )


def _put(made: Path, target: Path) -> None:
    old = made.with_name(f"{made.name}.old")
    if target.exists():
        target.rename(old)
    made.rename(target)
    shutil.rmtree(old, ignore_errors=True)
