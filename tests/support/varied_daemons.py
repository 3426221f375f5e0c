"""A night in which the daemon varies: a test works, is refused, is wrong or dies on some line."""

from __future__ import annotations

from msgspec.structs import replace

from harness.model import Channel, Judgement, Outcome, Source, Vary, Verdict
from harness.model.matrix import PlannedCell
from tests.support.factories import full_name, judgement
from tests.support.floors import refused
from tests.support.matrix_factories import (
    MASTER,
    Example,
    commit,
    matrix_of,
    pair,
    planned,
    result_of,
    run_of,
)

P, F, CRASH = Outcome.PASS, Outcome.FAIL, Outcome.CRASH
OLD = commit("v0.6.4", "2020-02-21", "0.6.4", "1.1.7")
OLDER_PATCH = commit("v0.6.1", "2019-09-10", "0.6.1", "1.1.3")
NEWER = commit("v0.12.5", "2024-01-31", "0.12.5", "1.6.0")

GOOD = Verdict.COMPATIBLE, [P], [P]
WRONG = Verdict.REGRESSED, [P], [F]


def column(suite: PlannedCell, *rows: Judgement) -> tuple[PlannedCell, tuple[Judgement, ...]]:
    """A daemon with the tests of master, whose daemon varies."""
    tests = Source(commit=MASTER, channel=Channel.LABS)
    return replace(suite, pair=replace(suite.pair, vary=Vary.DAEMON, tests=tests)), rows


def example(*columns: tuple[PlannedCell, tuple[Judgement, ...]]) -> Example:
    runs = {cell.id: run_of(cell, rows) for cell, rows in columns}
    cells = [cell for cell, _ in columns]
    return Example(matrix_of(cells, [result_of(it, runs[it.id]) for it in cells]), runs)


ON_OLD = planned(pair(OLD, MASTER))
ON_OLDER = planned(pair(OLDER_PATCH, MASTER))
ON_NEWER = planned(pair(NEWER, MASTER))

THREE = example(
    column(
        ON_NEWER,
        judgement("TestCopy", *WRONG, error="mode 0000"),
        judgement("TestCmd", *GOOD),
        refused("TestSecret", "exec.secretenv"),
        judgement("TestOut", Verdict.SKIPPED, [Outcome.SKIP], [Outcome.SKIP]),
    ),
    column(
        ON_OLD,
        judgement("TestCopy", *GOOD),
        judgement("TestCmd", *GOOD),
        refused("TestSecret", "exec.secretenv"),
        refused(full_name("TestMount", "fileop=true"), "mounts | `x` <b>"),
        judgement("TestDies", Verdict.REGRESSED, [P], [CRASH]),
    ),
    column(ON_OLDER, refused("TestCopy", "exec.secretenv"), judgement("TestMaybe", *GOOD)),
)
