"""What `compat matrix` sets up around a fleet: plan, run folder, display, history, reports."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from harness.backends.docker.container import Privileges
from harness.backends.docker.supply import check_repository
from harness.cli.interruption import interruptible
from harness.cli.planning import PlanOptions, Sources, open_named
from harness.cli.session import LOCK, PATIENCE, RunOptions, command_of, default_runs
from harness.cli.stored import find_run
from harness.errors import UsageError
from harness.history import History, HistoryError, default_history
from harness.journal import RunFolder, read_plan, write_matrix
from harness.journal.files import remove_unfinished
from harness.matrix.ledger import Ledger
from harness.matrix.queue import Limits
from harness.matrix.resume import check_same, check_shard, done, stored_matrix
from harness.matrix.running import run_matrix
from harness.matrix.work import MatrixJob
from harness.model import Host
from harness.model.matrix import MatrixRun, Plan, PlannedCell, Shard
from harness.plan.cell import Settings, default_parallel
from harness.plan.opening import Opened, open_plan
from harness.plan.shards import part
from harness.reports.live import display
from harness.reports.matrixprogress import MatrixProgress
from harness.reports.past import Past, pasts
from harness.reports.write import write_reports
from harness.tools import machine
from harness.tools.clock import now
from harness.tools.locks import held

MEMORY = 0.8
"""Share of the machine's memory that tasks may need together."""

CPUS = 4
"""Processors for each pair of legs at once, from 8 on."""

_OF_PLANS = ("only", "exclude", "candidate", "tests", "test_timeout")
"""Options that decide over a plan alone."""


class MatrixOptions(PlanOptions):
    """The options of `compat matrix`, by the names that click gives them."""

    plan: Path | None
    shard: Shard | None
    resume: str | None
    jobs: int | None
    memory: float | None
    parallel: int | None
    fail_fast: bool
    fresh_control: bool
    privileges: str
    cache_repo: str | None
    out: Path | None


