"""index.html: what can be read without opening a cell, made of a matrix run and its survey."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import quote, urlencode

import jinja2
from markupsafe import Markup

from harness.model import Verdict
from harness.model.matrix import CellState, MatrixRun
from harness.reports.culprits import links
from harness.reports.floors import CHANGED
from harness.reports.layout import grids, variant_of
from harness.reports.overview import CellView, headline, reused, tests_by_verdict
from harness.reports.page.trends import trends
from harness.reports.past import Past, Pasts
from harness.reports.survey import Survey, Trouble
from harness.reports.text import duration, moment, one_line, parsed_time, plural, visible
from harness.reports.words import FLOORS, LOOKS, STATES, UNKNOWN, WORDS, Word, look

GENERATOR = "buildkit-compat "
"""What begins the name of the program in a page's head."""

STRIP = 14
"""Earlier runs that a cell of the grid shows."""

_TROUBLES = 30
_NAMED_TESTS = 4
_NAMED_PAIRS = 8
_WARNINGS = 100
_FLOORS = 2_000
_LINES = 100
_LACKING = 100
_REFUSED = 40
_RANK = {word.letter: rank for rank, word in enumerate(LOOKS)}
_PROSE = 600
_COLOURS = {"red": "#c62a2f", "magenta": "#7c3fb4", "yellow": "#b07400"}


@dataclass(frozen=True)
class CellText:
    """What the grid says of one cell."""

    view: CellView
    href: str
    figures: str
    remark: str
    when: str
    told: str
    past: tuple[str, ...]
    new: bool

    @property
    def state(self) -> str:
        """Empty for a cell that has a result."""
        return "" if self.view.result.state is CellState.DONE else self.view.label


def embedded(value: object) -> str:
    """Write JSON that may stand in a script, in HTML or in a file of its own.

    No `<`, `>`, `&` is in it, nor a line separator of JavaScript's.
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text.translate(_ESCAPES)


_ESCAPES = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}


def address(**state: str) -> str:
    """Return the part of the page's address that shows a view of it."""
    return f"#{urlencode(state, quote_via=quote, safe='')}"


