"""How a matrix did over its last runs: what the history says of its pairs, as charts of bars."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from harness.history import Mark
from harness.model import Verdict
from harness.model.matrix import CellState
from harness.reports.past import MARKS, Pasts
from harness.reports.text import moment, plural
from harness.reports.words import WORDS

WIDTH = 4
"""Of a bar with the gap behind it, in pixels."""
HEIGHT = 36

_LEAST = 2
"""Runs that make a trend."""
_SLIVER = 1.5
"""Height of the smallest bar that is not 0, so that it can be seen."""


@dataclass(frozen=True)
class Night:
    """What held after one run: a pair that it did not run is as it was left before."""

    started: str
    regressed: int
    """Pairs whose newest result blames the frontend."""
    known: int
    flaky: int
    minutes: float
    """Of the legs that it ran, with their reruns."""
    reused: float
    """Per cent of the pairs that it did not run."""


@dataclass(frozen=True)
class Bar:
    """One run in a chart, in pixels from the top left."""

    x: int
    y: float
    height: float
    told: str


@dataclass(frozen=True)
class Chart:
    """One figure over all runs."""

    name: str
    letter: str
    """Of the verdict whose colour it has; empty for none."""
    told: str
    """The same in words."""
    now: str
    bars: tuple[Bar, ...]


@dataclass(frozen=True)
class Trends:
    """All that is shown, as charts and as a table."""

    charts: tuple[Chart, ...]
    rows: tuple[tuple[str, list[str]], ...]
    """When each run began and its figures in the order of the charts, newest first."""
    width: int = WIDTH
    height: int = HEIGHT


@dataclass(frozen=True)
class _Figure:
    name: str
    verdict: Verdict | None
    of: Callable[[Night], float]
    unit: str = ""


FIGURES = (
    _Figure("pairs regressed", Verdict.REGRESSED, lambda it: it.regressed),
    _Figure("pairs known", Verdict.KNOWN, lambda it: it.known),
    _Figure("pairs flaky", Verdict.FLAKY, lambda it: it.flaky),
    _Figure("minutes run", None, lambda it: it.minutes),
    _Figure("pairs not run anew", None, lambda it: it.reused, " %"),
)
"""What is drawn, in its order."""


def nights(pasts: Pasts) -> list[Night]:
    """Return what held after each of the last runs, oldest first; at most as many as are kept."""
    runs: dict[str, list[tuple[str, Mark]]] = {}
    for cell, past in pasts.items():
        for mark in past.marks:
            runs.setdefault(mark.run, []).append((cell, mark))
    newest: dict[str, Mark] = {}
    found = []
    for marks in sorted(runs.values(), key=_began):
        newest |= {cell: mark for cell, mark in marks if mark.state is CellState.DONE}
        found.append(_night(marks, newest))
    return found[-MARKS:]


def trends(pasts: Pasts) -> Trends:
    """Draw what a history says of a matrix's pairs; nothing of fewer than two runs."""
    told = nights(pasts)
    if len(told) < _LEAST:
        return Trends((), ())
    rows = ((it.started, [_text(figure, figure.of(it)) for figure in FIGURES]) for it in told)
    return Trends(tuple(_chart(it, told) for it in FIGURES), (*rows,)[::-1])


def _began(marks: Sequence[tuple[str, Mark]]) -> str:
    return min(mark.started for _, mark in marks)


def _night(marks: Sequence[tuple[str, Mark]], newest: dict[str, Mark]) -> Night:
    ran = {cell for cell, mark in marks if mark.state is CellState.DONE}
    verdicts = [mark.verdict for mark in newest.values()]
    return Night(
        started=_began(marks),
        regressed=sum(it.blames_frontend for it in verdicts),
        known=verdicts.count(Verdict.KNOWN),
        flaky=verdicts.count(Verdict.FLAKY),
        minutes=sum(mark.seconds or 0.0 for _, mark in marks) / 60,
        reused=100 * (len(newest) - len(ran)) / len(newest) if newest else 0.0,
    )


def _chart(figure: _Figure, told: Sequence[Night]) -> Chart:
    values = [figure.of(it) for it in told]
    least, most = min(values), max(values)
    span = f"between {_text(figure, least)} and {_text(figure, most)}"
    now = _text(figure, values[-1])
    return Chart(
        name=figure.name,
        letter=WORDS[figure.verdict].letter if figure.verdict else "",
        told=f"{figure.name}: {now} in the newest of {plural(len(told), 'run')}, {span} in all",
        now=now,
        bars=tuple(_bars(figure, told, values, most)),
    )


def _bars(
    figure: _Figure, told: Sequence[Night], values: Sequence[float], most: float
) -> Iterable[Bar]:
    for place, (night, value) in enumerate(zip(told, values, strict=True)):
        height = max(_SLIVER, HEIGHT * value / most) if value else 0.0
        text = f"{moment(night.started)}: {_text(figure, value)}"
        yield Bar(place * WIDTH, round(HEIGHT - height, 2), round(height, 2), text)


def _text(figure: _Figure, value: float) -> str:
    return f"{value:.0f}{figure.unit}"
