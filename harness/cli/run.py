"""`compat run`: one pair that is asked for by names, or a run of one that is taken up."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Unpack, cast

import click

from harness.cli.declared import execution
from harness.cli.interruption import interruptible
from harness.cli.options import argv_of, as_begun
from harness.cli.planning import RunningOptions, Sources, check_client
from harness.cli.session import Session, default_runs
from harness.cli.show import show
from harness.cli.stored import interrupted_pair
from harness.errors import UsageError
from harness.gotest.selection import select
from harness.history import default_history, expected_by
from harness.journal import read_plan
from harness.model import Channel, Vary
from harness.model.matrix import MatrixRun
from harness.model.platforms import WRITE, unknown
from harness.plan.asks import PairAsk, Where
from harness.plan.cell import Settings
from harness.plan.opening import Opened, open_pair, open_plan
from harness.reports.live import display
from harness.store import Store

_OF_THE_RUN = ("tests", "no_cache")
"""Options that the command to run a part of the pair again leaves out."""


_BESIDE_RESUME = frozenset({"resume", "out", "as_json"})
"""Options that --resume goes together with; every other one is that of the run."""


class RunOptions(RunningOptions):
    """The options of `compat run`, by the names that click gives them."""

    daemon: str | None
    frontend: str | None
    channel: str | None
    worker: str
    platform: str | None
    timeout: float
    no_control: bool
    no_cache: bool
    tests_from: str | None
    vary: str
    baseline: str | None
    client: str


@click.pass_context
def run(
    ctx: click.Context, *, resume: str | None, as_json: bool, **options: Unpack[RunOptions]
) -> int:
    """Run DAEMON's own Dockerfile tests against the Dockerfile frontend of FRONTEND."""
    if resume:
        folder, command = interrupted_pair(resume, options["out"])
        stored = cast("RunOptions", as_begun(ctx, command, beside=_BESIDE_RESUME))
        return show(*run_pair(stored, folder), as_json=as_json)
    return show(*run_pair(options), as_json=as_json)


def run_pair(options: RunOptions, taken_up: Path | None = None) -> tuple[MatrixRun, Path]:
    """Run a pair under a display on standard error, or what is left of a run of it.

    `taken_up` is the folder of that run. Returns what matrix.json holds, and the run's folder.
    Raises UsageError and ConfigError for what the user can mend, and what opening raises.
    """
    names = _names(options)
    select(options["tests"], worker=options["worker"])  # refuses a bad glob before any build
    sources = Sources.of("", options)
    with _store(sources.store, anew=options["no_cache"]) as store:
        with interruptible(), display(sys.stderr) as listener:
            where = _where(sources, options)
            if taken_up:
                opened = open_plan(read_plan(taken_up), where, sources.data, store, listener)
            else:
                expected = expected_by(default_history())
                ask = _ask(names, options, where)
                opened = open_pair(ask, sources.data, store, expected, listener)
        again = ("compat-run", *argv_of(execution.run, options, leave=_OF_THE_RUN))
        session = Session(
            opened=opened,
            store=store,
            settings=_settings(options, opened),
            command=("compat-run", *argv_of(execution.run, options)),
            cell_command=lambda _cell: again,
            runs=(options["out"] or default_runs()).absolute(),
            history=default_history(),
            taken_up=taken_up,
            mine=opened.plan.cells,
        )
        return session.run()


def _names(options: RunOptions) -> tuple[str, str]:
    """Return DAEMON and FRONTEND. Raises click.UsageError for what is not given."""
    daemon, frontend = options["daemon"], options["frontend"]
    if daemon and frontend:
        return daemon, frontend
    missing = "FRONTEND" if daemon else "DAEMON"
    raise click.MissingParameter(param_hint=f"'{missing}'", param_type="argument")


def _where(sources: Sources, options: RunOptions) -> Where:
    where = sources.running(options)
    return replace(where, cache_repo="") if options["no_cache"] else where


def _ask(names: tuple[str, str], options: RunOptions, where: Where) -> PairAsk:
    daemon, frontend = names
    client = options["client"]
    if options["platform"] and (wrong := unknown(options["platform"])):
        raise UsageError(f"--platform: {wrong}", hint=WRITE)
    check_client(client, options["tests_from"])
    return PairAsk(
        where=where,
        offline=options["offline"],
        reruns=options["reruns"],
        most_reruns=options["most_reruns"],
        tests=options["tests"],
        test_timeout=options["test_timeout"],
        daemon=daemon,
        frontend=frontend,
        channel=Channel(options["channel"]) if options["channel"] else None,
        worker=options["worker"],
        platform=options["platform"] or "",
        timeout=options["timeout"],
        tests_from=options["tests_from"],
        vary=Vary(options["vary"]),
        baseline=options["baseline"],
        client=client,
    )


def _settings(options: RunOptions, opened: Opened) -> Settings:
    return Settings(
        tests=opened.plan.tests,
        parallel=options["parallel"] or 0,
        reruns=opened.plan.reruns,
        most_reruns=opened.plan.most_reruns,
        offline=opened.plan.offline,
        control=not options["no_control"],
        fresh_control=options["fresh_control"],
    )


@contextmanager
def _store(usual: Store, *, anew: bool) -> Iterator[Store]:
    """Return a store that has nothing but toolchains and clones, if all is to be made anew."""
    if not anew:
        yield usual
        return
    with usual.apart() as apart:
        yield apart
