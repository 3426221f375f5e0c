"""Example matrix runs for the tests of everything that reads one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace

from harness.gotest.selection import select
from harness.model import Channel, Commit, Judgement, LegRun, Pair, Run, Side, Verdict
from harness.model.matrix import (
    MATRIX_SCHEMA_VERSION,
    CellResult,
    CellState,
    MatrixRun,
    Plan,
    PlannedBuild,
    PlannedCell,
)
from tests.support import factories

Results = Sequence[tuple[CellResult, Run | None]]

STARTED = "2026-11-23T18:06:07Z"


def commit(ref: str, *, line: str = "", sha: str = "") -> Commit:
    """Make up a commit; the same name has the same sha unless one is given."""
    digits = sha or ref.encode().hex()
    return Commit(
        asked=ref,
        ref=ref,
        sha=(digits * 40)[:40],
        date="2026-11-20",
        line=line or ref,
        version="0.6.4",
        dockerfile="1.1.7",
    )


def pair(suite: Commit = factories.SUITE, frontend: Commit = factories.FRONTEND) -> Pair:
    return Pair(
        suite=suite,
        frontend=frontend,
        suite_channel=Channel.EXPERIMENTAL,
        frontend_channel=Channel.LABS,
        worker="oci",
        backend="native",
    )


def cell_id(of: Pair) -> str:
    return f"{of.suite.ref}--{of.frontend.ref.replace('/', '-')}--{of.worker}"


def run_of(
    of: Pair,
    *judgements: Judgement,
    verdict: Verdict,
    started: str = STARTED,
    number: int = 0,
) -> Run:
    """Make a whole run of a pair; its results are those of the judgements."""
    run = factories.make_run(*judgements, verdict=verdict, exit_code=verdict.exit_code)
    legs = tuple(replace(leg, selection=select(worker=of.worker)) for leg in run.legs)
    return replace(run, id=f"run-{number}", pair=of, started=started, legs=legs)


def done(run: Run, *, cell: str = "") -> tuple[CellResult, Run]:
    """Return a run as a cell of a matrix."""
    name = cell or cell_id(run.pair)
    result = CellResult(
        id=name,
        state=CellState.DONE,
        verdict=run.verdict,
        exit_code=run.exit_code,
        counts=run.counts,
        run=f"cells/{name}",
        started=run.started,
        seconds=run.seconds,
    )
    return result, run


def undone(cell: str, state: CellState, error: str = "") -> tuple[CellResult, None]:
    failed = state is CellState.FAILED
    result = CellResult(
        id=cell,
        state=state,
        verdict=Verdict.INFRA if failed else Verdict.INDETERMINATE,
        exit_code=4 if failed else 3,
        started=STARTED if failed else "",
        error=error,
    )
    return result, None


def matrix_of(
    results: Results,
    *,
    name: str = "nightly-1",
    started: str = STARTED,
    also: Iterable[Pair] = (),
    took: Mapping[str, float] | None = None,
) -> MatrixRun:
    """Make the matrix run of these results; `also` are planned cells that these may be of."""
    pairs = {cell_id(it): it for it in also}
    pairs.update({result.id: run.pair for result, run in results if run is not None})
    verdicts = [result.verdict for result, _ in results] or [Verdict.INDETERMINATE]
    worst = Verdict.REGRESSED if Verdict.REGRESSED in verdicts else verdicts[0]
    return MatrixRun(
        schema=MATRIX_SCHEMA_VERSION,
        id=name,
        plan=plan_of(pairs),
        shard=None,
        started=started,
        seconds=300.0,
        host=None,
        builds=dict(took or {}),
        cells=tuple(result for result, _ in results),
        verdict=worst,
        exit_code=worst.exit_code,
    )


def plan_of(pairs: Mapping[str, Pair]) -> Plan:
    builds: dict[str, PlannedBuild] = {}

    def build(side: Side, of: Commit, channel: Channel) -> str:
        name = f"{side} {of.ref}"
        builds[name] = PlannedBuild(
            id=name, side=side, commit=of, channel=channel, key=f"{side}-{of.sha[:8]}", cached=False
        )
        return name

    cells = tuple(
        PlannedCell(
            id=name,
            pair=of,
            suite=build(Side.SUITE, of.suite, of.suite_channel),
            control=build(Side.FRONTEND, of.suite, of.suite_channel),
            candidate=build(Side.FRONTEND, of.frontend, of.frontend_channel),
            timeout=1800.0,
            memory=4 << 30,
        )
        for name, of in pairs.items()
    )
    return Plan(
        schema=MATRIX_SCHEMA_VERSION,
        matrix="nightly",
        digest="d" * 24,
        harness="0.1.0",
        created=STARTED,
        repository="https://github.com/moby/buildkit.git",
        offline=True,
        reruns=2,
        builds=tuple(builds.values()),
        cells=cells,
    )


def timed(run: Run, seconds: float) -> Run:
    """Let every result of a run's legs have taken so long, in legs that really ran."""

    def slower(leg: LegRun) -> LegRun:
        results = tuple(replace(result, seconds=seconds) for result in leg.results)
        return replace(leg, results=results, cached=False)

    return replace(run, legs=tuple(map(slower, run.legs)))
