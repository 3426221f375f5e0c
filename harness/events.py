"""What happens during a run, told as it happens: the runner speaks, a display listens.

Nothing decides on these events; results come from the journal alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from harness.model import Leg, Outcome
from harness.model.matrix import CellResult


@dataclass(frozen=True)
class Said:
    """One line for the reader: a ref that was resolved, a choice that was made."""

    text: str


@dataclass(frozen=True)
class Warned:
    """Something that a reader of the results should know, and that changes none of them."""

    text: str


@dataclass(frozen=True)
class PhaseStarted:
    """A phase begins: `checkout v0.6.4`, `build suite v0.6.4`, `run control`."""

    phase: str
    detail: str = ""


@dataclass(frozen=True)
class PhaseEnded:
    """A phase is over; `note` says how if that is worth a word (`cached`, `built`)."""

    phase: str
    seconds: float
    note: str = ""


@dataclass(frozen=True)
class LegStarted:
    """A leg begins; `expected` is the number of tests it should end, or None if unknown."""

    leg: Leg
    attempt: int
    expected: int | None


@dataclass(frozen=True)
class TestEnded:
    """A test of a leg ended. Parents are told too; displays count the others."""

    __test__ = False  # not a pytest class
    leg: Leg
    attempt: int
    name: str
    outcome: Outcome
    seconds: float | None
    parent: bool = False
    """Whether subtests of it have ended."""


@dataclass(frozen=True)
class LegEnded:
    """A leg is over."""

    leg: Leg
    attempt: int
    seconds: float


@dataclass(frozen=True)
class MatrixStarted:
    """A matrix begins: so many cells and builds, and of the cells so many that are done already."""

    cells: int
    builds: int
    done: int = 0


@dataclass(frozen=True)
class BuildStarted:
    """A build of a matrix begins."""

    build: str


@dataclass(frozen=True)
class BuildTold:
    """What happens in a build of a matrix."""

    build: str
    event: Event


@dataclass(frozen=True)
class BuildEnded:
    """A build of a matrix is over; `error` says why if it failed."""

    build: str
    seconds: float
    cached: bool = False
    error: str = ""


@dataclass(frozen=True)
class CellStarted:
    """A cell of a matrix begins."""

    cell: str


@dataclass(frozen=True)
class CellTold:
    """What happens in a cell of a matrix."""

    cell: str
    event: Event


@dataclass(frozen=True)
class CellEnded:
    """A cell of a matrix is over."""

    result: CellResult


@dataclass(frozen=True)
class Forecast:
    """So many seconds are left until a matrix is over; None if that cannot be told."""

    seconds: float | None


Event = (
    Said
    | Warned
    | PhaseStarted
    | PhaseEnded
    | LegStarted
    | TestEnded
    | LegEnded
    | MatrixStarted
    | BuildStarted
    | BuildTold
    | BuildEnded
    | CellStarted
    | CellTold
    | CellEnded
    | Forecast
)
Listener = Callable[[Event], None]


def ignore(_event: Event) -> None:
    """Listen to nothing: for callers that want no display."""
