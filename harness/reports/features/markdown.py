"""The table of features as Markdown: a table for each area, and below it what was seen.

Nothing from a run stands bare in it: names and messages are code, which neither links nor formats.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from harness.model import Scenario
from harness.reports.features.crossed import Crossed, Group, crossed
from harness.reports.features.document import Board, Daemon, Feature, Features, Mark
from harness.reports.features.words import (
    LOOKS,
    board_name,
    counts,
    since,
    told,
)
from harness.reports.markdown import code, in_table
from harness.reports.text import clip
from harness.verdict.answers import Answer

_NAMED = 300
"""Characters of what is said of one cell."""


def render(document: Features) -> str:
    """Return the whole document."""
    scenarios = {it.test: it for it in document.scenarios}
    parts = [part for board in document.boards for part in _board(board, scenarios)]
    return "\n".join(["# Dockerfile features by daemon", "", *_head(document), *parts]) + "\n"


def _head(document: Features) -> Iterator[str]:
    yield "What a frontend does on BuildKit daemons of other ages, seen by building."
    yield ""
    yield "| | |"
    yield "|---|---|"
    for answer, look in LOOKS.items():
        yield f"| {_word(answer)} | {look.meaning} |"
    yield ""
    yield (
        "*Since* is the oldest daemon that was tried from which on all of a feature works, and in "
        "brackets the newest that was tried before it: what lies between was not tried. "
        "*Dockerfile* is the frontend's version that a feature came with; its own daemon is that "
        "of its commit. (!) leads to a note: the feature does not work there either."
    )
    runs = ", ".join(map(code, document.runs))
    yield ""
    yield f"Made by `compat features` of {runs or 'no run of scenarios'}."
    yield ""


def _board(board: Board, scenarios: dict[str, Scenario]) -> Iterator[str]:
    yield f"## Frontend {code(board_name(board))}"
    yield ""
    yield f"Commit {code(board.frontend.sha)}."
    yield ""
    for place, it in enumerate(board.daemons):
        yield f"- {_name(it)}: {counts(board, place) or 'nothing was tried'}"
    yield ""
    if table := crossed(board):
        yield from _crossed(table)
        return
    for area, features in groupby(board.features, key=lambda it: it.area):
        members = list(features)
        yield f"### {code(area)}"
        yield ""
        heads = ["feature", "Dockerfile", *map(_name, board.daemons), "since"]
        yield f"| {' | '.join(heads)} |"
        yield f"|{'---|' * len(heads)}"
        yield from (_row(it) for it in members)
        yield ""
        notes = [note for it in members for note in _notes(it, board.daemons, scenarios)]
        if notes:
            yield "<details><summary>what was seen</summary>"
            yield ""
            yield from notes
            yield ""
            yield "</details>"
            yield ""


def _crossed(table: Crossed) -> Iterator[str]:
    yield (
        "Several clients were run, so tables are of clients by daemons, and features that come out "
        "alike share one. A client beside the daemon of its own release is that daemon's own."
    )
    yield ""
    for group in table.groups:
        names = ", ".join(map(_linked, group.features))
        yield f"{'Everywhere' if group.works else 'Not everywhere'}: {names}"
        yield ""
        if not group.works:
            yield from _grid(table, group)


def _grid(table: Crossed, group: Group) -> Iterator[str]:
    yield f"| client | {' | '.join(f'daemon {in_table(it)}' for it in table.daemons)} |"
    yield f"|---|{'---|' * len(table.daemons)}"
    for client in table.clients:
        marks = (group.marks.get((client, daemon)) for daemon in table.daemons)
        cells = (_cell(it) if it else "" for it in marks)
        yield f"| {in_table(client)} | {' | '.join(cells)} |"
    yield ""
    for where, said in table.notes(group):
        named = f"{code(where)}: " if where else ""
        yield f"- {named}{code(clip(said, _NAMED))}"
    yield ""


def _linked(feature: Feature) -> str:
    name = in_table(feature.feature)
    doubt = " (!)" if feature.doubt else ""
    return f"[{name}]({feature.docs}){doubt}" if feature.docs else f"{name}{doubt}"


def _row(feature: Feature) -> str:
    cells = map(_cell, feature.marks)
    came = ", ".join(map(in_table, feature.came))
    return f"| {_linked(feature)} | {came} | {' | '.join(cells)} | {since(feature)} |"


def _notes(
    feature: Feature, daemons: Sequence[Daemon], scenarios: dict[str, Scenario]
) -> Iterator[str]:
    """Say what was seen of a feature wherever it does not work; alike daemons share a line."""
    lines = [f"  - (!) {code(feature.doubt)}"] if feature.doubt else []
    for it in feature.tried:
        seen: dict[str, list[str]] = {}
        for seen_there, daemon in zip(it.seen, daemons, strict=True):
            if seen_there.answer is not Answer.WORKS:
                seen.setdefault(clip(told(seen_there), _NAMED), []).append(_name(daemon))
        scenario = scenarios[it.test]
        title = f"{code(scenario.syntax)}: {code(scenario.title)}"
        lines += [f"  - {title}, {', '.join(names)}: {code(says)}" for says, names in seen.items()]
    if lines:
        yield f"- {code(feature.feature)}"
        yield from lines


def _cell(mark: Mark) -> str:
    if mark.partial:
        return f"½ {_word(mark.answer)} {mark.works}/{mark.told}"
    return _word(mark.answer)


def _word(answer: Answer) -> str:
    if answer is Answer.WORKS:
        return "✓"
    return f"**{answer}**" if answer in {Answer.WRONG, Answer.CRASH, Answer.HANG} else answer.value


def _name(daemon: Daemon) -> str:
    return f"{in_table(daemon.name)}{' (own)' if daemon.own else ''}"
