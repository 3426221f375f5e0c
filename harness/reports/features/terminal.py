"""The table of features for a terminal or a log file; letters say what colours say."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from itertools import groupby

import click

from harness.reports.features.crossed import Crossed, crossed
from harness.reports.features.document import Board, Daemon, Feature, Features, Mark
from harness.reports.features.words import (
    LOOKS,
    board_name,
    counts,
    letter,
    since,
    told,
)
from harness.reports.text import clip, escape_ci_commands
from harness.verdict.answers import Answer

_GAP = "  "
_NARROWEST = 60
_NAME = 44
"""Columns that the name of a feature may take."""
NOTHING = "no scenario was run in these runs: `compat scenarios DAEMON FRONTEND` runs them\n"


def render(document: Features, *, wordy: bool = False, width: int = 80, color: bool = False) -> str:
    """Return a table for each frontend, with all that was seen if it is to be `wordy`."""
    text = "\n".join(
        line
        for board in document.boards
        for line in _lines(board, max(width, _NARROWEST), wordy=wordy)
    )
    if not text:
        return NOTHING
    return escape_ci_commands(text if color else click.unstyle(text)) + "\n"


def _lines(board: Board, width: int, *, wordy: bool) -> Iterator[str]:
    yield click.style(f"frontend {board_name(board)}", bold=True)
    if table := crossed(board):
        yield from _crossed(table, width)
        yield from _legend(board)
        yield ""
        return
    longest = max((len(it.feature) for it in board.features), default=0)
    room = min(longest, _NAME) + 2 * len(_GAP)
    heads = _GAP.join(map(_head, board.daemons))
    for area, features in groupby(board.features, key=lambda it: it.area):
        yield ""
        yield click.style(f"{area:<{room}}", bold=True) + click.style(
            f"{heads}{_GAP}since", dim=True
        )
        for feature in features:
            name = clip(feature.feature, _NAME) + (" !" if feature.doubt else "")
            cells = _GAP.join(map(_cell, feature.marks, map(_head, board.daemons)))
            yield f"{_GAP}{name:<{room - len(_GAP)}}{cells}{_GAP}{since(feature)}".rstrip()
            if wordy:
                yield from _seen(feature, width)
    yield ""
    yield from _legend(board)
    yield ""
    widest = max((len(_head(it)) for it in board.daemons), default=0)
    for place, it in enumerate(board.daemons):
        yield f"{_GAP}{_head(it):<{widest}}{_GAP}{counts(board, place)}"
    yield ""


def _crossed(table: Crossed, width: int) -> Iterator[str]:
    """Write clients by daemons: features that come out alike share a table."""
    wide = max(map(len, (*table.clients, *table.daemons, "client")))
    heads = [f"{it:<{wide}}" for it in table.daemons]
    for group in table.groups:
        yield ""
        for feature in group.features:
            yield click.style(f"{feature.feature}{' !' if feature.doubt else ''}", bold=True)
        if group.works:
            yield f"{_GAP}works with every client on every daemon"
            continue
        yield click.style(f"{_GAP}{'client':<{wide}}{_GAP}{_GAP.join(heads)}".rstrip(), dim=True)
        for client in table.clients:
            marks = [group.marks.get((client, daemon)) for daemon in table.daemons]
            cells = [
                _cell(it, head) if it else " " * wide for it, head in zip(marks, heads, strict=True)
            ]
            yield f"{_GAP}{client:<{wide}}{_GAP}{_GAP.join(cells)}".rstrip()
        for where, said in table.notes(group):
            words = f"{where}: {said}" if where else said
            yield from textwrap.wrap(
                *(words, width),
                initial_indent=_GAP,
                subsequent_indent=_GAP * 2,
                break_on_hyphens=False,
            )
    yield ""


def _seen(feature: Feature, width: int) -> Iterator[str]:
    for it in feature.tried:
        for seen in it.seen:
            if seen.answer is not Answer.WORKS:
                yield from textwrap.wrap(
                    told(seen),
                    width,
                    initial_indent=_GAP * 3,
                    subsequent_indent=_GAP * 3,
                    break_on_hyphens=False,
                )


def _legend(board: Board) -> Iterator[str]:
    used = {mark.answer for it in board.features for mark in it.marks}
    for answer, look in LOOKS.items():
        if answer in used:
            mark = click.style(look.letter, fg=look.colour, bold=True)
            yield f"{_GAP}{mark} {look.name}: {look.meaning}"
    if any(mark.partial for it in board.features for mark in it.marks):
        yield f"{_GAP}½ some of the feature works"
    if any(it.doubt for it in board.features):
        yield f"{_GAP}! does not work on the frontend's own daemon either: see the page"


def _cell(mark: Mark, head: str) -> str:
    shown = letter(mark)
    style = click.style(shown, fg=LOOKS[mark.answer].colour, bold=mark.answer is Answer.WRONG)
    return style + " " * max(0, len(head) - len(shown))


def _head(daemon: Daemon) -> str:
    return f"{daemon.name}{' (own)' if daemon.own else ''}"
