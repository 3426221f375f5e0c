"""Keeps the results of cells, finds one that may stand in for a run, and says what drifts.

    <store>/result/<base><builds><time>/kept.json
    <store>/result/<base><builds><time>/run/        the cell's folder: run.json and its legs

`base` is a digest of what decides over a result beside what is built: tests, worker, limits, the
machine. What skip lists excuse is no part of it: a result is judged again, by today's lists.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import msgspec
from msgspec.structs import replace

import harness
from harness.backends.base import BuildRequest
from harness.config.policy import Policy
from harness.errors import ExitCode
from harness.gotest.names import display
from harness.journal import read_run, write_run
from harness.journal.copying import copy_tree
from harness.journal.single import result_of
from harness.matrix.ledger import cell_path
from harness.matrix.work import Command
from harness.model import Judgement, Record, Run, Verdict
from harness.model.matrix import CellResult, PlannedBuild, PlannedCell
from harness.plan.cell import Cell, Settings, control_of, settings_of
from harness.plan.opening import Opened
from harness.reports.text import moment, parsed_time, plural
from harness.reuse.likeness import Likeness, Made
from harness.store import Store, key_of
from harness.stored.rejudge.rejudge import rejudge
from harness.tools import machine
from harness.verdict.conclude import unexpected

KIND = "result"

_KEPT, _RUN = "kept.json", "run"
_BASE, _BUILDS = 16, 8
"""Digits of a key."""

_RULE = 1
"""Of what is kept: results of another rule are not taken."""

_NAMED = 5
"""Tests that did otherwise, told by name."""


class _Kept(Record, frozen=True, kw_only=True):
    """What is known of a result beside its run."""

    run: str
    """Name of the run it was made in."""
    started: str
    builds: dict[str, Made]
    """By what each is there for."""


@dataclass(frozen=True)
class Stored:
    """A result that may stand in for a run."""

    path: Path
    """In the store."""
    kept: _Kept


@dataclass(frozen=True)
class Terms:
    """On what terms results are taken."""

    policy: Policy
    now: datetime
    run: str
    """Name of the run that takes them: it decides which cells are run again all the same."""


@dataclass
class Results:
    """The results that cells of one plan may have, and where new ones go."""

    opened: Opened
    settings: Settings
    store: Store
    terms: Terms
    likeness: Likeness
    command: Command
    drawn: dict[str, Stored] = field(default_factory=dict)
    """Results of the cells that are run again to see whether they still come out like that."""

    def __post_init__(self) -> None:
        """Ask for what all cells share."""
        self._builds = {build.id: build for build in self.opened.plan.builds}
        self._machine = {"versions": self.opened.backend.versions(), "kernel": machine.kernel()}

    def rows(self, cells: Mapping[str, Cell], folder: Path) -> Iterator[CellResult]:
        """Yield the rows of cells, by their ids, whose results stand; each lies in `folder` then.

        Raises InfrastructureError if the disk refuses.
        """
        for planned in self.opened.plan.cells:
            cell = cells.get(planned.id)
            stored = self._find(planned, cell) if cell else None
            if cell is None or stored is None:
                continue
            if self._is_drawn(planned):
                self.drawn[planned.id] = stored
            elif row := self._take(planned, cell, stored, folder):
                yield row

    def keep(self, planned: PlannedCell, cell: Cell, run: Run, folder: Path) -> Iterator[str]:
        """Store what came of a cell, and yield what drifted. Raises InfrastructureError.

        A run that was stopped, or that a machine had a say in, stands for nothing; nor does one
        whose worker lacked something, for that may be there later.
        """
        stands = {ExitCode.COMPATIBLE, ExitCode.REGRESSION}
        if run.interrupted or run.lacks or run.exit_code not in stands:
            return
        if any(leg.faults or (leg.timed_out and not leg.overdue) for leg in run.legs):
            return  # a leg that came to its own limit may not on an idle machine
        if not run.offline and any(row.verdict is Verdict.INFRA for row in run.judgements):
            return  # beside a regression; offline it is what there never is
        if (before := self.drawn.get(planned.id)) is not None:
            yield from _drift(planned, before, run)
        made = {
            role: self.likeness.made(build, request)
            for role, build, request in self._roles(planned, cell)
        }
        kept = _Kept(run=self.terms.run, started=run.started, builds=made)
        builds = key_of({role: it.key for role, it in made.items()})[:_BUILDS]
        time = parsed_time(run.started) or self.terms.now
        key = f"{self._base(planned, cell)}{builds}{time:%Y%m%d%H%M%S}"

        def make(empty: Path) -> None:
            copy_tree(folder, empty / _RUN)
            (empty / _KEPT).write_bytes(msgspec.json.encode(kept))

        self.store.publish(KIND, key, make)

    def _roles(
        self, planned: PlannedCell, cell: Cell
    ) -> Iterable[tuple[str, PlannedBuild, BuildRequest]]:
        sides = [
            ("daemon", planned.suite, cell.suite),
            ("tests", planned.tested or planned.suite, cell.tests),
            ("control", planned.control, cell.control),
            ("candidate", planned.candidate, cell.candidate),
        ]
        sides += [("client", planned.client, cell.client)] if cell.client else []
        return ((role, self._builds[name], request) for role, name, request in sides)

    def _base(self, planned: PlannedCell, cell: Cell) -> str:
        """Digest what decides over a cell's result, the builds aside."""
        settings, pair = settings_of(planned, self.settings), planned.pair
        control = control_of(cell, settings, suite="", tests="", frontend="")
        decides = {
            "rule": _RULE,
            "harness": harness.__version__,
            "legs": control.identity,
            "control": settings.control,
            "vary": pair.vary,
            "client": "of a third commit" if pair.buildctl else pair.client,
            "backend": pair.backend,
            "engine": pair.engine,
            "test timeout": settings.test_timeout,
            "reruns": (settings.reruns, settings.most_reruns),
            **self._machine,
        }
        return key_of(decides)[:_BASE]

    def _find(self, planned: PlannedCell, cell: Cell) -> Stored | None:
        """Return the newest result that is young enough and of the same builds."""
        roles = tuple(self._roles(planned, cell))
        for key in sorted(
            self.store.keys(KIND, self._base(planned, cell)),
            key=lambda it: it[_BASE + _BUILDS :],
            reverse=True,
        ):
            path = self.store.find(KIND, key)
            if path is None:
                continue  # somebody removed it meanwhile
            kept = msgspec.json.decode((path / _KEPT).read_bytes(), type=_Kept)
            if self._too_old(kept):
                return None
            if all(self.likeness.alike(kept.builds[role], it, of) for role, it, of in roles):
                return Stored(path, kept)
        return None

    def _too_old(self, kept: _Kept) -> bool:
        began = parsed_time(kept.started)
        age = (self.terms.now - began).total_seconds() if began else float("inf")
        return not 0 <= age <= self.terms.policy.max_age

    def _is_drawn(self, planned: PlannedCell) -> bool:
        """Draw the cells that are run again: by digest, so that a run can be taken up."""
        digest = hashlib.sha256(f"{self.terms.run}/{planned.id}".encode()).digest()
        return int.from_bytes(digest[:4], "big") < self.terms.policy.fresh_share * 2**32

    def _take(
        self, planned: PlannedCell, cell: Cell, stored: Stored, folder: Path
    ) -> CellResult | None:
        """Judge a result by today's lists; None if they leave what was not tried again then."""
        where = cell_path(self.opened.plan, planned.id)
        home = folder / where
        shutil.rmtree(home, ignore_errors=True)
        home.parent.mkdir(parents=True, exist_ok=True)
        copy_tree(stored.path / _RUN, home)
        then = read_run(home)
        asked = replace(
            then,
            id=home.name,
            pair=planned.pair,
            command=self.command(planned),
            patches=cell.patches,
            scenarios=cell.catalogue,
        )
        judged = rejudge(asked, home, cell.entries, floors=cell.floors)
        new = _surprises(judged.run.judgements) - _surprises(then.judgements)
        if new or judged.unread or judged.untold:
            shutil.rmtree(home)
            return None
        write_run(home, judged.run)
        return replace(result_of(planned.id, judged.run, where), reused=stored.kept.run)


def _surprises(rows: Sequence[Judgement]) -> set[str]:
    return {row.name for row in unexpected(rows)}


def _drift(planned: PlannedCell, before: Stored, run: Run) -> Iterator[str]:
    then = {row.name: row.verdict for row in read_run(before.path / _RUN).judgements}
    other = [
        f"{display(row.name)} {then[row.name]} → {row.verdict}"
        for row in run.judgements
        if row.name in then and row.verdict is not then[row.name]
    ]
    if other:
        more = f" and {len(other) - _NAMED} more" if len(other) > _NAMED else ""
        yield (
            f"{planned.id} was run again though nothing had changed since "
            f"{moment(before.kept.started)}, and {len(other)} of {plural(len(then), 'test')} did "
            f"otherwise: {', '.join(other[:_NAMED])}{more}"
        )
