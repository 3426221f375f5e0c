"""Stored runs and gates for the tests of what holds one against the other."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from harness.config.policy import Policy
from harness.model import (
    EntryRef,
    FloorRef,
    Judgement,
    Leg,
    Outcome,
    Pair,
    Run,
    Scenarios,
    Status,
    Suspicion,
    Verdict,
)
from harness.model.matrix import CellResult, CellState, MatrixRun
from harness.stored.gate import Gate, Kind, Release, Results, evaluate
from tests.support import factories, feature_runs, floors, nights

P, F, S, M = Outcome.PASS, Outcome.FAIL, Outcome.SKIP, Outcome.MISSING
NOW = datetime(2026, 11, 23, 20, tzinfo=UTC)
OLD = nights.commit("v0.12.5")
PAIR = nights.pair()
OTHER = nights.pair(suite=OLD)
MASTER = Release(name="master", ref="master", sha=factories.FRONTEND.sha)

UNMATCHED = EntryRef(
    where="skiplists/v0.6.yaml:40",
    status=Status.FLAKY,
    reason="races with the registry",
    issue="https://github.com/moby/buildkit/issues/1",
)

SIDES: dict[Verdict, tuple[list[Outcome], list[Outcome]]] = {
    Verdict.COMPATIBLE: ([P], [P]),
    Verdict.SKIPPED: ([S], [S]),
    Verdict.FIXED: ([F], [P]),
    Verdict.KNOWN: ([P], [F]),
    Verdict.SAME_FAILURE: ([F], [F]),
    Verdict.FLAKY: ([P, P], [F, P]),
    Verdict.CHANGED_FAILURE: ([F], [F]),
    Verdict.STALE_ENTRY: ([P], [P]),
    Verdict.LOST: ([P], [M]),
    Verdict.INFRA: ([P], [F]),
    Verdict.REGRESSED: ([P], [F]),
}
_ENTRY = {Verdict.KNOWN, Verdict.STALE_ENTRY}


def judged(name: str, verdict: Verdict, error: str = "it broke") -> Judgement:
    entry = factories.FILEOP if verdict in _ENTRY else None
    return factories.judgement(name, verdict, *SIDES[verdict], error=error, entry=entry)


def floored(name: str, verdict: Verdict, floor: FloorRef) -> Judgement:
    return replace(judged(name, verdict), floor=floor)


def run_of(pair: Pair, *judgements: Judgement) -> Run:
    """A whole run in which one more test passes."""
    rows = (*judgements, judged("TestCmdShell", Verdict.COMPATIBLE))
    verdicts = [row.verdict for row in rows]
    worst = min(verdicts, key=[*_WORST, *Verdict].index)
    return nights.run_of(pair, *rows, verdict=worst if worst in _WORST else Verdict.COMPATIBLE)


_WORST = [
    *(Verdict.REGRESSED, Verdict.LOST, Verdict.INFRA, Verdict.STALE_ENTRY),
    *(Verdict.CHANGED_FAILURE, Verdict.FLAKY, Verdict.KNOWN),
]


def ran(*judgements: Judgement, pair: Pair = PAIR) -> tuple[CellResult, Run]:
    return nights.done(run_of(pair, *judgements))


def undone(state: CellState, error: str = "", pair: Pair = OTHER) -> tuple[CellResult, None]:
    return nights.undone(nights.cell_id(pair), state, error)


def stored(results: nights.Results, *also: Pair) -> MatrixRun:
    planned = [OTHER] if any(run is None for _, run in results) else []
    return nights.matrix_of(results, also=[*planned, *also])


def gate(
    *results: tuple[CellResult, Run | None],
    policy: Policy = Policy(),  # noqa: B008 - frozen
    now: datetime = NOW,
    releases: Sequence[Release] = (),
    also: Sequence[Pair] = (),
) -> Gate:
    matrix = stored(results, *also)
    return evaluate(policy, Results(matrix, results, again), now, tuple(releases))


def kinds(found: Gate, *, refused: bool = True) -> list[Kind]:
    return [finding.kind for finding in found.findings if finding.refused is refused]


def suspicious(name: str, said: Suspicion) -> Judgement:
    """Return a test that passed while the candidate's daemon said something."""
    row = judged(name, Verdict.COMPATIBLE)
    return replace(row, candidate=(replace(row.candidate[0], suspicions=(said,)),))


