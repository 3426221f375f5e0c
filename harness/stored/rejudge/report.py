"""What judging a run again changed, in words and for programs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import click

from harness.gotest.names import display
from harness.model import Verdict
from harness.reports.summary import title
from harness.reports.text import escape_ci_commands, one_line, plural
from harness.reports.words import WORDS
from harness.stored.rejudge.changes import CellChange, Change
from harness.stored.rejudge.stored import Reclassified

ARROW = "\N{RIGHTWARDS ARROW}"

_LISTED = 50
"""Tests told of each cell; --json has them all."""
_NOWHERE = "not there"


def render(found: Reclassified, *, color: bool = False) -> str:
    """Return everything that changed as text that ends in a line feed."""
    text = escape_ci_commands("\n".join(_lines(found))) + "\n"
    return text if color else click.unstyle(text)


def headline(found: Reclassified) -> str:
    """Return how much changed, and what the run is now."""
    before, after = found.before.verdict, found.after.verdict
    tests = [row for cell in found.cells for row in cell.tests]
    verdict = f"{before} {ARROW} {after}" if before is not after else f"{after}, as before"
    if not found.changed:
        return f"{verdict}: nothing changed in {plural(len(found.cells), 'cell')}"
    counts = Counter(_word(row.after) for row in tests)
    told = ", ".join(f"{number} now {word}" for word, number in counts.most_common())
    return f"{verdict}: {plural(len(tests), 'test')} changed{': ' if told else ''}{told}"


def as_json(found: Reclassified) -> dict[str, Any]:
    """Return what `--json` prints."""
    return {
        "changed": found.changed,
        "headline": headline(found),
        "run": found.before.id,
        "before": found.before.verdict.value,
        "after": found.after.verdict.value,
        "exit_code": found.after.exit_code,
        "cells": [
            {
                "cell": cell.id,
                "before": cell.before.value,
                "after": cell.after.value,
                "notes": list(cell.notes),
                "tests": [
                    {
                        "test": row.name,
                        "before": row.before.value if row.before else None,
                        "after": row.after.value if row.after else None,
                        "why": list(row.why),
                    }
                    for row in cell.tests
                ],
            }
            for cell in found.cells
        ],
    }


def _lines(found: Reclassified) -> Iterator[str]:
    for cell in found.cells:
        if cell.changed or cell.notes:
            yield from _cell(cell)
            yield ""
    yield click.style(headline(found), bold=True)


def _cell(cell: CellChange) -> Iterator[str]:
    same = cell.before is cell.after
    verdicts = cell.after.value if same else f"{cell.before} {ARROW} {cell.after}"
    yield click.style(f"{one_line(title(cell.pair))}: {verdicts}", bold=True)
    known = frozenset(row.name for row in cell.tests)
    for row in sorted(cell.tests, key=_rank)[:_LISTED]:
        yield from _test(row, known)
    if len(cell.tests) > _LISTED:
        yield f"  … and {len(cell.tests) - _LISTED} more, all in --json"
    for note in cell.notes:
        yield f"  {one_line(note)}"


def _test(row: Change, known: frozenset[str]) -> Iterator[str]:
    word = WORDS[row.after] if row.after else None
    colour = word.colour if word else None
    symbol = click.style(word.symbol if word else " ", fg=colour)
    verdicts = click.style(f"{_word(row.before)} {ARROW} {_word(row.after)}", fg=colour)
    yield f"  {symbol} {one_line(display(row.name, known))}: {verdicts}"
    for why in row.why:
        yield f"      {one_line(why)}"


def _rank(row: Change) -> int:
    return row.after.weight if row.after else len(Verdict)


def _word(verdict: Verdict | None) -> str:
    return verdict.value if verdict else _NOWHERE
