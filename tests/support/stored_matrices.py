"""Example matrix runs for the tests of everything that reads one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from msgspec.structs import replace

from harness.journal import write_matrix, write_plan, write_run
from harness.journal.single import result_of
from harness.matrix.ledger import cell_path
from harness.model import Channel, Commit, Host, Pair, Run, Side, Verdict
from harness.model.matrix import (
    MATRIX_SCHEMA_VERSION,
    CellResult,
    CellState,
    MatrixRun,
    Plan,
    PlannedBuild,
    PlannedCell,
)
from harness.verdict.overall import of_matrix
from tests.support.factories import SUITE

GIB = 1 << 30


def commit(ref: str, number: int = 0) -> Commit:
    """Make a commit of this name; the same name and number give the same one."""
    sha = f"{sum(ref.encode()):05x}{number:03x}".ljust(40, "0")
    return replace(SUITE, asked=ref, ref=ref, sha=sha)


def build(side: Side, commit: Commit, channel: Channel = Channel.LABS) -> PlannedBuild:
    return PlannedBuild(
        id=f"{side} {commit.ref}",
        side=side,
        commit=commit,
        channel=channel,
        key=f"{side}-{commit.sha[:8]}-{channel}",
        cached=False,
    )


def pair(suite: Commit, frontend: Commit, worker: str = "oci") -> Pair:
    return Pair(
        suite=suite,
        frontend=frontend,
        suite_channel=Channel.LABS,
        frontend_channel=Channel.LABS,
        worker=worker,
        backend="played",
    )


def cell(suite: str, frontend: str, **changes: object) -> PlannedCell:
    made = PlannedCell(
        id=f"{suite}~{frontend}~oci",
        pair=pair(commit(suite), commit(frontend)),
        suite=f"suite {suite}",
        control=f"frontend {suite}",
        candidate=f"frontend {frontend}",
        timeout=600.0,
        memory=GIB,
    )
    return replace(made, **changes)


def plan(
    suites: Sequence[str] = ("v0.6.4", "v0.8.3"),
    frontends: Sequence[str] = ("master",),
    **changes: object,
) -> Plan:
    """Make a plan of every suite with every frontend."""
    builds = {
        made.id: made
        for side, refs in ((Side.SUITE, suites), (Side.FRONTEND, (*suites, *frontends)))
        for made in (build(side, commit(ref)) for ref in refs)
    }
    made = Plan(
        schema=MATRIX_SCHEMA_VERSION,
        matrix="nightly",
        digest="5eed" * 16,
        harness="0.1.0",
        created="2026-11-23T18:00:00Z",
        repository="https://github.com/moby/buildkit",
        offline=True,
        reruns=2,
        builds=tuple(builds.values()),
        cells=tuple(cell(suite, frontend) for suite in suites for frontend in frontends),
    )
    return replace(made, **changes)


def host(kernel: str = "6.1") -> Host:
    return Host(kernel=kernel, cpus=2, memory=8 * GIB, tools={})


def missing(planned: PlannedCell) -> CellResult:
    return CellResult(
        id=planned.id,
        state=CellState.MISSING,
        verdict=Verdict.INDETERMINATE,
        exit_code=Verdict.INDETERMINATE.exit_code,
    )


def matrix(planned: Plan, rows: Sequence[CellResult], **changes: object) -> MatrixRun:
    overall = of_matrix(row.verdict for row in rows)
    made = MatrixRun(
        schema=MATRIX_SCHEMA_VERSION,
        id="20261123-200000-cd34",
        plan=planned,
        shard=None,
        started="2026-11-23T20:00:00Z",
        seconds=1200.0,
        host=None,
        builds={build.id: 30.0 for build in planned.builds},
        cells=tuple(rows),
        verdict=overall,
        exit_code=overall.exit_code,
    )
    return replace(made, **changes)


def store(
    folder: Path, planned: Plan, runs: Mapping[str, Run], **changes: object
) -> tuple[Path, MatrixRun]:
    """Write the folder of a matrix run; cells without a run are missing.

    The runs become those of their cells' pairs.
    """
    rows = []
    for it in planned.cells:
        if it.id not in runs:
            rows.append(missing(it))
            continue
        run = replace(runs[it.id], id=it.id, pair=it.pair)
        below = cell_path(planned, it.id)
        (folder / below).mkdir(parents=True, exist_ok=True)
        write_run(folder / below, run)
        rows.append(result_of(it.id, run, below))
    folder.mkdir(parents=True, exist_ok=True)
    made = matrix(planned, rows, **changes)
    write_plan(folder, planned)
    write_matrix(folder, made)
    return folder, made
