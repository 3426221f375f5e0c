"""A run of one pair told as a matrix of one cell. Pure."""

from __future__ import annotations

import hashlib

import msgspec

from harness.model import Channel, Commit, Pair, Run, Side
from harness.model.matrix import (
    MATRIX_SCHEMA_VERSION,
    CellResult,
    CellState,
    MatrixRun,
    Plan,
    PlannedBuild,
    PlannedCell,
    id_of,
)
from harness.model.platforms import USUAL

_LONGEST = 160


def matrix_of(run: Run) -> MatrixRun:
    """Return the matrix run whose only cell is this run, in the folder of its run.json.

    What a run does not record stays empty: the keys and seconds of its builds, the limits.
    """
    name = _name(run.pair)
    suite, tests, control, candidate, *client = named = _builds(run.pair)
    builds = tuple({build.id: build for build in named}.values())
    cell = PlannedCell(
        id=name,
        pair=run.pair,
        suite=suite.id,
        control=control.id,
        candidate=candidate.id,
        timeout=0.0,
        memory=0,
        tested=tests.id if run.pair.tests else "",
        client=client[0].id if client else "",
    )
    plan = Plan(
        schema=MATRIX_SCHEMA_VERSION,
        matrix="run",
        digest=_digest(run.pair),
        harness=run.harness,
        created=run.started,
        repository="",
        offline=run.offline,
        reruns=0,
        builds=builds,
        cells=(cell,),
    )
    return MatrixRun(
        schema=MATRIX_SCHEMA_VERSION,
        id=run.id,
        plan=plan,
        shard=None,
        started=run.started,
        seconds=run.seconds,
        host=run.host,
        builds={},
        cells=(result_of(name, run, "."),),
        verdict=run.verdict,
        exit_code=run.exit_code,
        interrupted=run.interrupted,
        warnings=run.warnings,
        command=run.command,
    )


def result_of(cell: str, run: Run, folder: str) -> CellResult:
    """Return the row of matrix.json for a cell with a run, which lies in `folder`."""
    return CellResult(
        id=cell,
        state=CellState.INTERRUPTED if run.interrupted else CellState.DONE,
        verdict=run.verdict,
        exit_code=run.exit_code,
        counts=run.counts,
        run=folder,
        started=run.started,
        seconds=run.seconds,
        error=_left_out(run) if run.lacks else "",
    )


def _left_out(run: Run) -> str:
    lacks, platform = ", ".join(run.lacks), run.pair.platform
    if run.limited:
        return f"a registry gave no more images for a while: it needs {lacks}"
    needy = "worker" if platform == USUAL else f"worker on {platform}"
    return f"its {needy} needs what is not here: {lacks}"


def _name(pair: Pair) -> str:
    return id_of(pair)[:_LONGEST]


def _builds(pair: Pair) -> tuple[PlannedBuild, ...]:
    """Return what the run needed: daemon, tests, control and candidate, and another's client."""
    control, client = pair.control_frontend, pair.buildctl
    return (
        _build(Side.SUITE, pair.suite, pair.suite_channel),
        _build(Side.SUITE, pair.tested.commit, pair.tested.channel),
        _build(Side.FRONTEND, control.commit, control.channel),
        _build(Side.FRONTEND, pair.frontend, pair.frontend_channel),
        *([_build(Side.SUITE, client.commit, client.channel)] if client else []),
    )


def _build(side: Side, commit: Commit, channel: Channel) -> PlannedBuild:
    name = f"{side} {commit.ref} {channel}"
    return PlannedBuild(id=name, side=side, commit=commit, channel=channel, key="", cached=False)


def _digest(pair: Pair) -> str:
    return hashlib.sha256(msgspec.json.encode(pair, order="deterministic")).hexdigest()
