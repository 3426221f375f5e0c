"""What a command that runs pairs sets up around them: run folder, display, history, reports."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from platformdirs import user_state_path

from harness.cli.interruption import interruptible
from harness.cluster.places import Executor
from harness.config.policy import Policy
from harness.errors import MissingToolError
from harness.events import Listener, Said
from harness.history import History, HistoryError
from harness.journal import RunFolder, write_matrix
from harness.journal.files import remove_unfinished
from harness.matrix.ledger import Ledger
from harness.matrix.resume import done, interrupted, stored_matrix
from harness.matrix.running import run_matrix
from harness.matrix.work import Command, Keep, MatrixJob, keep_nothing
from harness.model import Host
from harness.model.matrix import MatrixRun, Plan, PlannedCell, Shard
from harness.plan.cell import Cell, Settings
from harness.plan.opening import Opened
from harness.plan.queue import Limits
from harness.reports.live import display
from harness.reports.matrixprogress import MatrixProgress
from harness.reports.past import Past, pasts
from harness.reports.progress import Progress
from harness.reports.text import plural
from harness.reports.write import write_reports
from harness.reuse import Likeness, Results, Terms, asked_of_go
from harness.store import Store
from harness.tools import machine
from harness.tools.clock import now
from harness.tools.homes import expanded
from harness.tools.locks import held

LOCK = ".lock"
"""File in a run folder that is locked by the program that runs it."""

PATIENCE = 1.0
"""Seconds to wait for a program that has the lock."""

MEMORY = 0.8
"""Share of the machine's memory that tasks may need together."""

CPUS = 4
"""Processors for each pair of legs at once, from 8 on."""


def default_runs() -> Path:
    """Return COMPAT_RUNS, else the user's state folder for this program."""
    if named := os.environ.get("COMPAT_RUNS"):
        return expanded(named).absolute()
    return Path(user_state_path("buildkit-compat")) / "runs"


