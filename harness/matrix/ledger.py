"""What came of a matrix so far, on disk after every cell: `kill -9` loses what was under way."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from harness.errors import CompatError, ExitCode
from harness.journal import CELLS, write_matrix, write_plan
from harness.model import Host, Verdict
from harness.model.matrix import (
    MATRIX_SCHEMA_VERSION,
    CellResult,
    CellState,
    MatrixRun,
    Plan,
    PlannedCell,
    Shard,
)
from harness.tools.clock import Stopwatch
from harness.verdict.overall import exit_code_of, of_matrix

_LEFT = frozenset({CellState.MISSING, CellState.INTERRUPTED})
"""States of a cell that is to be run yet."""


@dataclass
class Ledger:
    """The rows of one matrix run. Not for several threads."""

    folder: Path
    plan: Plan
    shard: Shard | None
    mine: tuple[PlannedCell, ...]
    """The cells of the plan, or of the shard."""
    host: Host | None
    """None if others carry out the tasks."""
    started: str
    command: tuple[str, ...] = ()
    """What asks for the run again."""
    earlier: float = 0.0
    """Seconds that went by in runs which this one takes up."""
    rows: dict[str, CellResult] = field(default_factory=dict)
    builds: dict[str, float] = field(default_factory=dict)
    """Seconds of what was built."""
    warnings: list[str] = field(default_factory=list)
    stopped: bool = False
    """Whether the run was asked to end."""
    _watch: Stopwatch = field(default_factory=Stopwatch)

    def begin(self) -> None:
        """Write the plan, and that nothing has come of it yet. Raises InfrastructureError."""
        write_plan(self.folder, self.plan)
        self.write()

    def write(self) -> MatrixRun:
        """Write matrix.json and return what it holds. Raises InfrastructureError."""
        now = self.matrix()
        write_matrix(self.folder, now)
        return now

    def put(self, rows: Iterable[CellResult]) -> None:
        """Take in what came of cells, and write it down. Raises InfrastructureError."""
        self.rows |= {row.id: row for row in rows}
        self.write()

    def matrix(self) -> MatrixRun:
        """Return the matrix run as it is now."""
        rows = tuple(self.rows.get(cell.id) or missing(cell.id) for cell in self.mine)
        overall = of_matrix(row.verdict for row in rows)
        code = exit_code_of(overall, (row.exit_code for row in rows))
        interrupted = self.stopped and any(row.state in _LEFT for row in rows)
        return MatrixRun(
            schema=MATRIX_SCHEMA_VERSION,
            id=self.folder.name,
            plan=self.plan,
            shard=self.shard,
            started=self.started,
            seconds=self.earlier + self._watch.seconds,
            host=self.host,
            builds=self.builds,
            cells=rows,
            verdict=overall,
            exit_code=ExitCode.INTERRUPTED if interrupted else code,
            interrupted=interrupted,
            warnings=tuple(self.warnings),
            command=self.command,
        )


def cell_path(plan: Plan, cell: str) -> str:
    """Return a cell's run folder relative to that of the matrix run."""
    return "." if plan.pair else f"{CELLS}/{cell}"


def missing(cell: str) -> CellResult:
    """Return the row of a cell of which nothing came."""
    return CellResult(
        id=cell,
        state=CellState.MISSING,
        verdict=Verdict.INDETERMINATE,
        exit_code=ExitCode.INDETERMINATE,
    )


def failed(cell: str, error: CompatError, started: str = "", seconds: float = 0.0) -> CellResult:
    """Return the row of a cell that could not be built, or not be run."""
    return CellResult(
        id=cell,
        state=CellState.FAILED,
        verdict=Verdict.INFRA,
        exit_code=error.exit_code,
        started=started,
        seconds=seconds,
        error=str(error),
        hint=error.hint,
    )


def stopped(cell: str, started: str, seconds: float) -> CellResult:
    """Return the row of a cell that was stopped before there was a part of a run."""
    return CellResult(
        id=cell,
        state=CellState.INTERRUPTED,
        verdict=Verdict.INDETERMINATE,
        exit_code=ExitCode.INTERRUPTED,
        started=started,
        seconds=seconds,
    )
