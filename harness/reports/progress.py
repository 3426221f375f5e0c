"""What a run is doing right now, gathered from its events; knows nothing of any terminal."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from harness.events import (
    BuildTold,
    CellTold,
    Event,
    LegEnded,
    LegStarted,
    PhaseEnded,
    PhaseStarted,
    Said,
    TestEnded,
    Warned,
)
from harness.gotest import names
from harness.model import Leg
from harness.reports.text import duration, one_line, plural

_NAME = 120


@dataclass(frozen=True)
class Line:
    """Something that is over and stays readable, as `✓ build suite v0.6.4  42.1s`."""

    symbol: str
    text: str
    detail: str = ""

    def __str__(self) -> str:
        """Write it plainly."""
        return "  ".join(part for part in (f"{self.symbol} {self.text}", self.detail) if part)


class Failed(Line):
    """A failing test: worth a line where lines are cheap."""


@dataclass(frozen=True)
class Row:
    """Something that is under way."""

    label: str
    seconds: float
    """Since it began."""
    detail: str = ""
    alert: str = ""
    done: int | None = None
    """Tests or cells that ended; None if there is nothing to count."""
    expected: int | None = None


@dataclass
class LegProgress:
    """One leg on its way."""

    label: str
    started: float
    expected: int | None
    done: int = 0
    failed: int = 0
    last_failure: str = ""

    def count(self, event: TestEnded) -> bool:
        """Count a test that ended; tell whether it is a failing one that is no parent."""
        if event.parent:
            return False
        self.done += 1
        self.failed += event.outcome.failing
        if event.outcome.failing:
            self.last_failure = one_line(names.display(event.name), _NAME)
        return event.outcome.failing

    @property
    def tally(self) -> str:
        """`34/100, 2 failed`."""
        of = "" if self.expected is None else f"/{self.expected}"
        return f"{self.done}{of}, {self.failed} failed"


class Progress:
    """The phases and legs that are under way. Times are seconds of one monotonic clock."""

    beat = 15.0

    def __init__(self) -> None:
        """Begin with nothing under way."""
        self.phases: dict[str, tuple[float, str]] = {}
        """When each running phase began, and its detail."""
        self.legs: dict[tuple[Leg, int], LegProgress] = {}

    def apply(self, event: Event, now: float) -> list[Line]:
        """Take in one event; return the lines that it leaves behind, at most one."""
        if isinstance(event, BuildTold | CellTold):
            event = event.event  # a run of one pair has one cell
        match event:
            case Said():
                return [Line("·", one_line(event.text))]
            case Warned():
                return [Line("!", one_line(event.text))]
            case PhaseStarted():
                self.phases[one_line(event.phase)] = (now, one_line(event.detail))
            case PhaseEnded():
                return self._phase_ended(event)
            case LegStarted():
                again = f", rerun {event.attempt}" if event.attempt else ""
                self.legs[event.leg, event.attempt] = LegProgress(
                    f"{event.leg.value}{again}", now, event.expected
                )
            case TestEnded():
                return self._test_ended(event)
            case LegEnded():
                return self._leg_ended(event)
        return []

    def heartbeat(self, now: float) -> Line | None:
        """Return in one line what is under way; None if nothing is."""
        running = [(f"{leg.label} {leg.tally}", leg.started) for leg in self.legs.values()]
        running = running or [(name, started) for name, (started, _) in self.phases.items()]
        if not running:
            return None
        since = min(started for _, started in running)
        return Line("…", "; ".join(text for text, _ in running), duration(now - since))

    def rows(self, now: float) -> Iterator[Row]:
        """Return a row per phase, and below them one per leg."""
        for phase, (started, detail) in self.phases.items():
            yield Row(f"… {phase}", now - started, detail)
        for leg in self.legs.values():
            since = now - leg.started
            yield Row(f"  {leg.label}", since, leg.tally, leg.last_failure, leg.done, leg.expected)

    def abandon(self, now: float) -> list[Line]:
        """Forget what is under way, and name it as not finished."""
        legs = [(f"{leg.label}  {leg.tally}", leg.started) for leg in self.legs.values()]
        phases = [(name, started) for name, (started, _) in self.phases.items()]
        self.phases.clear()
        self.legs.clear()
        return [
            Line("✗", f"{text}  did not finish", duration(now - started))
            for text, started in legs + phases
        ]

    def _phase_ended(self, event: PhaseEnded) -> list[Line]:
        name = one_line(event.phase)
        self.phases.pop(name, None)
        note = f"  {one_line(event.note)}" if event.note else ""
        return [Line("✓", name, duration(event.seconds) + note)]

    def _test_ended(self, event: TestEnded) -> list[Line]:
        leg = self.legs.get((event.leg, event.attempt))
        if leg is None or not leg.count(event):
            return []
        seconds = "" if event.seconds is None else f" after {duration(event.seconds)}"
        return [Failed("✗", f"{leg.label}  {leg.last_failure}", f"{event.outcome}{seconds}")]

    def _leg_ended(self, event: LegEnded) -> list[Line]:
        leg = self.legs.pop((event.leg, event.attempt), None)
        if leg is None:
            return []
        tally = f"{plural(leg.done, 'test')}, {leg.failed} failed"
        return [Line("✓", leg.label, f"{duration(event.seconds)}  {tally}")]
