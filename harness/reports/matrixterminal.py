"""The final report of a matrix run, as text for a terminal or a log file.

Verdicts carry a symbol and a letter, so that nothing is told by colour alone. Names, paths and
commands are never broken, so that they can be copied.
"""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import click

from harness.model import Pair, Verdict
from harness.model.matrix import CellState, MatrixRun
from harness.reports.overview import CellView, cell_views, reused, sentence
from harness.reports.page import Page
from harness.reports.summary import place, ref_name, variant
from harness.reports.text import duration, escape_ci_commands, one_line, plural, visible
from harness.reports.words import LOOKS, WORDS

_NARROWEST = 40
_GAP = "  "

_NUMBERED = 3
"""Columns of a frontend whose name stands below the grid."""
_LISTED = 50
"""Cells told one by one; the page and matrix.json have them all."""
_PROSE = 600

Commands = Mapping[str, Sequence[str]]
"""What a user would type for one cell, by its id."""


def render(
    matrix: MatrixRun,
    folder: Path,
    *,
    commands: Commands,
    width: int = 80,
    color: bool = False,
) -> str:
    """Return the whole report, ending in a line feed.

    `folder` is where the matrix run is stored, with its page if that was written; `width` counts
    columns.
    """
    report = _Report(matrix, folder, commands, max(width, _NARROWEST))
    text = "\n".join(report.lines())
    return escape_ci_commands(text if color else click.unstyle(text)) + "\n"


