"""Matrices for the tests of what runs them: a backend that plays each cell, a place for runs."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from harness.backends.base import (
    Artefact,
    BuildRequest,
    Found,
    LegExit,
    LegRequest,
    Overdue,
    Problem,
    Sink,
    never,
)
from harness.config.datadir import find_data
from harness.config.lines import load_lines
from harness.errors import BuildError
from harness.events import Event, Listener, Warned
from harness.journal import RunFolder, read_matrix
from harness.matrix.ledger import Ledger
from harness.matrix.running import run_matrix
from harness.matrix.work import MatrixJob
from harness.model import Channel, Commit, Side
from harness.model.matrix import CellState, MatrixRun, Plan, Shard
from harness.plan.cell import Cell, Settings
from harness.plan.queue import Limits
from harness.store import Store
from tests.support import stored_matrices
from tests.support.played import Played, stream

PASSING: Played = {"TestCopy": ("pass", "pass"), "TestMount": ("pass", "pass")}
REGRESSED: Played = {"TestCopy": ("pass", "pass"), "TestMount": ("pass", "fail no such mount")}

Hook = Callable[[str], None]


@dataclass
class Yard:
    """A backend in which every cell does what a test wrote down, and every other one passes."""

    plays: dict[str, Played] = field(default_factory=dict)
    """By `SUITE FRONTEND`."""
    broken: frozenset[str] = frozenset()
    """Builds that fail: `suite v0.6.4`."""
    late: frozenset[str] = frozenset()
    """Legs that are stopped at their time limit, named as `legs` are."""
    stuck: frozenset[str] = frozenset()
    """Legs whose first test never ends, while it is not skipped."""
    warns: str = ""
    """What every build warns of."""
    cached: set[str] = field(default_factory=set)
    built: list[str] = field(default_factory=list)
    """Builds that were asked for, in their order."""
    legs: list[str] = field(default_factory=list)
    """`SUITE FRONTEND` of every leg that was run, in their order."""
    before_build: Hook | None = None
    before_leg: Hook | None = None
    name: str = "played"
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def problems(self) -> list[Problem]:
        return []

    def versions(self) -> dict[str, str]:
        return {"runc": "runc version 1.1.5"}

    def find(self, side: Side, request: BuildRequest) -> Found:
        name = f"{side} {request.commit.ref}"
        return Found(name, name in self.cached)

    def build_suite(self, request: BuildRequest, listener: Listener) -> Artefact:
        return self._build(f"suite {request.commit.ref}", listener)

    def build_frontend(self, request: BuildRequest, listener: Listener) -> Artefact:
        return self._build(f"frontend {request.commit.ref}", listener)

    def _build(self, name: str, listener: Listener) -> Artefact:
        if self.warns:
            listener(Warned(self.warns))
        with self._lock:
            self.built.append(name)
        if self.before_build:
            self.before_build(name)
        if name in self.broken:
            raise BuildError(f"{name} does not build")
        known = name in self.cached
        self.cached.add(name)
        return Artefact(name, Path("/no/folder", name.split()[1]), cached=known, go_minor=21)

    def run(self, leg: LegRequest, sink: Sink, overdue: Overdue = never) -> LegExit:
        suite, frontend = leg.suite.path.name, leg.frontend.path.name
        name = f"{suite} {frontend}"
        with self._lock:
            self.legs.append(name)
        if self.before_leg:
            self.before_leg(name)
        column = int(suite != frontend)
        played = {
            function: acts[column] for function, acts in self.plays.get(name, PASSING).items()
        }
        if name in self.stuck and not leg.skip:
            sink(stream({next(iter(played)): "hang"}, ends=False))
            while not overdue():
                time.sleep(0.001)
            return LegExit(None, timed_out=True, seconds=0.1)
        sink(stream(played))
        if name in self.late:
            return LegExit(None, timed_out=True, seconds=0.1)
        failed = any("fail" in act for act in played.values())
        return LegExit(int(failed), timed_out=False, seconds=0.1)

    @property
    def runs(self) -> Counter[str]:
        return Counter(self.legs)


def cells_of(plan: Plan) -> dict[str, Cell]:
    """Make the cells of a plan, as an opened matrix does."""
    line = load_lines(find_data(None, {}).lines_file).line("v0.6")

    def request(commit: Commit, channel: Channel) -> BuildRequest:
        return BuildRequest(commit, line, channel, ())

    return {
        it.id: Cell(
            pair=it.pair,
            suite=request(it.pair.suite, it.pair.suite_channel),
            tests=request(it.pair.tested.commit, it.pair.tested.channel),
            control=request(it.pair.suite, it.pair.suite_channel),
            candidate=request(it.pair.frontend, it.pair.frontend_channel),
            entries=(),
            mirror=None,
        )
        for it in plan.cells
    }


@dataclass
class Fleet:
    """A place where a matrix is run, again and again if a test wants it."""

    folder: Path
    yard: Yard = field(default_factory=Yard)
    plan: Plan = field(default_factory=lambda: stored_matrices.plan(frontends=("f1", "f2", "f3")))
    settings: Settings = field(default_factory=lambda: Settings(offline=True, reruns=0))
    limits: Limits = field(default_factory=lambda: Limits(jobs=1, memory=64 << 30))
    shard: Shard | None = None
    events: list[Event] = field(default_factory=list)

    def ledger(self, only: Sequence[str] = ()) -> Ledger:
        runs = RunFolder.create(self.folder / "runs", lambda: datetime.now(UTC))
        mine = tuple(it for it in self.plan.cells if not only or it.id in only)
        started = "2026-11-23T20:00:00Z"
        return Ledger(runs.path, self.plan, self.shard, mine, stored_matrices.host(), started)

    def job(self, **changes: object) -> MatrixJob:
        values: dict[str, object] = {
            "cells": cells_of(self.plan),
            "settings": self.settings,
            "backend": self.yard,
            "store": Store(self.folder / "cache"),
            "limits": self.limits,
            "command": lambda it: ("compat-run", it.pair.suite.ref, it.pair.frontend.ref),
            **changes,
        }
        return MatrixJob(**values)  # type: ignore[arg-type]

    def run(self, ledger: Ledger | None = None, **changes: object) -> tuple[Path, MatrixRun]:
        self.events.clear()
        ledger = ledger or self.ledger()
        job = self.job(**changes)
        ledger.begin()
        made = run_matrix(job, ledger, self.events.append)
        return ledger.folder, made


def states(folder: Path) -> dict[str, CellState]:
    return {row.id: row.state for row in read_matrix(folder).cells}
