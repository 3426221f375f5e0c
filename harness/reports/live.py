"""Progress of a run while it happens: live on a terminal, line by line anywhere else.

Events are put into a queue, and one thread of the display takes them out and alone touches the
stream. So any thread may tell events, and neither a slow or paused terminal nor a fault in the
display can hold a run up or end it.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING, Protocol, TextIO

from harness.events import Event, Listener
from harness.reports.progress import Failed, Line, Progress, Row
from harness.reports.text import duration

if TYPE_CHECKING:
    from rich.console import RenderableType

_log = logging.getLogger(__name__)

_FRAME = 0.25

_FAILURES_TOLD = 50
"""Failing tests that get a line of their own where there is no terminal."""
_PATIENCE = 5.0
_NO = frozenset({"", "0", "false", "no"})

Clock = Callable[[], float]
_Queue = SimpleQueue[tuple[float, Event | None]]


@contextmanager
def display(
    stream: TextIO,
    *,
    interactive: bool | None = None,
    color: bool | None = None,
    environ: Mapping[str, str] = os.environ,
    clock: Clock = time.monotonic,
    progress: Shown | None = None,
) -> Iterator[Listener]:
    """Show what a run tells until the block ends; the listener may be called from any thread.

    `interactive` and `color` are found out unless given: a terminal that can move its cursor
    (TERM is set and not `dumb`) outside of CI (`CI=true`) is interactive, and coloured unless
    NO_COLOR is set. Neither the listener nor this block ever raises an error of the display:
    if that fails, it says so on the stream and the run goes on unseen. `progress` is what events
    are gathered in, that of a run of one pair unless another is given.
    """
    if interactive is None:
        interactive = _can_redraw(stream, environ)
    if color is None:
        color = interactive and not environ.get("NO_COLOR")
    progress = progress or Progress()
    view = (
        _RichView(stream, progress, clock, color=color)
        if interactive
        else _PlainView(stream, progress, clock)
    )
    queue: _Queue = SimpleQueue()
    thread = Thread(
        target=_show,
        args=(view, progress, queue, stream, clock),
        name="progress display",
        daemon=True,
    )
    thread.start()
    try:
        yield lambda event: queue.put((clock(), event))
    finally:
        queue.put((clock(), None))
        thread.join(_PATIENCE)


def _can_redraw(stream: TextIO, environ: Mapping[str, str]) -> bool:
    if environ.get("CI", "").lower() not in _NO:
        return False
    return stream.isatty() and environ.get("TERM", "dumb") not in {"", "dumb"}


class Shown(Protocol):
    """Gathers events and says what there is to show; called from the display's thread alone."""

    beat: float
    """Seconds between two heartbeats."""

    def apply(self, event: Event, now: float) -> list[Line]:
        """Take in an event; return the lines that it leaves behind."""

    def heartbeat(self, now: float) -> Line | None:
        """Return in one line what is under way; None if nothing is."""

    def abandon(self, now: float) -> list[Line]:
        """Forget what is under way, and name it as not finished."""

    def rows(self, now: float) -> Iterable[Row]:
        """Return what is under way, line by line."""


class _View(Protocol):
    """Draws; called from the display's thread alone."""

    interval: float
    """Seconds of quiet after which `tick` is called."""

    def start(self) -> None: ...

    def line(self, line: Line) -> None: ...

    def tick(self) -> None: ...

    def stop(self) -> None: ...


def _show(view: _View, progress: Shown, queue: _Queue, stream: TextIO, clock: Clock) -> None:
    """Be the display's thread."""
    try:
        try:
            view.start()
            _loop(view, progress, queue, clock)
        finally:
            view.stop()
    except Exception as fault:  # noqa: BLE001 - no fault of a display may reach the run
        _log.debug("the progress display failed", exc_info=True)
        _say(stream, f"! the progress display failed ({fault!r}); the run goes on without it\n")


def _loop(view: _View, progress: Shown, queue: _Queue, clock: Clock) -> None:
    due = clock() + view.interval
    while True:
        told = _take(queue, due - clock())
        if told:
            now, event = told
            lines = progress.apply(event, now) if event else progress.abandon(now)
            for line in lines:
                view.line(line)
            if event is None:
                return
        if clock() >= due:
            view.tick()
            due = clock() + view.interval


def _take(queue: _Queue, patience: float) -> tuple[float, Event | None] | None:
    try:
        return queue.get(timeout=max(0.0, patience))
    except Empty:
        return None


def _say(stream: TextIO, text: str) -> None:
    try:
        stream.write(text)
        stream.flush()
    except (OSError, ValueError):
        _log.debug("nor can the stream be written to", exc_info=True)


class _PlainView:
    """Whole lines only: what ended, each failing test up to a bound, and a heartbeat."""

    def __init__(self, stream: TextIO, progress: Shown, clock: Clock) -> None:
        self.interval = progress.beat
        self._stream = stream
        self._progress = progress
        self._clock = clock
        self._failures = 0

    def start(self) -> None:
        """Write nothing."""

    def line(self, line: Line) -> None:
        self._failures += isinstance(line, Failed)
        if not isinstance(line, Failed) or self._failures <= _FAILURES_TOLD:
            self._write(str(line))
        elif self._failures == _FAILURES_TOLD + 1:
            self._write("… further failing tests are counted, not named")

    def tick(self) -> None:
        if line := self._progress.heartbeat(self._clock()):
            self._write(str(line))

    def stop(self) -> None:
        """Leave nothing to undo."""

    def _write(self, text: str) -> None:
        self._stream.write(f"{text}\n")
        self._stream.flush()


class _RichView:
    """Lines that stay, and below them what is under way, drawn anew a few times a second."""

    interval = _FRAME

    def __init__(self, stream: TextIO, progress: Shown, clock: Clock, *, color: bool) -> None:
        from rich.console import Console  # noqa: PLC0415 - heavy, and not needed without a terminal
        from rich.live import Live  # noqa: PLC0415 - ditto

        self._console = Console(
            file=stream,
            force_terminal=True,
            no_color=not color,
            highlight=False,
            markup=False,
            emoji=False,
        )
        self._live = Live(
            get_renderable=lambda: _table(progress, clock()),
            console=self._console,
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )

    def start(self) -> None:
        self._live.start()

    def line(self, line: Line) -> None:
        from rich.text import Text  # noqa: PLC0415 - see __init__

        if not isinstance(line, Failed):
            self._console.print(Text(str(line), style="dim" if line.symbol == "✓" else ""))
            self._live.refresh()

    def tick(self) -> None:
        self._live.refresh()

    def stop(self) -> None:
        self._live.stop()


def _table(progress: Shown, now: float) -> RenderableType:
    """Lay out what is under way, columns aligned."""
    from rich.progress_bar import ProgressBar  # noqa: PLC0415 - see _RichView
    from rich.table import Table  # noqa: PLC0415 - ditto
    from rich.text import Text  # noqa: PLC0415 - ditto

    table = Table.grid(padding=(0, 2))
    for justify in ("left", "left", "right", "left"):
        table.add_column(justify=justify, no_wrap=True, overflow="ellipsis")
    for row in progress.rows(now):
        bar = "" if row.done is None else ProgressBar(row.expected, row.done, width=16)
        style = "dim" if row.done is None else ""
        alert = ("  " + row.alert, "red") if row.alert else ""
        detail = Text.assemble((row.detail, style), alert)
        table.add_row(Text(row.label), bar, duration(row.seconds), detail)
    return table
