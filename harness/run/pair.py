"""The main job: run both legs of a pair side by side, rerun what surprises, judge."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from msgspec.structs import replace

import harness
from harness.backends.base import Artefact, Backend
from harness.events import Event, Listener, PhaseEnded, PhaseStarted, Warned, ignore
from harness.gotest.selection import asks_for_all
from harness.journal import RunFolder
from harness.model import SCHEMA_VERSION, Host, Leg, Run
from harness.plan.cell import Built, Cell, Settings
from harness.run.gateways import gateways
from harness.run.hangs import Budgets
from harness.run.known import budgets_of, recents_of
from harness.run.legs import ControlStore, LegRunner
from harness.run.reruns import Reruns
from harness.run.resume import check_same, joined
from harness.run.schedule import Schedule
from harness.store import Store
from harness.tools import machine
from harness.tools.clock import Stopwatch, now
from harness.verdict.conclude import Asked, Conclusion, conclude
from harness.verdict.floors import promises


@dataclass(frozen=True)
class Job:
    """A pair, how to run it, and with what."""

    cell: Cell
    settings: Settings
    backend: Backend
    store: Store
    folder: RunFolder
    command: tuple[str, ...]
    """What the user would type for this pair; the rerun command begins with it."""
    built: Built | None
    """What it is run with; None if it is left out."""
    history: Path | None = None
    """File that says how long each test takes, and what it did in recent runs."""
    earlier: Run | None = None
    """The interrupted run of this pair in this folder that is taken up."""


def run_pair(job: Job, listener: Listener) -> Run:
    """Run and judge one pair that was built, and journal it.

    A run that is interrupted once its legs have begun is journaled with what it has: the tests
    that ended on both sides. One whose machine or engine fails then is journaled as `infra`.
    A run that is taken up runs what is left of it and is journaled in its place. Raises what
    beginning to run raises, with nothing journaled; UsageError if the run to take up is of another
    pair.
    """
    phases, watch, started = _Phases(listener), Stopwatch(), now()
    if job.earlier:
        check_same(job.cell, job.earlier)
    versions = job.backend.versions()
    budgets = budgets_of(job.settings, job.history, job.cell.pair, phases)
    recents = recents_of(job.history, job.cell.pair, _began(job, started), phases)
    own = gateways(job.cell, job.backend, phases)
    schedule = _schedule(job, versions, phases, budgets, own)
    promised = promises(job.cell.floors, job.cell.pair)
    reruns = Reruns(schedule, job.settings, job.cell.entries, promised, phases, phases.phase)
    with phases.phase("run"):
        if job.earlier:
            schedule.resume(job.earlier.legs, {row.name for row in job.earlier.judgements})
        else:
            reruns.begin()
    warnings = reruns.run()
    asked = Asked(
        command=job.command,
        sides=schedule.sides,
        whole=asks_for_all(job.earlier) if job.earlier else not job.settings.tests,
        worker=job.cell.pair.worker,
        interrupted=schedule.interrupted,
        offline=_offline(job),
        functions=job.cell.functions,
    )
    run = replace(
        _nothing_run(job, started, versions),
        **_concluded(conclude(schedule.legs, job.cell.entries, asked, recents, promised)),
        seconds=watch.seconds,
        legs=tuple(schedule.legs),
        phases=phases.seconds,
        interrupted=schedule.interrupted,
        warnings=(*phases.warnings, *warnings),
    )
    if job.earlier:
        run = joined(job.earlier, run)
    job.folder.write_run(run)
    return run


def leave_out(job: Job) -> Run:
    """Journal a pair for which something is lacking: `unavailable`, and no leg was begun."""
    run = _nothing_run(job, now(), job.backend.versions())
    job.folder.write_run(run)
    return run


def _nothing_run(job: Job, started: str, versions: dict[str, str]) -> Run:
    """Return what is known of a run before its legs."""
    limited = bool(job.cell.limited and not job.cell.lacks)
    lacks = (job.cell.limited,) if limited else job.cell.lacks
    asked = Asked(
        command=job.command,
        sides=(),
        whole=False,
        worker=job.cell.pair.worker,
        offline=_offline(job),
        lacks=lacks,
        limited=limited,
    )
    return Run(
        schema=SCHEMA_VERSION,
        id=job.folder.id,
        harness=harness.__version__,
        command=job.command,
        started=started,
        seconds=0.0,
        pair=job.cell.pair,
        offline=_offline(job),
        host=Host(
            kernel=machine.kernel(),
            cpus=machine.cpus(),
            memory=machine.memory(),
            tools=versions,
        ),
        patches=job.cell.patches,
        legs=(),
        **_concluded(conclude((), (), asked, {})),
        phases={},
        control=job.settings.control,
        scenarios=job.cell.catalogue,
        lacks=lacks,
        limited=limited,
    )


def _concluded(found: Conclusion) -> dict[str, Any]:
    """Return the fields of a run that its conclusion gives: they have the same names."""
    return {field.name: getattr(found, field.name) for field in fields(found)}


def _offline(job: Job) -> bool:
    return job.settings.offline or job.cell.pair.scenarios


def control_is_stored(job: Job) -> bool:
    """Whether `run_pair` would find a control run that can stand in for a new one."""
    schedule = _schedule(job, job.backend.versions(), ignore, Budgets())
    return schedule.control_is_stored()


def _began(job: Job, started: str) -> str:
    return job.earlier.started if job.earlier else started


def _schedule(
    job: Job,
    versions: dict[str, str],
    listener: Listener,
    budgets: Budgets,
    own: Mapping[Leg, Artefact] | None = None,
) -> Schedule:
    if job.built is None:
        raise ValueError("a pair that was not built cannot be run")
    runner = LegRunner(job.backend, listener, job.cell.oracle, budgets)
    controls = ControlStore(job.store, versions, machine.kernel())
    return Schedule(
        job.cell, job.settings, job.built, job.folder, runner, controls, listener, own or {}
    )


class _Phases:
    """Passes events on and keeps how long each phase took, and what is a warning."""

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self.seconds: dict[str, float] = {}
        self.warnings: list[str] = []

    def __call__(self, event: Event) -> None:
        if isinstance(event, Warned):
            self.warnings.append(event.text)
        if isinstance(event, PhaseEnded):
            self.seconds[event.phase] = event.seconds
        self._listener(event)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        watch = Stopwatch()
        self(PhaseStarted(name))
        yield
        self(PhaseEnded(name, watch.seconds))