SUSPICIOUS = suspicious(
    "TestRunCache",
    Suspicion(
        kind="data-race", words="WARNING: DATA RACE", log="candidate/processes/buildkitd.7.log"
    ),
)


def again(cell: str) -> tuple[str, ...]:
    """Return a command that runs a cell once more."""
    return ("compat", "matrix", "nightly", "--only", cell)


def full() -> Gate:
    """A gate with every kind of finding."""
    broken = run_of(
        PAIR,
        judged("TestMountRWCache", Verdict.REGRESSED, factories.UNEQUAL_ERROR),
        judged(
            factories.full_name("TestWorkdirUser", "fileop=true"),
            Verdict.REGRESSED,
            factories.FILEOP_ERROR,
        ),
        judged("TestSecretMounts", Verdict.LOST),
        judged("TestReproSourceDateEpoch", Verdict.CHANGED_FAILURE, "digests differ"),
        judged(factories.full_name("TestTarContext", "fileop=false"), Verdict.STALE_ENTRY),
        judged("TestNoCache", Verdict.FLAKY, "Should not be: 1"),
        factories.lacking("TestBuildInfoSources"),
        SUSPICIOUS,
        judged("TestPull", Verdict.INFRA, "write: no space left on device"),
    )
    older = run_of(
        floors.varied(nights.pair(suite=nights.commit("v0.21.0"))),
        judged("TestCopyChmod", Verdict.REGRESSED, "mode 0000"),
        floored("TestWorkdir", Verdict.REGRESSED, floors.told("v0.3", holds=True)),
        floored("TestAddZstd", Verdict.COMPATIBLE, floors.told("master", holds=False)),
        floored("TestSecret", Verdict.KNOWN, floors.told("master", holds=False)),
        floors.refused("TestSecretAsEnviron"),
        feature_runs.row("CopyExclude", "w", "y"),
    )
    older = replace(older, scenarios=Scenarios(key="k1", rows=feature_runs.SCENARIOS))
    same = run_of(OTHER, judged("TestMountRWCache", Verdict.REGRESSED, factories.UNEQUAL_ERROR))
    names = ["v0.8.3", "v0.16.0", "v0.17.0", "v0.18.0", "v0.19.0", "v0.20.0"]
    pairs = [nights.pair(suite=nights.commit(name)) for name in names]
    empty = nights.run_of(pairs[3], verdict=Verdict.INDETERMINATE)
    some = run_of(pairs[4])
    moved = replace(factories.FRONTEND, sha="f" * 40)
    results: list[tuple[CellResult, Run | None]] = [
        nights.done(replace(broken, unmatched=(UNMATCHED,))),
        nights.done(older),
        nights.done(replace(same, started="2026-11-20T18:06:07Z")),
        undone(CellState.FAILED, "build suite v0.8.3: no space left on device", pairs[0]),
        undone(CellState.INTERRUPTED, pair=pairs[1]),
        undone(CellState.MISSING, pair=pairs[2]),
        nights.done(empty),
        nights.done(replace(some, legs=(some.legs[0], _part(some)))),
        nights.done(run_of(nights.pair(suite=pairs[5].suite, frontend=moved))),
    ]
    policy = Policy(require=("v0.30.*",), flaky_budget=0)
    releases = (MASTER, Release(name="v0.33.0", ref="v0.33.0", sha="abcdef0"))
    matrix = nights.matrix_of(results, also=pairs[:3])
    return evaluate(policy, Results(matrix, results, again), NOW, releases)


def _part(run: Run) -> object:
    (leg,) = (leg for leg in run.legs if leg.leg is Leg.CANDIDATE)
    return replace(leg, selection="^TestIntegration$/^TestCmdShell$")


def later(hours: float) -> datetime:
    return NOW + timedelta(hours=hours)
