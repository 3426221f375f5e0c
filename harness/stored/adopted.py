"""A pair whose legs were run elsewhere becomes a stored run like any other.

Its output is put where a leg's lies, and judged as a stored run is judged again: one road for both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from msgspec.structs import replace

import harness
from harness.errors import UsageError
from harness.gotest import recorded, selection
from harness.gotest.recorded import Recorded
from harness.journal import CELLS, LegFolder, write_matrix, write_plan, write_run
from harness.journal.copying import made_whole
from harness.journal.folder import leg_path
from harness.journal.single import matrix_of
from harness.model import SCHEMA_VERSION, Host, Leg, LegRun, Pair, Run, Verdict
from harness.model.matrix import MatrixRun
from harness.model.pairs import ADOPTED
from harness.run.legs import log_writer
from harness.stored.rejudge import Lists
from harness.stored.rejudge.rejudge import rejudge
from harness.stored.rejudge.reread import OnLog
from harness.tools.clock import now
from harness.verdict.collate import key_of_test, known_names

_MOMENT = "%Y-%m-%dT%H:%M:%SZ"
_NAMED = 5


@dataclass(frozen=True, kw_only=True)
class Legs:
    """What was run elsewhere, and what it was."""

    pair: Pair
    recordings: Mapping[Leg, Sequence[Path]]
    """What each leg printed: the main run first, then further attempts."""
    tests: tuple[str, ...]
    """Globs over test functions that were asked for; empty for the whole suite."""
    offline: bool
    command: tuple[str, ...]
    """What adopts them."""


def adopt(legs: Legs, lists: Lists, out: Path) -> MatrixRun:
    """Make the new folder `out` a matrix run of one cell out of what was run elsewhere.

    It becomes whole or not at all, without reports. Raises UsageError for what is no output of
    tests, or of none on this worker, and if there is something at `out`; InfrastructureError if the
    disk refuses.
    """
    with made_whole(out) as new:
        return _filled(new, legs, lists, out.name)


def _filled(new: Path, legs: Legs, lists: Lists, name: str) -> MatrixRun:
    asked = matrix_of(_begun(legs, name, ()))
    (cell,) = asked.plan.cells
    folder = new / CELLS / cell.id
    read = tuple(_read(legs, folder))

    def logs(leg: LegRun) -> OnLog:
        return log_writer(LegFolder(folder / leg.folder, leg.folder))

    begun = _begun(legs, name, read)
    run = rejudge(begun, folder, lists.of(begun), logs, lists.floors).run
    _check_worker(run, legs)
    write_run(folder, run)
    made = matrix_of(run)
    plan = replace(made.plan, matrix=ADOPTED)
    row = replace(made.cells[0], run=f"{CELLS}/{cell.id}")
    made = replace(made, plan=plan, cells=(row,), host=None, command=legs.command)
    write_plan(new, plan)
    write_matrix(new, made)
    return made


def _read(legs: Legs, folder: Path) -> Iterator[LegRun]:
    """Copy every recording to where a leg's output lies, as one of a leg."""
    for side, paths in legs.recordings.items():
        for attempt, path in enumerate(paths):
            relative = leg_path(side, attempt)
            leg = LegFolder(folder / relative, relative).make()
            with leg.raw_log.open("wb") as raw:
                found = recorded.read(path, raw.write)
            yield _leg(legs, side, attempt, relative, found, path)


def _leg(legs: Legs, side: Leg, attempt: int, relative: str, found: Recorded, path: Path) -> LegRun:
    written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
    return LegRun(
        leg=side,
        attempt=attempt,
        selection=selection.select(legs.tests, worker=legs.pair.worker),
        skipped="",
        started=(found.started or written).astimezone(UTC).strftime(_MOMENT),
        seconds=max(found.seconds, 0.0),
        exit_status=found.status,
        timed_out=False,
        cached=False,
        folder=relative,
        results=(),
        framing=found.format,
    )


def _begun(legs: Legs, name: str, read: tuple[LegRun, ...]) -> Run:
    """Return the run before it is judged: nothing is known of the machine."""
    return Run(
        schema=SCHEMA_VERSION,
        id=name,
        harness=harness.__version__,
        command=(),
        started=min((leg.started for leg in read), default=now()),
        seconds=sum(leg.seconds for leg in read),
        pair=legs.pair,
        offline=legs.offline,
        host=Host(kernel="", cpus=0, memory=0, tools={}),
        patches=(),
        legs=read,
        judgements=(),
        unmatched=(),
        verdict=Verdict.INDETERMINATE,
        counts={},
        exit_code=Verdict.INDETERMINATE.exit_code,
        rerun=(),
        phases={},
    )


def _check_worker(run: Run, legs: Legs) -> None:
    """Check that each recording has tests on the pair's worker. Raises UsageError."""
    wanted = run.pair.worker
    paths = [path for side in legs.recordings.values() for path in side]
    for leg, path in zip(run.legs, paths, strict=True):
        known = known_names([leg])
        there = sorted({key_of_test(name, known).worker for name in known} - {""})
        if wanted not in there:
            others = f"it has tests on {', '.join(there[:_NAMED])}" if there else "nor on another"
            raise UsageError(
                f"{path} has no test on the worker {wanted}: {others}",
                hint="say which one it was by --worker, and give what BuildKit's tests printed",
            )