def index_page(
    matrix: MatrixRun,
    views: Sequence[CellView],
    survey: Survey,
    history: Pasts,
    files: Sequence[tuple[str, str]],
) -> Iterable[str]:
    """Render the page piece by piece; equal input gives equal text.

    `files` are names and addresses of what lies beside the page.
    """
    texts = [_cell(view, history.get(view.planned.id, Past()), matrix.id) for view in views]
    troubles = survey.troubles()
    labels = Counter((_RANK[view.word.letter], view.label) for view in views)
    totals = tests_by_verdict(views)
    bar = _bar(labels)
    rows = [*_failures(views), *(_trouble(it, views, survey) for it in troubles[:_TROUBLES])]
    return _template().generate(
        name=visible(matrix.plan.matrix),
        shard=str(matrix.shard) if matrix.shard else "",
        headline=headline(matrix, views),
        generator=visible(f"{GENERATOR}{matrix.plan.harness}"),
        icon=_icon(matrix.verdict),
        bar=bar,
        tally_told=", ".join(f"{part['number']} {part['label']}" for part in bar),
        facts=list(_facts(matrix)),
        run=visible(matrix.id),
        started=visible(matrix.started),
        warnings=[one_line(it, _PROSE) for it in matrix.warnings[:_WARNINGS]],
        totals=[_chip(it, totals[it]) for it in Verdict if totals[it]],
        legend=[{"word": it, "state": _state(it.name, it)} for it in LOOKS],
        grids=grids(views),
        texts=texts,
        troubles=sorted(rows, key=lambda it: _RANK[it["letter"]]),
        more_troubles=max(0, len(troubles) - _TROUBLES),
        floors=_floors(survey),
        trends=trends(history),
        files=[{"text": text, "href": href} for text, href in files],
        index=Markup(embedded(_index(views, bool(history)))),  # noqa: S704 - escaped there
    )


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("harness.reports.page"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {"moment": moment, "day": _day}
    return environment.get_template("index.html")


def _index(views: Sequence[CellView], past: bool) -> dict[str, Any]:  # noqa: FBT001 - a field
    backends = len({view.planned.pair.backend for view in views}) > 1
    return {
        "order": [word.letter for word in LOOKS],
        "words": {word.letter: _facts_of(word) for word in LOOKS},
        "history": past,
        "cells": [
            {
                "id": visible(view.planned.id),
                "title": view.title,
                "label": view.label,
                "letter": view.word.letter,
                "worker": variant_of(view.planned.pair, backends=backends),
                "started": visible(view.result.started),
                "passing": view.passing,
                "total": view.total,
                "counts": {WORDS[it].letter: n for it, n in view.result.counts.items() if n},
            }
            for view in views
        ],
    }


def _cell(view: CellView, past: Past, run: str) -> CellText:
    verdict, number = view.result.verdict, view.result.counts.get(view.result.verdict, 0)
    before = [it for it in past.marks if it.run != run]
    stated = view.result.state is not CellState.DONE
    named = number and verdict is not Verdict.COMPATIBLE
    remark = f"{number} {verdict.value.partition('-')[0]}" if named and not stated else ""
    figures = f"{view.passing}/{view.total}" if view.result.counts else view.label
    when = visible(view.result.started) or (visible(before[-1].started) if before else "")
    was_bad = bool(before) and before[-1].verdict.blames_frontend
    new = bool(before) and verdict.blames_frontend and not was_bad
    told = [f"{view.title}: {view.label}{', new' if new else ''}"]
    if view.result.counts:
        told.append(f"{view.passing} of {plural(view.total, 'test')} pass")
    if remark:
        told.append(f"{number} {verdict.value}")
    if when:
        told.append(moment(when) if view.result.started else f"last run {moment(when)}")
    if view.result.reused:
        told.append(f"a result of {one_line(view.result.reused)}, used again")
    return CellText(
        view=view,
        href=address(cell=visible(view.planned.id)),
        figures=figures,
        remark=remark,
        when=when,
        told=", ".join(told),
        past=tuple(look(it.state, it.verdict).letter for it in before[-STRIP:]),
        new=new,
    )


def _bar(labels: Counter[tuple[int, str]]) -> list[dict[str, Any]]:
    total = sum(labels.values())
    parts, x = [], 0.0
    for (rank, label), number in sorted(labels.items()):
        width = 100 * number / total
        parts.append(
            {
                "letter": LOOKS[rank].letter,
                "state": _state(label, LOOKS[rank]),
                "label": label,
                "number": number,
                "x": f"{x:.3f}",
                "width": f"{width:.3f}",
            }
        )
        x += width
    return parts


def _facts(matrix: MatrixRun) -> Iterable[str]:
    yield f"{plural(len(matrix.plan.cells), 'pair')} planned"
    yield f"took {duration(matrix.seconds)}"
    yield f"harness {visible(matrix.plan.harness)}"
    yield f"plan {visible(matrix.plan.digest[:12])}"
    if matrix.plan.repository:
        yield one_line(matrix.plan.repository, _PROSE)
    if matrix.plan.offline:
        yield "offline"
    if told := reused(matrix):
        yield told
    if matrix.host:
        yield f"{plural(matrix.host.cpus, 'CPU')}, Linux {visible(matrix.host.kernel)}"


def _trouble(trouble: Trouble, views: Sequence[CellView], survey: Survey) -> dict[str, Any]:
    tests, cells = list(trouble.tests), list(trouble.cells)
    names = [survey.tests[test] for test in tests[:_NAMED_TESTS]]
    return {
        "letter": WORDS[trouble.verdict].letter,
        "state": "",
        "line": survey.causes[trouble.cause] if trouble.cause >= 0 else _wordless(trouble.verdict),
        "told": f"{trouble.verdict.value}, {plural(len(tests), 'test')} "
        f"in {plural(len(cells), 'pair')}",
        "tests": [{"text": name, "href": address(test=name)} for name in names],
        "more_tests": max(0, len(tests) - _NAMED_TESTS),
        "pairs": [_pair_link(views[cell]) for cell in cells[:_NAMED_PAIRS]],
        "more_pairs": max(0, len(cells) - _NAMED_PAIRS),
        "culprits": [
            {"text": text, "href": page} for text, page in links(trouble.blames[:_NAMED_PAIRS])
        ],
    }


def _floors(survey: Survey) -> dict[str, Any]:
    """Return what tests do on lines of daemons; no rows if none fails for its daemon."""
    rows, lacking = survey.floors.rows(survey.tests), survey.floors.lacking(survey.tests)
    lines = survey.floors.lines
    return {
        "lines": lines[:_LINES],
        "rows": [
            {
                "test": it.test,
                "href": address(test=it.test),
                "words": list(zip(it.words, it.changed, strict=True))[:_LINES],
            }
            for it in rows[:_FLOORS]
        ],
        "more": max(0, len(rows) - _FLOORS) + max(0, len(lines) - _LINES),
        "legend": (*FLOORS.values(), UNKNOWN),
        "number": len(rows),
        "changed": CHANGED,
        "changes": sum(any(it.changed) for it in rows),
        "refused": WORDS[Verdict.REFUSED],
        "lacking": [
            {
                "capability": it.capability,
                "told": f"{plural(len(it.tests), 'test')} refused for want of it",
                "tests": [{"text": one, "href": address(test=one)} for one in it.tests[:_REFUSED]],
                "more": max(0, len(it.tests) - _REFUSED),
            }
            for it in lacking[:_LACKING]
        ],
        "more_lacking": max(0, len(lacking) - _LACKING),
    }


def _failures(views: Sequence[CellView]) -> list[dict[str, Any]]:
    """Return the pairs that could not be built or run as root causes, by the error's first line."""
    grouped: dict[str, list[CellView]] = {}
    for view in views:
        if view.result.state is CellState.FAILED:
            line = view.result.error.strip().partition("\n")[0]
            grouped.setdefault(one_line(line, _PROSE), []).append(view)
    return [
        {
            "letter": STATES[CellState.FAILED].letter,
            "state": STATES[CellState.FAILED].name,
            "line": line,
            "told": f"{plural(len(members), 'pair')} failed to build or run",
            "tests": [],
            "more_tests": 0,
            "pairs": [_pair_link(view) for view in members[:_NAMED_PAIRS]],
            "more_pairs": max(0, len(members) - _NAMED_PAIRS),
            "culprits": [],
        }
        for line, members in list(grouped.items())[:_TROUBLES]
    ]


def _pair_link(view: CellView) -> dict[str, str]:
    return {"text": view.title, "href": address(cell=visible(view.planned.id))}


def _wordless(verdict: Verdict) -> str:
    return f"({WORDS[verdict].meaning})"


def _chip(verdict: Verdict, number: int) -> dict[str, Any]:
    return {"word": WORDS[verdict], "number": number}


def _state(label: str, word: Word) -> str:
    """Return the label of a cell if it is a state; empty for a cell that has a result."""
    return label if word in STATES.values() or label != word.name else ""


def _facts_of(word: Word) -> dict[str, Any]:
    """Return what the page's script has to know of a letter.

    `trouble` is what is worth a look, `folded` what is neither that nor a pass.
    """
    verdict = None if word in STATES.values() else Verdict(word.name)
    trouble = verdict is None or verdict.deserves_detail
    passes = verdict is not None and verdict.passes
    return {
        "name": word.name,
        "symbol": word.symbol,
        "meaning": word.meaning,
        "state": verdict is None,
        "trouble": trouble,
        "passes": passes,
        "folded": not (trouble or passes),
    }


def _icon(verdict: Verdict) -> str:
    word = WORDS[verdict]
    colour = _COLOURS.get(word.colour, "#2b7a4b")
    return "data:image/svg+xml," + quote(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16"'
        f' rx="4" fill="{colour}"/><text x="8" y="12" fill="#fff" font-family="sans-serif"'
        f' font-size="11" font-weight="700" text-anchor="middle">{word.letter}</text></svg>'
    )


def _day(iso: str) -> str:
    time = parsed_time(iso)
    return f"{time.day} {time:%b}" if time else ""
