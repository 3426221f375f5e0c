"""What the threads of a matrix run do: one build, or one cell. Nothing that fails leaves them."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from harness.backends.base import Artefact, Backend, BuildRequest
from harness.errors import CompatError, InfrastructureError, Interrupted
from harness.events import BuildTold, CellTold, Event, Listener, Warned
from harness.journal import RunFolder
from harness.journal.single import result_of
from harness.matrix.ledger import cell_path, failed, stopped
from harness.model import Run, Side
from harness.model.matrix import CellResult, Plan, PlannedCell
from harness.plan.cell import Built, Cell, Settings, settings_of
from harness.plan.queue import Limits
from harness.run.pair import Job, control_is_stored, leave_out, run_pair
from harness.store import Store
from harness.tools.clock import Stopwatch, now

_log = logging.getLogger(__name__)

Command = Callable[[PlannedCell], tuple[str, ...]]

Keep = Callable[[PlannedCell, Cell, Run, Path], Iterable[str]]
"""Stores what came of a cell, and returns what a reader should know of it."""

TaskResult = Artefact | CompatError | CellResult
"""What a task gives: what was built, or why it was not, or what came of a cell."""


def keep_nothing(_planned: PlannedCell, _cell: Cell, _run: Run, _folder: Path) -> Iterable[str]:
    """Store no results."""
    return ()


class Hands(Protocol):
    """Does tasks, called from any thread: a Worker here, or who has others do them."""

    @property
    def shared(self) -> bool:
        """Whether what one task leaves in the store the next one finds."""

    def lacks(self, planned: PlannedCell, /) -> bool:
        """Return whether a cell is left out, as its worker cannot run where it would be run."""

    def build(self, name: str, side: Side, request: BuildRequest, /) -> TaskResult:
        """Build something, or find it, or return what went wrong."""

    def run(self, planned: PlannedCell, built: Built, /) -> TaskResult:
        """Run a cell, whatever comes of it."""

    def control_is_stored(self, planned: PlannedCell, built: Built, /) -> bool:
        """Return whether a cell would find its control."""


def ourselves(worker: Worker) -> Hands:
    """Have the threads of this process do what is to be done."""
    return worker


@dataclass(frozen=True)
class MatrixJob:
    """The cells of a matrix that are to be run, and with what."""

    cells: Mapping[str, Cell]
    """By id, every cell that is not done yet."""
    settings: Settings
    """Of all of them; time limits are each cell's own, and so may be the tests."""
    backend: Backend
    store: Store
    limits: Limits
    command: Command
    """Gives what the user would type for one cell."""
    history: Path | None = None
    """File that says how long each test takes."""
    fail_fast: bool = False
    earlier: Mapping[str, Run] = field(default_factory=dict)
    """What was journaled of cells that were interrupted, by id: they go on with it."""
    keep: Keep = keep_nothing
    hands: Callable[[Worker], Hands] = ourselves
    """Gives who does the tasks; it is given who would do them here."""


@dataclass(frozen=True)
class Worker:
    """Does tasks; its methods may be called from any thread."""

    job: MatrixJob
    plan: Plan
    folder: Path
    """Of the matrix run."""
    listener: Listener
    warn: Callable[[str], None]
    """Hears of what a reader of the matrix run should know."""
    shared: bool = True

    def build(self, name: str, side: Side, request: BuildRequest, /) -> Artefact | CompatError:
        """Build something, or find it, or return what went wrong."""
        backend = self.job.backend
        make = backend.build_suite if side is Side.SUITE else backend.build_frontend

        def tell(event: Event) -> None:
            if isinstance(event, Warned):
                self.warn(event.text)
            else:
                self.listener(BuildTold(name, event))

        try:
            return make(request, tell)
        except CompatError as error:
            return error
        except Exception as fault:  # noqa: BLE001 - one build of many, see unexpected
            return unexpected(fault)

    def run(self, planned: PlannedCell, built: Built, /) -> CellResult:
        """Run a cell, whatever comes of it."""
        started, watch = now(), Stopwatch()
        job = self._job(planned, built)

        def tell(event: Event) -> None:
            self.listener(CellTold(planned.id, event))

        try:
            if job.earlier is None:
                job.folder.clear()
            run = run_pair(job, tell)
        except Interrupted:
            return stopped(planned.id, started, watch.seconds)
        except CompatError as error:
            return self.not_run(planned, error, started, watch.seconds)
        except Exception as fault:  # noqa: BLE001 - one cell of many, see unexpected
            return failed(planned.id, unexpected(fault), started, watch.seconds)
        self.keep(planned, run)
        return result_of(planned.id, run, cell_path(self.plan, planned.id))

    def not_run(
        self, planned: PlannedCell, error: CompatError, started: str = "", seconds: float = 0.0
    ) -> CellResult:
        """Write down a cell that could not be built or run; for a limited rate it is left out."""
        if not error.lacks:
            return failed(planned.id, error, started, seconds)
        self.warn(f"{error}; {error.hint}" if error.hint else str(error))
        return self.leave_out(planned, error.lacks)

    def lacks(self, planned: PlannedCell, /) -> bool:
        """Return whether something is lacking for a cell, so that it is left out."""
        cell = self.job.cells[planned.id]
        return bool(cell.lacks or cell.limited)

    def leave_out(self, planned: PlannedCell, limited: str = "") -> CellResult:
        """Write down a cell whose worker lacks what it needs, or what a registry withholds."""
        started = now()
        job = self._job(planned, None)
        if limited:
            job = replace(job, cell=replace(job.cell, limited=limited))
        try:
            job.folder.clear()
            run = leave_out(job)
        except CompatError as error:
            return failed(planned.id, error, started, 0.0)
        self.keep(planned, run)
        return result_of(planned.id, run, cell_path(self.plan, planned.id))

    def folder_of(self, planned: PlannedCell) -> RunFolder:
        """Return the run folder of a cell."""
        return RunFolder(self.folder / cell_path(self.plan, planned.id))

    def keep(self, planned: PlannedCell, run: Run) -> None:
        """Store a result; one that cannot be stored costs a later run, never this result."""
        cell, path = self.job.cells[planned.id], self.folder_of(planned).path
        try:
            for text in self.job.keep(planned, cell, run, path):
                self.warn(text)
        except CompatError as error:
            self.warn(f"the result of {planned.id} is not kept: {error}")

    def control_is_stored(self, planned: PlannedCell, built: Built, /) -> bool:
        """Return whether a cell would find its control."""
        try:
            return control_is_stored(self._job(planned, built))
        except CompatError:
            return False  # whatever it is, the cell meets it too and tells

    def _job(self, planned: PlannedCell, built: Built | None) -> Job:
        return Job(
            cell=self.job.cells[planned.id],
            settings=settings_of(planned, self.job.settings),
            backend=self.job.backend,
            store=self.job.store,
            folder=self.folder_of(planned),
            command=self.job.command(planned),
            built=built,
            history=self.job.history,
            earlier=self.job.earlier.get(planned.id),
        )


def unexpected(fault: Exception) -> InfrastructureError:
    """Make a failure of one task of a fault of ours: a night of results is not lost over it."""
    _log.error("unexpected", exc_info=fault)
    return InfrastructureError(
        f"unexpected {type(fault).__name__}: {fault}",
        hint="run this cell alone with --debug for the traceback, and please report it",
    )