def default_jobs(cpus: int | None = None) -> int:
    """Choose how many pairs of legs run at once.

    One fills a machine of a few processors. On a larger one the slowest tests of a suite leave
    most of it idle at the end of every leg, so it is shared among several pairs.
    """
    return max(1, (cpus or machine.cpus()) // CPUS)


def publish(folder: Path, made: MatrixRun, file: Path) -> MatrixRun:
    """Record a stored run into a history and write its reports; return it with what went wrong.

    A history that fails now costs what it would have remembered, never a result.
    """
    past: Mapping[str, Past] = {}
    try:
        with History.open(file, create=True) as history:
            history.record(folder)
            past = pasts(history, made)
            written = write_reports(folder, past, told=history.told())
            if made.shard is None:  # else the run that it is merged into tells
                history.tell(made, written.causes)
    except HistoryError as error:
        made = msgspec.structs.replace(
            made, warnings=(*made.warnings, f"not recorded in the history: {error}")
        )
        write_matrix(folder, made)
        write_reports(folder, past)
    return made


@dataclass(frozen=True, kw_only=True)
class Session:
    """A plan that is to be run, or a run that is to be taken up."""

    opened: Opened
    store: Store
    settings: Settings
    """Of all cells; what a planned cell says itself comes first."""
    command: tuple[str, ...]
    """What asks for the whole run again."""
    cell_command: Command
    """Returns what a user would type for one cell."""
    runs: Path
    """Folder of run folders."""
    history: Path
    """The history's file: it is asked how long each test takes, and records what came of them."""
    taken_up: Path | None = None
    """The folder of a run that did not come to its end."""
    shard: Shard | None = None
    mine: tuple[PlannedCell, ...]
    """The cells of the plan, or of the shard."""
    jobs: int = 1
    """Pairs of legs at once."""
    memory: int | None = None
    """Bytes that all that runs at once may need; None for a share of the machine's."""
    fail_fast: bool = False
    executor: Executor | None = None
    """Who carries out the tasks; None for the threads of this process."""
    sent: Mapping[str, str | int | bool] = field(default_factory=dict)
    """Options of `compat matrix` that reach a worker with a task."""
    reuse: Policy | None = None
    """On what terms results of earlier runs stand in for new ones; None if none do."""

    @property
    def plan(self) -> Plan:
        """What is run, whole, whatever of it is ours."""
        return self.opened.plan

    @property
    def limits(self) -> Limits:
        """What runs side by side."""
        return Limits(self.jobs, self.memory or int(MEMORY * machine.memory()))

    def host(self) -> Host:
        """Return what is known of this machine, with what the backend runs on it."""
        return Host(
            kernel=machine.kernel(),
            cpus=machine.cpus(),
            memory=machine.memory(),
            tools=self.opened.backend.versions(),
        )

    def commands(self) -> dict[str, tuple[str, ...]]:
        """Return what a user would type for each cell, by its id."""
        return {cell.id: self.cell_command(cell) for cell in self.mine}

    def run(self) -> tuple[MatrixRun, Path]:
        """Run what is not done yet under a display on standard error; journal and record it."""
        with History.open(self.history, create=True):
            pass  # one that cannot be used is told now, not after a night
        return self._run(lambda folder, made: publish(folder, made, self.history))

    def run_unrecorded(self) -> tuple[MatrixRun, Path]:
        """Run what is not done yet as `run` does, without recording it into the history."""

        def report(folder: Path, made: MatrixRun) -> MatrixRun:
            write_reports(folder)
            return made

        return self._run(report)

    def _run(self, ended: Callable[[Path, MatrixRun], MatrixRun]) -> tuple[MatrixRun, Path]:
        folder = self._folder()
        progress = Progress() if self.plan.pair else MatrixProgress()
        with interruptible(), held(folder.path / LOCK, patience=PATIENCE):
            remove_unfinished(folder.path)
            with display(sys.stderr, progress=progress) as listener:
                ledger = self._ledger(folder.path)
                left = [cell for cell in self.mine if cell.id not in ledger.rows]
                cells = {cell.id: self.opened.cell(cell) for cell in left}
                keep: Keep = keep_nothing
                if self.reuse:
                    keep = self._reused(self.reuse, cells, ledger, listener)
                with self._employed() as employ:
                    job = employ(self._job(cells, ledger, keep))
                    ledger.begin()
                    if not self.taken_up:
                        folder.point_latest()  # so that --resume latest finds it, however it ends
                    made = run_matrix(job, ledger, listener)
            made = ended(folder.path, made)
        return made, folder.path

    @contextmanager
    def _employed(self) -> Iterator[Callable[[MatrixJob], MatrixJob]]:
        """Return what makes of a job for this machine one for who carries out the tasks."""
        if self.executor is None:
            yield lambda job: job
            return
        try:
            from harness.matrix.remote import hired  # noqa: PLC0415 - an extra, and slow to load
        except ModuleNotFoundError as error:
            raise MissingToolError(
                f"--executor needs the Python package {error.name}",
                hint="pip install --require-hashes -r locks/dask.txt, or the extra `dask`",
            ) from error
        with hired(self.executor, self.opened, self.store, self.sent) as employ:
            yield employ

    def _folder(self) -> RunFolder:
        if self.taken_up:
            return RunFolder(self.taken_up)
        return RunFolder.create(self.runs, lambda: datetime.now(UTC))

    def _ledger(self, folder: Path) -> Ledger:
        """Begin a ledger, or go on with the one of the run that is taken up."""
        matrix = stored_matrix(folder) if self.taken_up else None
        ledger = Ledger(
            folder=folder,
            plan=self.plan,
            shard=self.shard,
            mine=self.mine,
            host=None if self.executor and self.executor.address else self.host(),
            started=matrix.started if matrix else now(),
            command=(matrix and matrix.command) or self.command,
        )
        if matrix:
            ledger.earlier = matrix.seconds
            ledger.builds |= matrix.builds
            ledger.rows |= done(folder, matrix, self.mine)
        return ledger

    def _reused(
        self, policy: Policy, cells: Mapping[str, Cell], ledger: Ledger, listener: Listener
    ) -> Keep:
        """Take the results that stand into a ledger; return what keeps those that are made."""
        results = Results(
            opened=self.opened,
            settings=self.settings,
            store=self.store,
            terms=Terms(policy, datetime.now(UTC), ledger.folder.name),
            likeness=Likeness(
                self.opened, asked_of_go(self.opened, lambda text: listener(Said(text)))
            ),
            command=self.cell_command,
        )
        rows = list(results.rows(cells, ledger.folder))
        ledger.rows |= {row.id: row for row in rows}
        told = f"{len(rows)} of {plural(len(cells), 'result')} used again"
        if results.drawn:
            told += f"; {len(results.drawn)} could be, and are run to see what drifts"
        listener(Said(told))
        return results.keep

    def _job(self, cells: Mapping[str, Cell], ledger: Ledger, keep: Keep) -> MatrixJob:
        left = [cell for cell in self.mine if cell.id not in ledger.rows]
        return MatrixJob(
            cells={cell.id: cells[cell.id] for cell in left},
            settings=self.settings,
            backend=self.opened.backend,
            store=self.store,
            limits=self.limits,
            command=self.cell_command,
            history=self.history,
            fail_fast=self.fail_fast,
            earlier=interrupted(ledger.folder, self.plan, left) if self.taken_up else {},
            keep=keep,
        )
