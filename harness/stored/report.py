"""A difference between two runs in words, and for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import click
import msgspec

from harness.gotest.names import display
from harness.model import Verdict
from harness.model.matrix import CellState
from harness.reports.summary import title
from harness.reports.text import escape_ci_commands, one_line, plural, visible
from harness.reports.words import WORDS
from harness.repository.stories import Range
from harness.stored.diff import CellChange, CellSide, Diff, Head, TestChange, TestSide

ARROW = "\N{RIGHTWARDS ARROW}"
GONE = "not there"

Stories: TypeAlias = Mapping[str, Range | None]
"""What lies between the commits of names that moved; None if the repository does not have them."""

_COMMITS = 5
"""Commits told of each range; --json has more."""
_LISTED = 50
"""Tests told of each cell; --json has them all."""


def render(diff: Diff, stories: Stories | None = None, *, color: bool = False) -> str:
    """Return the whole difference as text that ends in a line feed."""
    text = "\n".join(_lines(diff, stories or {})) + "\n"
    return escape_ci_commands(text if color else click.unstyle(text))


def headline(diff: Diff) -> str:
    """Return how much changed."""
    tests = [row for cell in diff.cells for row in cell.tests]
    if not diff.changed:
        return f"nothing changed in {plural(diff.compared, 'cell')}"
    counts = Counter(_label(row.after) for row in tests)
    told = ", ".join(f"{counts[label]} now {label}" for label in _LABELS if counts[label])
    changed = f"{len(diff.cells)} of {plural(diff.compared, 'cell')}"
    return f"{changed} and {plural(len(tests), 'test')} changed{': ' if told else ''}{told}"


def as_json(diff: Diff, stories: Stories | None = None) -> dict[str, Any]:
    """Return what `--json` prints."""
    ranges = {name: {"range": msgspec.to_builtins(it)} for name, it in (stories or {}).items()}
    return {
        "changed": diff.changed,
        "headline": headline(diff),
        "before": _head(diff.before),
        "after": _head(diff.after),
        "commits": {
            name: {"before": old, "after": new, **ranges.get(name, {})}
            for name, (old, new) in diff.commits.items()
        },
        "cells": [
            {
                "cell": cell.id,
                "before": _cell_as_json(cell.before),
                "after": _cell_as_json(cell.after),
                "tests": [
                    {
                        "test": row.name,
                        "before": _test_as_json(row.before),
                        "after": _test_as_json(row.after),
                    }
                    for row in cell.tests
                ],
            }
            for cell in diff.cells
        ],
    }


_LABELS = [*(verdict.value for verdict in Verdict), GONE]


def _lines(diff: Diff, stories: Stories) -> Iterator[str]:
    for word, head in (("before", diff.before), ("after", diff.after)):
        yield f"{word:<7} {one_line(head.id)} of {one_line(head.matrix)}, {one_line(head.started)}"
    for name, (old, new) in diff.commits.items():
        yield f"commit  {one_line(name)}: {visible(old[:12])} {ARROW} {visible(new[:12])}"
        if name in stories:
            yield from (f"        {line}" for line in _range_lines(stories[name]))
    for cell in diff.cells:
        yield ""
        yield click.style(
            f"{_title(cell)}: {_both(_state(cell.before), _state(cell.after))}", bold=True
        )
        for word, side in (("before", cell.before), ("after", cell.after)):
            if side and side.error:
                yield f"  {word:<7} {side.error}"
        known = frozenset(row.name for row in cell.tests)
        for row in sorted(cell.tests, key=lambda it: _LABELS.index(_label(it.after)))[:_LISTED]:
            yield from _test_lines(row, known)
        if len(cell.tests) > _LISTED:
            yield f"  … and {len(cell.tests) - _LISTED} more, all in --json"
    yield ""
    yield click.style(headline(diff), bold=True)


def _range_lines(told: Range | None) -> Iterator[str]:
    if told is None:
        yield "the repository does not have both of them; --repo names another"
        return
    behind = f" and {told.behind} behind" if told.behind else ""
    files = ", ".join(f"{one_line(name)} {count}" for name, count in told.folders.items())
    folders = f": {files}" if files else ""
    yield f"{plural(told.ahead, 'commit')} ahead{behind}, by first parents"
    yield f"{plural(told.files, 'file')} changed{folders}"
    for it in told.newest[:_COMMITS]:
        yield f"{it.sha[:12]} {it.day} {one_line(it.author)}: {one_line(it.subject)}"
    if told.ahead > _COMMITS:
        yield f"… and {told.ahead - _COMMITS} more"


def _test_lines(row: TestChange, known: frozenset[str]) -> Iterator[str]:
    verdicts = _both(_label(row.before), _label(row.after))
    if row.differently:
        verdicts += ", in another way"
    colour = WORDS[row.after.verdict].colour if row.after else None
    symbol = WORDS[row.after.verdict].symbol if row.after else " "
    shown = one_line(display(row.name, known))
    yield f"  {click.style(symbol, fg=colour)} {shown}: {click.style(verdicts, fg=colour)}"
    for word, side in (("before", row.before), ("after", row.after)):
        if side:
            error = f": {side.error}" if side.error else ""
            sides = f"control {side.control or 'not run'}, candidate {side.candidate or 'not run'}"
            yield f"      {word:<7} {sides}{error}"


def _title(cell: CellChange) -> str:
    """Name the pair; both if two runs of one cell each were compared that are of other pairs."""
    titles = [one_line(title(side.pair)) for side in (cell.before, cell.after) if side]
    return f" {ARROW} ".join(dict.fromkeys(titles))


def _both(old: str, new: str) -> str:
    return old if old == new else f"{old} {ARROW} {new}"


def _state(side: CellSide | None) -> str:
    if side is None:
        return GONE
    return side.verdict.value if side.state is CellState.DONE else side.state.value


def _label(side: TestSide | None) -> str:
    return side.verdict.value if side else GONE


def _head(head: Head) -> dict[str, str]:
    return {"run": head.id, "matrix": head.matrix, "started": head.started}


def _cell_as_json(side: CellSide | None) -> dict[str, str] | None:
    if side is None:
        return None
    return {
        "state": side.state.value,
        "verdict": side.verdict.value,
        "error": side.error,
        "suite": side.pair.suite.sha,
        "frontend": side.pair.frontend.sha,
    }


def _test_as_json(side: TestSide | None) -> dict[str, str] | None:
    if side is None:
        return None
    return {
        "verdict": side.verdict.value,
        "control": side.control,
        "candidate": side.candidate,
        "error": side.error,
    }
