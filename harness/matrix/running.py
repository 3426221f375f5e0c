"""Runs a matrix: takes tasks off the queue, has threads do them, writes down what came of it."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, wait
from dataclasses import dataclass, field

from harness.backends.base import Artefact
from harness.errors import CompatError, ExitCode, Interrupted
from harness.events import (
    BuildEnded,
    BuildStarted,
    CellEnded,
    CellStarted,
    Forecast,
    Listener,
    MatrixStarted,
    Warned,
)
from harness.matrix.ledger import Ledger
from harness.matrix.work import MatrixJob, TaskResult, Worker
from harness.model.matrix import CellResult, CellState, MatrixRun
from harness.plan.cell import Built, controls
from harness.plan.estimate import Durations
from harness.plan.forecast import left
from harness.plan.queue import BuildTask, Queue, Task
from harness.plan.tasks import build_tasks, cell_tasks, requests
from harness.tools.clock import Stopwatch
from harness.tools.crew import Crew
from harness.tools.stop import LOOK

BAD = frozenset({ExitCode.REGRESSION, ExitCode.USAGE, ExitCode.INFRASTRUCTURE})
"""Ends of a cell at which `fail_fast` stops."""

PAUSE = 50
"""Times as long as a forecast took to make, until the next one is made."""


def run_matrix(job: MatrixJob, ledger: Ledger, listener: Listener) -> MatrixRun:
    """Build and run what is not done yet; the ledger, begun, has it on disk after every cell.

    What goes wrong with a cell becomes its row, and others go on. An interruption stops what
    runs and keeps what there is of it. Raises InfrastructureError if the ledger cannot be
    written, after everything was stopped.
    """
    _Fleet(job, ledger, listener).run()
    return ledger.write()


@dataclass
class _Fleet:
    """One run of a matrix; everything but the tasks themselves happens in one thread."""

    job: MatrixJob
    ledger: Ledger
    listener: Listener
    watch: Stopwatch = field(default_factory=Stopwatch)
    artefacts: dict[str, Artefact] = field(default_factory=dict)
    running: dict[Future[TaskResult], Task] = field(default_factory=dict)
    began: dict[str, float] = field(default_factory=dict)
    """When each task that runs began."""
    next_forecast: float = 0.0

    def __post_init__(self) -> None:
        """Make the tasks."""
        mine = [cell for cell in self.ledger.mine if cell.id in self.job.cells]
        self.here = Worker(
            self.job, self.ledger.plan, self.ledger.folder, self.listener, self._warn
        )
        self.worker = self.job.hands(self.here)
        self.lacking = [cell for cell in mine if self.worker.lacks(cell)]
        cells = [cell for cell in mine if cell not in self.lacking]
        wanted = {name for it in cells for name in it.needs}
        builds = [build for build in self.ledger.plan.builds if build.id in wanted]
        self.durations = Durations(self.ledger.plan)
        self.planned = {cell.id: cell for cell in cells}
        self.sides = {build.id: build.side for build in builds}
        self.requests = requests(cells, self.job.cells)
        shared: Mapping[str, Hashable] = {}
        if self.worker.shared:
            shared = controls(self.ledger.plan, self.job.cells, self.job.settings)
        self.queue = Queue(
            build_tasks(builds, self.durations),
            cell_tasks(cells, shared, self.durations),
            self.job.limits,
            lambda cell: self.worker.control_is_stored(self.planned[cell], self._built(cell)),
        )

    def run(self) -> None:
        """Run every task, or all until an interruption or the first bad end."""
        cells, all_cells = len(self.planned) + len(self.lacking), len(self.ledger.mine)
        self.listener(MatrixStarted(all_cells, len(self.sides), all_cells - cells))
        self._leave_out()
        with Crew(self.job.limits.threads, "matrix") as crew:
            try:
                bad: list[CellResult] = []
                while not self.queue.over and not bad:
                    self._begin(crew)
                    rows = self._collect()
                    bad = [row for row in rows if self.job.fail_fast and row.exit_code in BAD]
                    if self.queue.idle:
                        self._stop(crew)  # what is still built is for nothing
                        break
                if bad:
                    self.ledger.warnings.append(f"stopped when {bad[0].id} failed (--fail-fast)")
                    self._stop(crew)
            except KeyboardInterrupt:
                self.ledger.stopped = True
                self._stop(crew)

    def _leave_out(self) -> None:
        """Write down the cells that cannot be run here; nothing is built for them alone."""
        for planned in self.lacking:
            self.listener(CellStarted(planned.id))
            row = self.here.leave_out(planned)
            self.ledger.put([row])
            self.listener(CellEnded(row))

    def _begin(self, crew: Crew) -> None:
        """Begin whatever can begin now."""
        while (task := self.queue.begin()) is not None:
            self.began[task.id] = self.watch.seconds
            if isinstance(task, BuildTask):
                self.listener(BuildStarted(task.id))
                request = self.requests[task.id]
                future = crew.start(self.worker.build, task.id, self.sides[task.id], request)
            else:
                self.listener(CellStarted(task.id))
                future = crew.start(self.worker.run, self.planned[task.id], self._built(task.id))
            self.running[future] = task
        self._forecast()

    def _forecast(self) -> None:
        """Tell what is left, unless that was told just now: it is played, which takes time too."""
        begun = self.watch.seconds
        if begun < self.next_forecast:
            return
        seconds = left(self.queue, self.durations, self.began, begun)
        if seconds is not None:
            self.next_forecast = begun + PAUSE * (self.watch.seconds - begun)
        self.listener(Forecast(seconds))

    def _collect(self) -> list[CellResult]:
        """Wait until something ends and take in what came of it; return the rows it made."""
        done: set[Future[TaskResult]] = set()
        while not done:
            done, _ = wait(self.running, timeout=LOOK, return_when=FIRST_COMPLETED)
        rows = [row for future in done for row in self._take(future)]
        self.ledger.put(rows)
        for row in rows:
            self.listener(CellEnded(row))
        return rows

    def _take(self, future: Future[TaskResult]) -> Iterable[CellResult]:
        task, came = self.running.pop(future), future.result()
        took = self.watch.seconds - self.began.pop(task.id)
        if isinstance(came, CellResult):
            if came.state is CellState.DONE:
                self.durations.took(task.id, took)
            self.queue.ended(task.id, control=came.state is CellState.DONE)
            return [came]
        if isinstance(came, Interrupted):
            return []
        if isinstance(came, CompatError):
            self.listener(BuildEnded(task.id, took, error=str(came)))
            lost = self.queue.not_built(task.id)
            return [self.here.not_run(self.planned[cell], came) for cell in lost]
        self.listener(BuildEnded(task.id, took, cached=came.cached))
        if not came.cached:
            self.ledger.builds[task.id] = round(took, 3)
            self.durations.took(task.id, took)
        self.artefacts[task.id] = came
        self.queue.built(task.id)
        return []

    def _warn(self, text: str) -> None:
        if text not in self.ledger.warnings:
            self.ledger.warnings.append(text)
            self.listener(Warned(text))

    def _stop(self, crew: Crew) -> None:
        """Stop what runs and keep what came of it; what waits stays missing."""
        crew.stop()
        while self.running:
            self._collect()

    def _built(self, cell: str) -> Built:
        it = self.planned[cell]
        made = self.artefacts
        tests = made[it.tested or it.suite]
        client = made[it.client] if it.client else None
        return Built(made[it.suite], tests, made[it.control], made[it.candidate], client)
