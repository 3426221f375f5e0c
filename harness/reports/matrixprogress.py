"""What a matrix is doing right now, gathered from its events; knows nothing of any terminal."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator

from harness.events import (
    BuildEnded,
    BuildStarted,
    CellEnded,
    CellStarted,
    CellTold,
    Event,
    Forecast,
    MatrixStarted,
    Said,
    Warned,
)
from harness.model import Verdict
from harness.model.matrix import CellResult, CellState
from harness.reports.overview import label
from harness.reports.progress import Line, Progress, Row
from harness.reports.text import duration, one_line
from harness.reports.words import look

_MINUTE = 60.0
_HOUR = 3600.0


class MatrixProgress:
    """The builds and cells that are under way. Times are seconds of one monotonic clock."""

    beat = 60.0

    def __init__(self) -> None:
        """Begin with nothing under way."""
        self._began: float | None = None
        self._total: Counter[str] = Counter()
        self._done: Counter[str] = Counter()
        self._builds: dict[str, float] = {}
        self._cells: dict[str, tuple[float, Progress]] = {}
        self._until: float | None = None
        """When everything is over, as far as is known."""

    def apply(self, event: Event, now: float) -> list[Line]:
        """Take in one event; return the lines that it leaves behind, at most one."""
        match event:
            case Said() | Warned():
                symbol = "·" if isinstance(event, Said) else "!"
                return [Line(symbol, one_line(event.text))]
            case MatrixStarted():
                self._began = now
                self._total = Counter(cells=event.cells, builds=event.builds)
                self._done = Counter(cells=event.done)
            case Forecast():
                self._until = None if event.seconds is None else now + event.seconds
            case BuildStarted():
                self._builds[event.build] = now
            case BuildEnded():
                return self._build_ended(event)
            case CellStarted():
                self._cells[event.cell] = now, Progress()
            case CellTold():
                if event.cell in self._cells:
                    self._cells[event.cell][1].apply(event.event, now)
            case CellEnded():
                return self._cell_ended(event.result, now)
        return []

    def heartbeat(self, now: float) -> Line | None:
        """Return in one line how far it is and what is under way; None if nothing is."""
        under_way = [f"building {name}" for name in self._builds]
        under_way += [f"{name} {_counted(cell)[0]}" for name, (_, cell) in self._cells.items()]
        if not under_way or self._began is None:
            return None
        what = [self._cells_done, *under_way, *self._left(now)]
        return Line("…", one_line("; ".join(what)), duration(now - self._began))

    def rows(self, now: float) -> Iterator[Row]:
        """Return a row for everything, and below it one per build and cell under way."""
        if self._began is None:
            return
        queued = self._total["cells"] - self._done["cells"] - len(self._cells)
        yield Row(
            label="cells",
            seconds=now - self._began,
            detail=", ".join([f"{len(self._cells)} running, {queued} queued", *self._left(now)]),
            done=self._done["cells"],
            expected=self._total["cells"],
        )
        if self._done["builds"] < self._total["builds"]:
            yield Row(
                label="builds",
                seconds=now - self._began,
                detail=f"{self._done['builds']}/{self._total['builds']}",
                done=self._done["builds"],
                expected=self._total["builds"],
            )
        for build, began in self._builds.items():
            yield Row(f"  … {one_line(build)}", now - began)
        for name, (began, cell) in self._cells.items():
            tally, done, expected = _counted(cell)
            failure = next((leg.last_failure for leg in cell.legs.values() if leg.failed), "")
            yield Row(f"  {one_line(name)}", now - began, tally, failure, done, expected)

    def abandon(self, now: float) -> list[Line]:
        """Forget what is under way, and name it as not finished."""
        begun = [*self._builds.items(), *((name, cell[0]) for name, cell in self._cells.items())]
        self._builds.clear()
        self._cells.clear()
        return [
            Line("✗", f"{one_line(name)}  did not finish", duration(now - since))
            for name, since in begun
        ]

    @property
    def _cells_done(self) -> str:
        return f"{self._done['cells']}/{self._total['cells']} cells"

    def _left(self, now: float) -> list[str]:
        over = self._done["cells"] == self._total["cells"]
        return [] if self._until is None or over else [_about(self._until - now)]

    def _build_ended(self, event: BuildEnded) -> list[Line]:
        self._builds.pop(event.build, None)
        self._done["builds"] += 1
        name, took = one_line(event.build), duration(event.seconds)
        if event.error:
            return [Line("✗", name, f"{took}  {one_line(event.error.partition(chr(10))[0])}")]
        return [] if event.cached else [Line("✓", name, f"{took}  built")]

    def _cell_ended(self, result: CellResult, now: float) -> list[Line]:
        begun = self._cells.pop(result.id, None)
        self._done["cells"] += 1
        if begun is None:  # what it needs was not built, which has been said
            return []
        word = look(result.state, result.verdict)
        counts = [
            f"{result.counts[it]} {it}"
            for it in Verdict
            if it.deserves_detail and result.counts.get(it)
        ]
        told = [", ".join(counts) or label(result.state, result.verdict)]
        if result.state is not CellState.DONE:
            told = [label(result.state, result.verdict), one_line(result.error.partition("\n")[0])]
        details = (duration(result.seconds), *told, self._cells_done, *self._left(now))
        text = f"{word.letter}  {one_line(result.id)}"
        return [Line(word.symbol, text, "  ".join(filter(None, details)))]


def _counted(cell: Progress) -> tuple[str, int, int | None]:
    """Add up the legs of a cell: in words, tests that ended, tests that should."""
    legs = list(cell.legs.values())
    done = sum(leg.done for leg in legs)
    known = [leg.expected for leg in legs if leg.expected is not None]
    expected = sum(known) if legs and len(known) == len(legs) else None
    of = "" if expected is None else f"/{expected}"
    again = next((leg.label.partition(", ")[2] for leg in legs if ", " in leg.label), "")
    failed = f"{sum(leg.failed for leg in legs)} failed"
    return ", ".join(filter(None, (f"{done}{of}", failed, again))), done, expected


def _about(seconds: float) -> str:
    """`about 12m left`: nobody knows the seconds."""
    if seconds < _MINUTE:
        return "under a minute left"
    if seconds < _HOUR:
        return f"about {math.ceil(seconds / _MINUTE)}m left"
    return f"about {duration(seconds)} left"
