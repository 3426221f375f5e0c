"""features.html: the table of features as one file that any browser reads, from a disk or a server.

Everything is in it, and its policy lets it fetch nothing: of styles and scripts only those whose
digests it names are used. Without scripts every row is open.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from functools import cache
from hashlib import sha256
from importlib.resources import files
from itertools import groupby
from typing import Any
from urllib.parse import quote

import jinja2
from markupsafe import Markup

from harness.model import Scenario
from harness.reports.features.document import Board, Daemon, Feature, Features, Mark, Seen, Tried
from harness.reports.features.words import LOOKS, board_name, in_words, since
from harness.reports.text import one_line, visible_block

_SOURCE = 6_000
_NAMED = 20
_STYLES = (("harness.reports.page", "page.css"), ("harness.reports.features", "features.css"))
_SCRIPT = ("harness.reports.features", "features.js")


def render(document: Features) -> Iterable[str]:
    """Render the page piece by piece; equal input gives equal text."""
    scenarios = {it.test: it for it in document.scenarios}
    style = "".join(_static(*it) for it in _STYLES)
    script = _static(*_SCRIPT)
    runs = ", ".join(map(one_line, document.runs[:_NAMED]))
    return _template().generate(
        boards=[_board(it, scenarios) for it in document.boards],
        daemons=dict.fromkeys(it.name for board in document.boards for it in board.daemons),
        looks=list(LOOKS.values()),
        runs=runs + " …" * (len(document.runs) > _NAMED),
        icon=_icon(),
        style=Markup(style),  # noqa: S704 - a file of ours
        script=Markup(script),  # noqa: S704 - a file of ours
        hashes={"style": _source_of(style), "script": _source_of(script)},
    )


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("harness.reports.features"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    return environment.get_template("features.html")


@cache
def _static(package: str, name: str) -> str:
    return files(package).joinpath("static", name).read_text("utf-8")


def _source_of(text: str) -> Markup:
    """Return what a policy names a text by."""
    digest = base64.b64encode(sha256(text.encode()).digest()).decode()
    return Markup(f"'sha256-{digest}'")  # noqa: S704 - base64


def _board(board: Board, scenarios: dict[str, Scenario]) -> dict[str, Any]:
    areas = groupby(board.features, key=lambda it: it.area)
    return {
        "id": board.id,
        "name": board_name(board),
        "sha": board.frontend.sha,
        "features": board.features,
        "daemons": [
            {"name": it.name, "own": it.own, "full": one_line(str(it.commit))}
            for it in board.daemons
        ],
        "areas": [(area, [_row(it, board, scenarios) for it in rows]) for area, rows in areas],
    }


def _row(feature: Feature, board: Board, scenarios: dict[str, Scenario]) -> dict[str, Any]:
    words = [feature.feature, feature.area]
    for it in feature.tried:
        words += [scenarios[it.test].syntax, scenarios[it.test].title]
    return {
        "id": feature.id,
        "feature": feature.feature,
        "find": one_line(" ".join(words).lower(), _SOURCE),
        "doubt": feature.doubt,
        "came": ", ".join(feature.came),
        "docs": feature.docs,
        "since": since(feature),
        "cells": list(map(_cell, feature.marks, board.daemons)),
        "tried": [_tried(it, scenarios[it.test], board) for it in feature.tried],
    }


def _cell(mark: Mark, daemon: Daemon) -> dict[str, Any]:
    return {
        "daemon": daemon.name,
        "look": LOOKS[mark.answer],
        "partial": mark.partial,
        "words": in_words(mark),
    }


def _tried(tried: Tried, scenario: Scenario, board: Board) -> dict[str, Any]:
    """Return what is said of one scenario; daemons that it did the same on share a line."""
    alike: dict[Seen, list[str]] = {}
    for seen, daemon in zip(tried.seen, board.daemons, strict=True):
        alike.setdefault(seen, []).append(daemon.name)
    return {
        "syntax": one_line(scenario.syntax),
        "title": one_line(scenario.title),
        "file": one_line(scenario.file),
        "built": tried.built,
        "source": visible_block(scenario.source[:_SOURCE]),
        "seen": [_seen(seen, daemons) for seen, daemons in alike.items()],
    }


def _seen(seen: Seen, daemons: list[str]) -> dict[str, Any]:
    often = f", in {seen.alike} of {seen.attempts} attempts" if seen.alike < seen.attempts else ""
    return {
        "look": LOOKS[seen.answer],
        "daemons": ", ".join(daemons),
        "told": (seen.says or LOOKS[seen.answer].meaning) + often,
        "error": seen.error if "\n" in seen.error.strip() else "",
    }


def _icon() -> str:
    return "data:image/svg+xml," + quote(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16">'
        '<rect width="16" height="16" rx="4" fill="#2a7849"/>'
        '<path d="M4 8.5l3 3 5-6.5" fill="none" stroke="#fff" stroke-width="2"/></svg>'
    )
