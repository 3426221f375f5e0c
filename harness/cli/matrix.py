"""`compat matrix`: a matrix that is planned now, a plan, or a run that is taken up."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Unpack

import click
import msgspec

from harness.cli.declared import execution
from harness.cli.interruption import interruptible
from harness.cli.options import argv_of
from harness.cli.planning import PlanOptions, RunningOptions, Sources, open_named
from harness.cli.session import Session, default_jobs, default_runs
from harness.cli.show import show_matrix
from harness.cli.stored import find_run
from harness.cluster.places import Executor
from harness.config.matrixfile import find_matrix, load_matrix
from harness.config.policy import Policy
from harness.errors import UsageError
from harness.history import default_history
from harness.journal import read_plan
from harness.matrix.resume import check_same, check_shard, stored_matrix
from harness.matrix.work import Command
from harness.model.matrix import Plan, PlannedCell, Shard
from harness.model.platforms import LINUX
from harness.plan.cell import Settings, default_parallel
from harness.plan.foreign import here
from harness.plan.opening import Opened, open_plan
from harness.plan.shards import part, split
from harness.reports import plantable
from harness.reports.live import display

_OF_PLANS = ("only", "exclude", "candidate", "branch", "tests", "test_timeout")
"""Options that decide over a plan alone."""

_OF_CELLS = (
    *("repo", "backend", "stage", "privileges", "cache_repo", "parallel", "cache", "data"),
)
"""Options that the command of one cell has from that of the matrix."""


_OF_WORKERS = (
    *("repo", "backend", "stage", "privileges", "cache_repo", "parallel", "fresh_control"),
)
"""Options that reach a worker as they are given."""


class MatrixOptions(PlanOptions, RunningOptions):
    """The options of `compat matrix`, by the names that click gives them."""

    plan: Path | None
    shard: Shard | None
    resume: str | None
    jobs: int | None
    memory: int | None
    executor: str | None
    fail_fast: bool
    reuse: bool


def matrix(
    matrix: str | None,
    *,
    dry_run: bool,
    as_json: bool,
    **options: Unpack[MatrixOptions],
) -> int:
    """Run every daemon of MATRIX with every frontend, and report them together."""
    session = open_session(matrix, options, runs=not dry_run)
    if dry_run or not as_json:
        show_plan(session, as_json=as_json)
    if dry_run:
        return 0
    made, folder = session.run()
    return show_matrix(made, folder, session.commands(), as_json=as_json)


def show_plan(session: Session, *, as_json: bool) -> None:
    """Print a plan before it is run, as a table or as JSON."""
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(session.plan)))
        return
    parts = split(session.plan, session.shard.total) if session.shard else None
    controls = session.opened.controls(session.settings)
    far = session.executor is not None and session.executor.address  # sees for itself what it lacks
    left_out = frozenset[str]() if far else session.opened.left_out
    click.echo(plantable.render(session.plan, parts, session.limits, controls, left_out))


def open_session(
    name: str | None,
    options: MatrixOptions,
    *,
    runs: bool,
    sources: Sources | None = None,
    lists: bool = True,
    without_adopted: bool = False,
) -> Session:
    """Plan a matrix, or take a plan that is stored; `runs` says whether it is to run here.

    `sources` are those that the options name, unless they are given; `lists` says whether
    skip lists apply to a matrix that is planned now, `without_adopted` that of a stored plan the
    cells which others ran are left out.

    Raises UsageError and ConfigError for what the user can mend, and what opening raises.
    """
    resume = options["resume"]
    folder = find_run(resume, options["out"]).resolve() if resume else None
    kept = _stored_plan(name, options, folder)
    sources = sources or Sources.of(name or (kept.matrix if kept else ""), options)
    by, asked_jobs = options["executor"], options["jobs"]
    executor = Executor.parse(by, asked_jobs) if by else None
    far = bool(executor and executor.address)
    where = replace(sources.running(options), runs=runs and not far)
    with interruptible(), display(sys.stderr) as listener:
        if name or kept is None:
            opened = open_named(name or "", options, sources, where, listener, lists=lists)
        else:
            data, store = sources.data, sources.store
            opened = open_plan(kept, where, data, store, listener, without_adopted=without_adopted)
    if folder and kept:
        check_same(folder, kept, opened.plan)
    shard, ids = _share(kept or opened.plan, options["shard"], folder)
    jobs = (executor and executor.workers) or asked_jobs or default_jobs()
    share = max(2, default_parallel() // jobs)
    return Session(
        opened=opened,
        store=sources.store,
        settings=Settings(
            tests=opened.plan.tests,
            parallel=options["parallel"] or share,
            reruns=opened.plan.reruns,
            most_reruns=opened.plan.most_reruns,
            offline=opened.plan.offline,
            fresh_control=options["fresh_control"],
        ),
        command=("compat", "matrix", *argv_of(execution.matrix, {"matrix": name, **options})),
        cell_command=_cell_command(options, sources, opened),
        runs=(options["out"] or default_runs()).absolute(),
        history=options["history"] or default_history(),
        taken_up=folder,
        shard=shard,
        mine=tuple(cell for cell in opened.plan.cells if cell.id in ids),
        jobs=jobs,
        memory=options["memory"],
        fail_fast=options["fail_fast"],
        executor=executor,
        sent=_sent(options),
        reuse=_terms(name or opened.plan.matrix, sources) if options["reuse"] else None,
    )


def _terms(matrix: str, sources: Sources) -> Policy:
    """Return the policy of a matrix, which says how old a result may be. Raises UsageError."""
    return load_matrix(find_matrix(sources.data, matrix)).policy


def _cell_command(options: MatrixOptions, sources: Sources, opened: Opened) -> Command:
    """Return what says for each cell what a user would type to run it alone."""
    given: Mapping[str, object] = {**options}
    common = {name: given[name] for name in _OF_CELLS}
    if sources.own:
        common |= {"repo": sources.repository, "data": sources.data.root}

    def command(cell: PlannedCell) -> tuple[str, ...]:
        pair = cell.pair
        if not pair.platform.startswith(LINUX):
            return ()  # this program runs on Linux alone
        usual = opened.workspace.channel(pair.frontend, None)
        own = {
            "daemon": pair.suite.asked if pair.engine else pair.suite.ref,
            "frontend": pair.frontend.ref,
            "channel": None if pair.frontend_channel is usual else pair.frontend_channel,
            "worker": pair.worker,
            "platform": None if pair.platform == here() else pair.platform,
            "tests_from": pair.tests_asked,
            "vary": pair.vary,
            "baseline": pair.baseline and pair.baseline.commit.ref,
            "client": pair.client_asked,
            "timeout": cell.timeout,
            "test_timeout": cell.test_timeout,
            "reruns": opened.plan.reruns,
            "most_reruns": opened.plan.most_reruns,
            "offline": opened.plan.offline,
        }
        return ("compat-run", *argv_of(execution.run, {**common, **own}))

    return command


def _sent(options: MatrixOptions) -> dict[str, str | int | bool]:
    """Return the options that a worker is given with a task: it may begin in another folder.

    What is not given here, the worker's machine decides, as with shards.
    """
    asked: Mapping[str, object] = {**options}
    given = {name: asked[name] for name in _OF_WORKERS}
    places = {name: asked[name] for name in ("cache", "data", "history")}
    given |= {name: Path(str(it)).absolute() for name, it in places.items() if it}
    if (repo := options["repo"]) and Path(repo).exists():
        given["repo"] = Path(repo).absolute()
    return {
        name: it if isinstance(it, int | str) else str(it)
        for name, it in given.items()
        if it is not None and it is not False
    }


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
    """Return the shard that is to be run, and the ids of its cells."""
    matrix = stored_matrix(folder) if folder else None
    if folder and matrix:
        check_shard(folder, matrix.shard, wanted)
        return matrix.shard, {row.id for row in matrix.cells}
    return wanted, {cell.id for cell in (part(plan, wanted) if wanted else plan.cells)}
