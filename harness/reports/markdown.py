"""summary.md: a matrix for the summary of a CI job or the text of an issue, always below 1 MiB.

Nothing from outside stands bare in it: names and messages are code, in which GitHub reads no
markup, no @mention and no #number, with a fence longer than any row of backticks inside.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator, Sequence

from harness.model import Verdict
from harness.model.matrix import CellState, MatrixRun
from harness.reports.culprits import links
from harness.reports.floors import CHANGED, FloorRow, Lacking
from harness.reports.layout import grids
from harness.reports.overview import CellView, headline, reused, tests_by_verdict
from harness.reports.report import TextReport
from harness.reports.survey import Survey, Trouble
from harness.reports.text import (
    clip,
    duration,
    excerpt,
    moment,
    one_line,
    plural,
    visible,
    visible_block,
)
from harness.reports.words import FLOORS, UNKNOWN, WORDS

LIMIT = 1_000_000
"""Bytes; GitHub refuses a job summary of more than 1 MiB."""

_RESERVE = 2_000
_ROWS = 200
_COLUMNS = 60
_NAMES = 40
_PROSE = 400
_EXCERPT = 3_000
_TICKS = re.compile(r"`+")


class Summary(TextReport):
    """The page in short."""

    file = "summary.md"

    def foot(self) -> Iterator[str]:
        """Return all of it: root causes are known at the end."""
        yield summary_markdown(self.stored.matrix, self.stored.views, self.stored.survey)


def summary_markdown(matrix: MatrixRun, views: Sequence[CellView], survey: Survey) -> str:
    """Write the summary; what would make it too long is left out, and it says how much."""
    parts = [*_head(matrix, views), *_tables(views)]
    parts += _floors(survey, _room(parts) // 3)
    troubles = [
        (it.verdict.blames_frontend, _trouble(it, views, survey)) for it in survey.troubles()
    ]
    details = [text for broken, text in troubles if broken]
    details += [*_failures(views), *(text for broken, text in troubles if not broken)]
    details += [*_suspicious(survey)]
    shown = list(_fitting(details, _room(parts)))
    if shown:
        parts += ["## Root causes\n\n", *shown]
    if len(shown) < len(details):
        parts.append(f"… and {len(details) - len(shown)} more, all on the page.\n\n")
    parts.append(_legend(views))
    return "".join(parts)


def code(text: str) -> str:
    """Write one line as code that cannot be left: a longer row of backticks around it."""
    text = visible(text)
    ticks = "`" * (1 + max((len(row) for row in _TICKS.findall(text)), default=0))
    # A blank inside each fence is taken away again, and parts it from a backtick of the text.
    return f"{ticks} {text} {ticks}" if "`" in text or not text.strip() else f"`{text}`"


def in_table(text: str) -> str:
    """Keep code within its column: a bar ends a column even inside backticks."""
    return code(text).replace("|", r"\|")


def fenced(text: str) -> str:
    """Write a block that cannot be left."""
    text = visible_block(text)
    fence = "`" * max(3, 1 + max((len(row) for row in _TICKS.findall(text)), default=0))
    return f"{fence}text\n{text}\n{fence}\n"


def _in_html(text: str) -> str:
    return f"<code>{html.escape(visible(text))}</code>"


def _room(parts: Iterable[str]) -> int:
    return LIMIT - _RESERVE - len("".join(parts).encode())


def _fitting(parts: Iterable[str], room: int) -> Iterator[str]:
    for part in parts:
        room -= len(part.encode())
        if room < 0:
            return
        yield part


def _head(matrix: MatrixRun, views: Sequence[CellView]) -> Iterator[str]:
    worst, rest = headline(matrix, views)
    yield f"# {_escaped(worst)}\n\n"
    if rest:
        yield f"{_escaped(rest)}.\n\n"
    shard = f", shard {matrix.shard} only" if matrix.shard else ""
    facts = [
        f"{code(clip(matrix.plan.matrix, _PROSE))}{shard}",
        f"run {code(matrix.id)}",
        code(moment(matrix.started)),
        f"took {duration(matrix.seconds)}",
        f"harness {code(matrix.plan.harness)}",
        f"plan {code(matrix.plan.digest[:12])}",
        *filter(None, [reused(matrix)]),
    ]
    yield f"{' · '.join(facts)}\n\n"
    for warning in matrix.warnings[:_NAMES]:
        yield f"- warning: {code(clip(warning, _PROSE))}\n"
    if matrix.warnings:
        yield "\n"


def _tables(views: Sequence[CellView]) -> Iterator[str]:
    for grid in grids(views):
        yield f"## Worker {code(grid.variant)}\n\n"
        columns = grid.columns[:_COLUMNS]
        yield "".join(["| daemon |", *(f" {in_table(it.ref)} |" for it in columns), "\n"])
        yield f"|---|{'---|' * len(columns)}\n"
        rows = [row for line in grid.lines for row in line.rows]
        for row in rows[:_ROWS]:
            places = ("<br>".join(_cell(it) for it in place) for place in row.places[:_COLUMNS])
            yield f"| {in_table(row.head.ref)} | {' | '.join(places)} |\n"
        yield "\n"
        if left := max(0, len(rows) - _ROWS) + max(0, len(grid.columns) - _COLUMNS):
            yield f"… and {left} more rows and columns, all on the page.\n\n"


def _cell(view: CellView) -> str:
    word = view.word
    if view.result.state is not CellState.DONE:
        return f"{word.symbol} **{word.letter}** {view.label}"
    return f"{word.symbol} **{word.letter}** {view.passing}/{view.total}"


def _floors(survey: Survey, room: int) -> Iterator[str]:
    """Write what tests do on lines of daemons, if some line of daemons fails some of them."""
    rows, lines = survey.floors.rows(survey.tests), survey.floors.lines
    if not rows:
        return
    legend = ", ".join(
        f"{it.symbol} **{it.letter}** {it.name}" for it in (*FLOORS.values(), UNKNOWN)
    )
    delta = f"; {CHANGED} changed since the last run" if any(any(it.changed) for it in rows) else ""
    yield f"## Floors\n\nOn each line of daemons: {legend}{delta}.\n\n"
    columns = "".join(f" {in_table(clip(it, _NAMES))} |" for it in lines[:_COLUMNS])
    yield f"| test |{columns}\n|---|{'---|' * len(lines[:_COLUMNS])}\n"
    shown = list(_fitting(map(_floor_row, rows[:_ROWS]), room))
    yield from (*shown, "\n")
    if left := len(rows) - len(shown) + max(0, len(lines) - _COLUMNS):
        yield f"… and {left} more rows and columns, all on the page.\n\n"
    lacking = survey.floors.lacking(survey.tests)
    told = list(_fitting(map(_lacking, lacking), room))
    yield from told
    if len(told) < len(lacking):
        yield f"… and {len(lacking) - len(told)} more capabilities, all on the page.\n\n"


def _floor_row(row: FloorRow) -> str:
    each = zip(row.words[:_COLUMNS], row.changed, strict=False)
    words = "".join(
        f" {it.symbol} **{it.letter}**{f' {CHANGED}' if changed else ''} |" for it, changed in each
    )
    return f"| {in_table(row.test)} |{words}\n"


def _lacking(lacking: Lacking) -> str:
    word, tests = WORDS[Verdict.REFUSED], list(lacking.tests)
    return (
        f"<details><summary>{word.symbol} {word.letter} {plural(len(tests), 'test')} refused "
        f"for want of {_in_html(lacking.capability)}</summary>\n\n"
        f"{listed('Tests', tests)}\n</details>\n\n"
    )


def _failures(views: Sequence[CellView]) -> Iterator[str]:
    for view in views:
        if view.result.state in {CellState.FAILED, CellState.DONE} and view.result.error:
            error = excerpt(view.result.error, _EXCERPT)
            mark = f"{view.word.symbol} {view.word.letter} {_in_html(view.title)}"
            yield (
                f"<details><summary>{mark} {view.word.pairs}</summary>\n\n"
                f"{fenced(error)}\n</details>\n\n"
            )


def _trouble(trouble: Trouble, views: Sequence[CellView], survey: Survey) -> str:
    word = WORDS[trouble.verdict]
    tests = [survey.tests[number] for number in trouble.tests]
    pairs = [views[number].title for number in trouble.cells]
    line = survey.causes[trouble.cause] if trouble.cause >= 0 else word.meaning
    extent = f"{plural(len(tests), 'test')} in {plural(len(pairs), 'pair')}"
    rate = f" ({trouble.failed} of {plural(trouble.attempts, 'attempt')})" * bool(trouble.failed)
    example = f"\n{fenced(trouble.example)}" if trouble.example else ""
    return (
        f"<details><summary>{word.symbol} {word.letter} {trouble.verdict.value}{rate}, {extent}: "
        f"{_in_html(clip(line, _PROSE))}</summary>\n\n"
        f"{listed('Tests', tests)}{listed('Pairs', pairs)}{_culprits(trouble)}{example}\n"
        "</details>\n\n"
    )


def _culprits(trouble: Trouble) -> str:
    return "".join(
        f"- {code(text)}{f' {page}' if page else ''}\n"
        for text, page in links(trouble.blames[:_NAMES])
    )


def _suspicious(survey: Survey) -> Iterator[str]:
    for words, numbers in survey.suspicious.items():
        tests = [survey.tests[number] for number in sorted(numbers)]
        yield (
            f"<details><summary>? suspicious, although passed, {plural(len(tests), 'test')}: "
            f"{_in_html(clip(words, _PROSE))}</summary>\n\n{listed('Tests', tests)}\n</details>\n\n"
        )


def listed(title: str, names: list[str]) -> str:
    """Write a line of names as code, the first of them if there are many."""
    shown = ", ".join(code(clip(name, _PROSE)) for name in names[:_NAMES])
    more = f" … and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
    return f"- {title}: {shown}{more}\n"


def _legend(views: Sequence[CellView]) -> str:
    totals = tests_by_verdict(views)
    told = [
        f"{WORDS[it].symbol} **{WORDS[it].letter}** {it.value}: {totals[it]}"
        for it in Verdict
        if totals[it] or it is Verdict.COMPATIBLE
    ]
    return f"Tests: {', '.join(told)}.\n"


def _escaped(text: str) -> str:
    """Write a sentence of ours that may hold names from outside: plain text without markup.

    A backslash does not keep GitHub from seeing @somebody; an invisible space behind it does.
    """
    escaped = html.escape(one_line(text, _PROSE), quote=False)
    return _MARKUP.sub(r"\\\g<0>", escaped).replace("@", "@\N{ZERO WIDTH SPACE}")


_MARKUP = re.compile(r"[\\`*_{}\[\]()#+!|~-]")