def default_jobs(cpus: int | None = None) -> int:
    """Choose how many pairs of legs run at once.

    One fills a machine of a few processors. On a larger one the slowest tests of a suite leave
    most of it idle at the end of every leg, so it is shared among several pairs.
    """
    return max(1, (cpus or machine.cpus()) // CPUS)


def publish(folder: Path, made: MatrixRun, file: Path) -> MatrixRun:
    """Record a stored run into a history and write its reports; give it with what went wrong.

    A history that fails now costs what it would have remembered, never a result.
    """
    past: Mapping[str, Past] = {}
    try:
        with History.open(file, create=True) as history:
            history.record(folder)
            past = pasts(history, made)
    except HistoryError as error:
        made = msgspec.structs.replace(
            made, warnings=(*made.warnings, f"not recorded in the history: {error}")
        )
        write_matrix(folder, made)
    write_reports(folder, past)
    return made


@dataclass(frozen=True)
class MatrixSession:
    """A plan that is to be run, or a run that is to be taken up."""

    options: MatrixOptions
    sources: Sources
    opened: Opened
    taken_up: Path | None
    """The folder of a run that did not come to its end."""
    shard: Shard | None
    mine: tuple[PlannedCell, ...]
    """The cells of the plan, or of the shard."""

    @classmethod
    def open(
        cls,
        name: str | None,
        options: MatrixOptions,
        *,
        runs: bool,
        sources: Sources | None = None,
        lists: bool = True,
    ) -> MatrixSession:
        """Plan a matrix, or take a plan that is stored; `runs` says whether it is to run here.

        `sources` are those that the options name, unless they are given; `lists` says whether
        skip lists apply to a matrix that is planned now.

        Raises UsageError and ConfigError for what the user can mend, and what opening raises.
        """
        resume = options["resume"]
        folder = find_run(resume, options["out"]).resolve() if resume else None
        kept = _stored_plan(name, options, folder)
        sources = sources or Sources.of(name or (kept.matrix if kept else ""), options)
        where = replace(
            sources.where(options),
            runs=runs,
            privileges=Privileges(options["privileges"]),
            cache_repo=check_repository(options["cache_repo"] or ""),
        )
        with display(sys.stderr) as listener:
            if name or kept is None:
                opened = open_named(name or "", options, sources, where, listener, lists=lists)
            else:
                opened = open_plan(kept, where, sources.data, sources.store, listener)
        if folder and kept:
            check_same(folder, kept, opened.plan)
        shard, ids = _share(kept or opened.plan, options["shard"], folder)
        mine = tuple(cell for cell in opened.plan.cells if cell.id in ids)
        return cls(options, sources, opened, folder, shard, mine)

    @property
    def plan(self) -> Plan:
        """What is run, whole, whatever of it is ours."""
        return self.opened.plan

    @property
    def jobs(self) -> int:
        """Pairs of legs at once."""
        return self.options["jobs"] or default_jobs()

    def run(self) -> tuple[MatrixRun, Path]:
        """Run what is not done yet under a display on standard error; journal and record it."""
        history = self.options["history"] or default_history()
        with History.open(history, create=True):
            pass  # one that cannot be used is told now, not after a night
        return self._run(lambda folder, made: publish(folder, made, history))

    def run_unrecorded(self) -> tuple[MatrixRun, Path]:
        """Run what is not done yet as `run` does, of which no history is to hear."""

        def report(folder: Path, made: MatrixRun) -> MatrixRun:
            write_reports(folder)
            return made

        return self._run(report)

    def _run(self, ended: Callable[[Path, MatrixRun], MatrixRun]) -> tuple[MatrixRun, Path]:
        folder = self._folder()
        with interruptible(), held(folder.path / LOCK, patience=PATIENCE):
            remove_unfinished(folder.path)
            with display(sys.stderr, progress=MatrixProgress()) as listener:
                ledger = self._ledger(folder.path)
                made = run_matrix(self._job(ledger), ledger, listener)
            made = ended(folder.path, made)
        return made, folder.path

    def commands(self) -> dict[str, tuple[str, ...]]:
        """Give what a user would type for each cell, by its id."""
        return {cell.id: self.command(cell) for cell in self.mine}

    def command(self, cell: PlannedCell) -> tuple[str, ...]:
        """Give what a user would type for one cell."""
        pair, options, sources = cell.pair, self.options, self.sources
        usual = self.opened.workspace.channel(pair.frontend, None)
        return command_of(
            RunOptions(
                daemon=pair.suite.ref,
                frontend=pair.frontend.ref,
                repo=sources.repository if sources.own else options["repo"],
                fetch=False,
                channel=None if pair.frontend_channel is usual else pair.frontend_channel,
                worker=pair.worker,
                backend=options["backend"],
                stage=options["stage"],
                privileges=options["privileges"],
                cache_repo=options["cache_repo"],
                tests=(),
                parallel=options["parallel"],
                timeout=cell.timeout,
                test_timeout=cell.test_timeout,
                reruns=self.opened.plan.reruns,
                most_reruns=self.opened.plan.most_reruns,
                no_control=False,
                fresh_control=False,
                no_cache=False,
                offline=self.opened.plan.offline,
                out=None,
                as_json=False,
                cache=options["cache"],
                data=sources.data.root if sources.own else options["data"],
            )
        )

    def _folder(self) -> RunFolder:
        if self.taken_up:
            return RunFolder(self.taken_up)
        runs = (self.options["out"] or default_runs()).absolute()
        folder = RunFolder.create(runs, lambda: datetime.now(UTC))
        folder.point_latest()  # so that --resume latest finds it, however it ends
        return folder

    def _ledger(self, folder: Path) -> Ledger:
        """Begin a ledger, or go on with the one of the run that is taken up."""
        matrix = stored_matrix(folder) if self.taken_up else None
        ledger = Ledger(
            folder=folder,
            plan=self.opened.plan,
            shard=self.shard,
            mine=self.mine,
            host=Host(
                kernel=machine.kernel(),
                cpus=machine.cpus(),
                memory=machine.memory(),
                tools=self.opened.backend.versions(),
            ),
            started=matrix.started if matrix else now(),
        )
        if matrix:
            ledger.earlier = matrix.seconds
            ledger.builds |= matrix.builds
            ledger.rows |= done(folder, matrix, self.mine)
        return ledger

    def _job(self, ledger: Ledger) -> MatrixJob:
        plan, options = self.opened.plan, self.options
        left = [cell for cell in self.mine if cell.id not in ledger.rows]
        share = max(2, default_parallel() // self.jobs)
        return MatrixJob(
            cells={cell.id: self.opened.cell(cell) for cell in left},
            settings=Settings(
                tests=plan.tests,
                parallel=options["parallel"] or share,
                reruns=plan.reruns,
                most_reruns=plan.most_reruns,
                offline=plan.offline,
                fresh_control=options["fresh_control"],
            ),
            backend=self.opened.backend,
            store=self.sources.store,
            limits=Limits(self.jobs, int(options["memory"] or MEMORY * machine.memory())),
            command=self.command,
            history=options["history"] or default_history(),
            fail_fast=options["fail_fast"],
        )


def _stored_plan(name: str | None, options: MatrixOptions, folder: Path | None) -> Plan | None:
    """Read the plan that is named instead of a matrix, or of the run to take up."""
    file = options["plan"]
    if (name or folder) and file:
        raise UsageError("--plan names what is run: give neither MATRIX nor --resume beside it")
    if not (name or folder or file):
        raise UsageError("nothing to run is named", hint="give MATRIX, --plan or --resume")
    given: Mapping[str, object] = {**options}
    fixed = [f"--{word.replace('_', '-')}" for word in _OF_PLANS if given[word]]
    if fixed and not name:
        raise UsageError(f"{fixed[0]} has no say in a plan that is made", hint="leave it out")
    made = folder or file
    return read_plan(made) if made else None


def _share(plan: Plan, wanted: Shard | None, folder: Path | None) -> tuple[Shard | None, set[str]]:
    """Give the shard that is to be run, and the ids of its cells."""
    matrix = stored_matrix(folder) if folder else None
    if folder and matrix:
        check_shard(folder, matrix.shard, wanted)
        return matrix.shard, {row.id for row in matrix.cells}
    return wanted, {cell.id for cell in (part(plan, wanted) if wanted else plan.cells)}
