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
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.resources import files
from os.path import relpath
from pathlib import Path
from typing import Any, ClassVar, TypeVar
from urllib.parse import quote

import msgspec

from harness.errors import UsageError
from harness.history import Mark, Since
from harness.journal import MATRIX_FILE, PLAN_FILE, RUN_FILE
from harness.reports.overview import label
from harness.reports.page.details import cell_details, cell_without_run
from harness.reports.page.render import GENERATOR, embedded, index_page
from harness.reports.past import Past
from harness.reports.report import StoredCell, StoredRun
from harness.reports.text import visible
from harness.reports.words import look
from harness.tools.disks import disk_errors

PAGE = "page"
INDEX = "index.html"

_HEAD = 4096
_SHORT = 7

_Value = TypeVar("_Value")


class Page:
    """The page of a stored run."""

    file: ClassVar[str] = f"{PAGE}/{INDEX}"

    def __init__(self, stored: StoredRun) -> None:
        """Take what is known of the whole run."""
        self._stored = stored
        self._target = stored.out / PAGE
        self._folder = stored.out / f".{PAGE}.{secrets.token_hex(4)}"

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Write the page, which takes its place when the block ends well.

        Raises UsageError if there is a `page` that is no page of ours, InfrastructureError if the
        disk refuses. Until the end, and after any error, it is what it was before.
        """
        _refuse_foreign(self._target)
        with disk_errors(self._target):
            try:
                (self._folder / "cells").mkdir(parents=True)
                yield
                self._finish()
                _put(self._folder, self._target)
            except BaseException:
                shutil.rmtree(self._folder, ignore_errors=True)
                raise

    def add(self, cell: StoredCell) -> None:
        """Write what is shown of one cell."""
        view, run = cell.view, cell.run
        if run is None:
            details = cell_without_run(view)
        else:
            link = _linker(cell.folder, self._target)
            own = [(it.name, self._address(it)) for it in cell.files]
            details = cell_details(cell, run, self._stored.survey.causes, link, own)
        self._give(f"cells/{view.index}", msgspec.to_builtins(details))

    def _finish(self) -> None:
        """Write what concerns all cells."""
        run, survey = self._stored, self._stored.survey
        letters = [survey.letters.get(view.index, (0, "", ())) for view in run.views]
        tests = {"names": survey.tests, "causes": survey.causes, "cells": letters}
        self._give("tests", tests)
        if run.past:
            self._give("past", self._history_data())
        beside = list(self._beside())
        with (self._folder / INDEX).open("w", encoding="utf-8") as file:
            file.writelines(index_page(run.matrix, run.views, survey, run.past, beside))
        for source in files(__package__).joinpath("static").iterdir():
            (self._folder / source.name).write_bytes(source.read_bytes())

    def _beside(self) -> Iterator[tuple[str, str]]:
        """Name the files at the foot of the page: the other reports, and what they are made of."""
        for name in self._stored.files:
            if name != self.file:
                yield name, self._address(self._stored.out / name)
        for name in (PLAN_FILE, MATRIX_FILE, RUN_FILE):
            if (self._stored.folder / name).is_file():
                yield name, self._address(self._stored.folder / name)

    def _address(self, file: Path) -> str:
        return quote(relpath(file.parent.resolve() / file.name, self._target.resolve()))

    def _give(self, name: str, value: object) -> None:
        text = f'"use strict";give("{name}",{embedded(value)});\n'
        (self._folder / f"{name}.js").write_text(text, encoding="utf-8")

    def _history_data(self) -> dict[str, Any]:
        known = {
            view.index: self._stored.past[view.planned.id]
            for view in self._stored.views
            if view.planned.id in self._stored.past
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
        numbers = ((self._stored.survey.number(name), value) for name, value in by_name.items())
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