class _Report:
    """One rendering; its methods each give the lines of one part."""

    def __init__(self, matrix: MatrixRun, folder: Path, commands: Commands, width: int) -> None:
        self._matrix = matrix
        self._folder = folder
        self._commands = commands
        self._width = width
        self._views = cell_views(matrix)

    def lines(self) -> Iterator[str]:
        yield from self._header()
        yield from self._grid()
        yield from self._legend()
        yield from self._cells()
        yield from self._warnings()
        yield from self._end()

    def _header(self) -> Iterator[str]:
        plan = self._matrix.plan
        shard = f", shard {self._matrix.shard}" if self._matrix.shard else ""
        cells = plural(len(self._views), "cell")
        yield click.style(f"{visible(plan.matrix)}{shard}, {cells}", bold=True)
        backends = sorted({visible(cell.pair.backend) for cell in plan.cells})
        offline = ["offline"] * plan.offline
        yield ", ".join((f"backend {' and '.join(backends)}", *offline))
        started = visible(self._matrix.started)
        yield f"run {visible(self._matrix.id)}, {started}, {duration(self._matrix.seconds)}"
        if told := reused(self._matrix):
            yield told

    def _grid(self) -> Iterator[str]:
        """Daemons down, frontends across; numbered, and in blocks, if their names do not fit."""
        rows = list(dict.fromkeys(_row(view.planned.pair) for view in self._views))
        columns = list(dict.fromkeys(_column(view.planned.pair) for view in self._views))
        if not rows:
            return
        label = max(map(len, rows)) + len(_GAP)
        room = self._width - label - len(_GAP)
        names = sum(max(len(name), _NUMBERED) + len(_GAP) for name in columns) <= room
        heads = columns if names else [str(number) for number in range(1, len(columns) + 1)]
        block = len(columns) if names else max(1, room // (_NUMBERED + len(_GAP)))
        for first in range(0, len(columns), block):
            part = slice(first, first + block)
            yield ""
            yield from self._block(rows, list(zip(columns[part], heads[part], strict=True)), label)
        if not names:
            yield ""
            for head, name in zip(heads, columns, strict=True):
                yield f"{head:>5}  {name}"

    def _block(
        self, rows: Sequence[str], columns: Sequence[tuple[str, str]], label: int
    ) -> Iterator[str]:
        where = {(_row(s.planned.pair), _column(s.planned.pair)): s for s in self._views}
        heads = (f"{head:<{max(len(head), _NUMBERED)}}" for _, head in columns)
        yield click.style(f"{'':{label}}{_GAP}{_GAP.join(heads)}".rstrip(), dim=True)
        for row in rows:
            cells = [
                _letter(where.get((row, name)), max(len(head), _NUMBERED)) for name, head in columns
            ]
            yield f"{_GAP}{row:<{label}}{_GAP.join(cells)}".rstrip()

    def _legend(self) -> Iterator[str]:
        used = {view.word for view in self._views}
        told = (
            click.style(f"{it.symbol} {it.letter} {it.name}", fg=it.colour)
            for it in LOOKS
            if it in used
        )
        if used:
            yield ""
            yield f"{_GAP}{(_GAP * 2).join(told)}"

    def _cells(self) -> Iterator[str]:
        """Yield every cell with something to report, and how to run it alone."""
        told = [view for view in self._views if not _fine(view)]
        if told:
            yield ""
        for view in told[:_LISTED]:
            word = view.word
            mark = click.style(f"{_GAP}{word.symbol} {word.letter}  ", fg=word.colour)
            yield mark + click.style(view.title, bold=True) + f"  {_counts(view)}"
            error = one_line(view.result.error.partition("\n")[0], _PROSE)
            hint = one_line(view.result.hint, _PROSE)
            yield from self._prose(error, 7)
            yield from self._prose(f"hint: {hint}" if hint else "", 7)
            command = self._commands.get(view.planned.id)
            if command and view.result.state is not CellState.MISSING:
                yield click.style(f"{'':7}{visible(shlex.join(command))}", dim=True)
        if len(told) > _LISTED:
            yield f"{_GAP}… and {len(told) - _LISTED} more, all on the page"

    def _warnings(self) -> Iterator[str]:
        if self._matrix.warnings:
            yield ""
        for warning in self._matrix.warnings[:_LISTED]:
            yield from self._prose(f"! {one_line(warning, _PROSE)}", 2)

    def _end(self) -> Iterator[str]:
        colour = WORDS[self._matrix.verdict].colour
        yield ""
        yield click.style(visible(sentence(self._matrix, self._views)), fg=colour, bold=True)
        yield ""
        yield f"run     {visible(str(self._folder))}"
        if (self._folder / Page.file).is_file():
            yield f"page    {visible(str(self._folder / Page.file))}"
        if any(view.result.state is not CellState.DONE for view in self._views):
            yield f"resume  compat matrix --resume {visible(shlex.quote(str(self._folder)))}"

    def _prose(self, text: str, indent: int) -> Iterator[str]:
        yield from textwrap.wrap(
            text,
            self._width,
            initial_indent=" " * indent,
            subsequent_indent=" " * indent,
            break_long_words=False,
            break_on_hyphens=False,
        )


def _row(pair: Pair) -> str:
    return f"{ref_name(pair.suite)} ({', '.join(place(pair))})"


def _column(pair: Pair) -> str:
    return " ".join((ref_name(pair.frontend), *variant(pair)[len(place(pair)) :]))


def _letter(view: CellView | None, width: int) -> str:
    if view is None:
        return " " * width
    word = view.word
    return click.style(f"{word.symbol} {word.letter}", fg=word.colour) + " " * (width - 3)


def _fine(view: CellView) -> bool:
    told = view.result.verdict.deserves_detail or view.result.error
    return view.result.state is CellState.DONE and not told


def _counts(view: CellView) -> str:
    """`3 regressed, 1 lost of 39 tests`, or what kept a cell from a verdict."""
    state, counts = view.result.state, view.result.counts
    bad = [
        f"{counts[verdict]} {verdict}"
        for verdict in Verdict
        if verdict.deserves_detail and counts.get(verdict)
    ]
    told = ", ".join(bad) or view.label
    prefix = "" if state is CellState.DONE or not bad else f"{view.label}: "
    return f"{prefix}{told} of {plural(view.tests, 'test')}" if view.tests else told
