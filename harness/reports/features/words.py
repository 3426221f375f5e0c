"""How answers are shown, and what is said of rows and columns in the same words everywhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TypeVar

from msgspec.structs import replace

from harness.reports.features.document import Board, Daemon, Feature, Features, Mark, Seen
from harness.reports.words import Word
from harness.verdict.answers import Answer

_Value = TypeVar("_Value")

LOOKS = {
    Answer.WORKS: Word("works", "✓", "Y", "green", "the result is right"),
    Answer.REFUSED: Word(
        *("refused", "∅", "R", "cyan", "the build fails, and says what the daemon lacks")
    ),
    Answer.UNCLEAR: Word(
        *("unclear", "?", "U", "yellow", "the build fails, and does not say what is lacking")
    ),
    Answer.WRONG: Word(
        *("wrong", "✗", "W", "red", "the build succeeds, and what comes of it is not right")
    ),
    Answer.CRASH: Word("crash", "✗", "C", "red", "the daemon dies of it"),
    Answer.HANG: Word("hang", "✗", "H", "red", "it comes to no end"),
    Answer.FAULT: Word("fault", "!", "F", "magenta", "the scenario itself failed"),
    Answer.UNSEEN: Word("unseen", "-", "-", "white", "not run, or the machine was in its way"),
}
"""Best first: in this order they are told to somebody who asks what can be used."""

PARTLY = "½"
"""Stands behind the letter of a feature of which some works."""


def letter(mark: Mark) -> str:
    """Return the letter of a cell: `W`, or `W½` where some of the feature works."""
    return LOOKS[mark.answer].letter + PARTLY * mark.partial


def in_words(mark: Mark) -> str:
    """Return a cell in words: `wrong`, or `partly wrong, 2 of 3 work`."""
    if not mark.partial:
        return mark.answer.value
    return f"partly {mark.answer}, {mark.works} of {mark.told} work"


def since(feature: Feature) -> str:
    """Return from which daemon on a feature works: `all`, `v0.17.3 (not v0.12.5)`, or a dash."""
    if not feature.since:
        return "–"  # noqa: RUF001 - a dash
    return f"{feature.since} (not {feature.without})" if feature.without else "all"


def told(seen: Seen) -> str:
    """Return what was seen, in one line."""
    often = f", in {seen.alike} of {seen.attempts} attempts" if seen.alike < seen.attempts else ""
    says = f": {seen.says}" if seen.says else ""
    return f"{seen.answer}{often}{says}"


def counts(board: Board, place: int) -> str:
    """Return how many features do what on a daemon: `61 works, 12 refused, 20 wrong`."""
    found = Counter(it.marks[place].answer for it in board.features)
    return ", ".join(f"{found[it]} {it}" for it in LOOKS if found[it])


def board_name(board: Board) -> str:
    """Name a frontend with its channel and commit: `master labs (73ed682, 2026-08-21)`."""
    commit = board.frontend
    ref = commit.short if commit.ref == commit.sha else commit.ref
    return f"{ref} {board.channel} ({commit.short}, {commit.date})"


def chosen(document: Features, daemon: str) -> Features:
    """Keep the columns that a name means, by release, line or commit; all for an empty one."""
    if not daemon:
        return document
    boards = (_chosen(board, daemon) for board in document.boards)
    return replace(document, boards=tuple(board for board in boards if board.daemons))


def _chosen(board: Board, name: str) -> Board:
    kept = [place for place, it in enumerate(board.daemons) if name in _names(it)]

    def part(values: Sequence[_Value]) -> tuple[_Value, ...]:
        return tuple(values[place] for place in kept)

    rows = (
        replace(
            row,
            marks=part(row.marks),
            tried=tuple(replace(it, seen=part(it.seen)) for it in row.tried),
        )
        for row in board.features
    )
    return replace(board, daemons=part(board.daemons), features=tuple(rows))


def _names(daemon: Daemon) -> set[str]:
    commit = daemon.commit
    return {daemon.name, commit.ref, commit.line, commit.asked, commit.sha, commit.short}
