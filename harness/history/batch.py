"""What the history keeps of a matrix run, gathered before the file is locked; pure.

A run of 2,500 cells of 400 tests has two million results, so of each only numbers are held.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec

from harness.errors import UsageError
from harness.gotest.selection import asks_for_all
from harness.model import Judgement, Outcome, Pair, Result, Run, Status, Tally, Verdict
from harness.model.matrix import CellResult, CellState, MatrixRun
from harness.verdict.table import tally

_NAME = 400
"""Characters of a test's name; a longer one keeps its beginning and a digest."""

_DIGITS = 32

_RUN_PHASES = ("run", "rerun ")
"""Phases that are no builds."""


@dataclass(frozen=True)
class SeenOutcome:
    """What became of a test that did not simply pass; it is a number of the batch's names."""

    test: int
    verdict: Verdict
    mixed: bool
    """Whether its attempts differed."""
    control: Tally
    candidate: Tally


@dataclass(frozen=True)
class Observation:
    """What came of one cell; tests are numbers of the batch's names."""

    key: str
    """Equal for the same execution, whichever stored run it is read from."""
    cell: str
    pair: Pair
    run: str
    started: str
    state: CellState
    verdict: Verdict
    whole: bool
    """Whether every test of the suite was asked for."""
    seconds: float | None = None
    """For running and rerunning both legs, builds aside."""
    roster: array[int] = field(default_factory=lambda: array("L"))
    """The tests that were to run: the same from night to night."""
    outcomes: tuple[SeenOutcome, ...] = ()
    """Those that did not simply pass."""
    control: bool = True
    """Whether there was a control."""
    timed: array[int] = field(default_factory=lambda: array("L"))
    took: array[float] = field(default_factory=lambda: array("d"))
    """Seconds of each of `timed`."""


@dataclass(frozen=True)
class Build:
    """How long a build took; fields in the order of the table's columns."""

    side: str
    sha: str
    channel: str
    backend: str
    seconds: float
    line: str
    started: str


class Batch:
    """The observations of one stored matrix run."""

    def __init__(self, matrix: MatrixRun) -> None:
        """Begin with what matrix.json says; `add` brings the cells. Raises UsageError."""
        self.run = matrix.id
        self.started = utc(matrix.started)
        self.builds = tuple(_builds(matrix, self.started))
        self.observations: list[Observation] = []
        self._numbers: dict[str, int] = {}
        self._pairs = {cell.id: cell.pair for cell in matrix.plan.cells}

    @property
    def names(self) -> list[str]:
        """Names of tests by their numbers."""
        return list(self._numbers)

    def add(self, result: CellResult, run: Run | None) -> None:
        """Take in what came of a cell. Raises UsageError if a time cannot be read."""
        if run is None or result.state is not CellState.DONE:
            self.observations.append(self._without(result))
            return
        tests = [(self._number(row.name), row) for row in run.judgements if row.verdict.ran]
        timed = list(_timed(run))
        self.observations.append(
            Observation(
                key=_key(run),
                cell=result.id,
                pair=run.pair,
                run=self.run,
                started=utc(run.started),
                state=result.state,
                verdict=run.verdict,
                whole=asks_for_all(run),
                seconds=_seconds(run),
                roster=array("L", sorted(number for number, _ in tests)),
                outcomes=tuple(_seen(number, row) for number, row in tests if not _plain(row, run)),
                control=run.control,
                timed=array("L", (self._number(it.name) for it in timed)),
                took=array("d", (it.seconds or 0.0 for it in timed)),
            )
        )

    def _without(self, result: CellResult) -> Observation:
        if result.id not in self._pairs:
            raise UsageError(f"run {self.run}: its plan has no cell {result.id!r}")
        return Observation(
            key=f"{self.run}/{result.id}",
            cell=result.id,
            pair=self._pairs[result.id],
            run=self.run,
            started=utc(result.started) if result.started else self.started,
            state=result.state,
            verdict=result.verdict,
            whole=False,
        )

    def _number(self, name: str) -> int:
        return self._numbers.setdefault(kept_name(name), len(self._numbers))


def is_mixed(row: Judgement) -> bool:
    """Return whether the attempts of a test differed, be that known or not."""
    if row.verdict is Verdict.KNOWN:
        return row.entry is not None and row.entry.status is Status.FLAKY
    return row.verdict is Verdict.FLAKY or row.evidence is not None


def _seen(number: int, row: Judgement) -> SeenOutcome:
    return SeenOutcome(number, row.verdict, is_mixed(row), tally(row.control), tally(row.candidate))


def _plain(row: Judgement, run: Run) -> bool:
    """Return whether all that is to be known of a test is that it passed."""
    controlled = not run.control or tally(row.control).attempts > 0
    return row.verdict is Verdict.COMPATIBLE and controlled


def kept_name(name: str) -> str:
    """Return the form in which a test's name is kept: as it is, unless it is absurdly long."""
    if len(name) <= _NAME:
        return name
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGITS]
    return f"{name[: _NAME - _DIGITS - 1]}…{digest}"


def utc(text: str) -> str:
    """Write a time as `2026-11-23T18:06:07Z`, so that later times sort later.

    Raises UsageError for what is no time in ISO 8601.
    """
    try:
        time = datetime.fromisoformat(text[:_DIGITS])
        time = time.replace(tzinfo=time.tzinfo or UTC).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        hint = "this is not what a run writes"
        raise UsageError(f"{text[:_DIGITS]!r} is no time in ISO 8601", hint=hint) from error
    return time.strftime("%Y-%m-%dT%H:%M:%SZ")


def _timed(run: Run) -> Iterator[Result]:
    """Return what passed in legs that really ran; a stored control was counted when it did."""
    return (
        result
        for leg in run.legs
        if not leg.cached
        for result in leg.results
        if result.outcome is Outcome.PASS and result.seconds is not None
    )


def _seconds(run: Run) -> float:
    return sum(took for phase, took in run.phases.items() if phase.startswith(_RUN_PHASES))


def _key(run: Run) -> str:
    pair = run.pair
    told = [
        *(run.id, run.started, run.seconds, run.verdict),
        *(pair.suite.sha, pair.suite_channel, pair.frontend.sha, pair.frontend_channel),
        *(pair.worker, pair.backend, *pair.axes),
    ]
    return hashlib.sha256(msgspec.json.encode(told)).hexdigest()[:_DIGITS]


def _builds(matrix: MatrixRun, started: str) -> Iterable[Build]:
    backends = {build: cell.pair.backend for cell in matrix.plan.cells for build in cell.needs}
    for build in matrix.plan.builds:
        if build.id in matrix.builds:
            commit = build.commit
            yield Build(
                side=build.side,
                sha=commit.sha,
                channel=build.channel,
                backend=backends.get(build.id, ""),
                seconds=matrix.builds[build.id],
                line=commit.line,
                started=started,
            )
