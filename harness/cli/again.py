"""The pair of a stored run, asked for again by its own commits."""

from __future__ import annotations

from pathlib import Path

from harness.bisect.answers import named
from harness.config.matrixfile import SCENARIOS
from harness.errors import UsageError
from harness.journal import cells
from harness.model import Channel, Commit, Pair, Source, Vary
from harness.model.matrix import MatrixRun
from harness.plan.asks import PairAsk, Where


def ask_again(matrix: MatrixRun, pair: Pair, where: Where) -> PairAsk:
    """Return what asks for a pair of a stored run, with raw verdicts and no further attempts."""
    cell = next(it for it in matrix.plan.cells if it.pair == pair)
    return PairAsk(
        where=where,
        offline=matrix.plan.offline,
        reruns=0,
        most_reruns=0,
        test_timeout=cell.test_timeout,
        lists=False,
        daemon=pair.suite.sha,
        frontend=pair.frontend.sha,
        channel=channel_again(pair),
        worker=pair.worker,
        timeout=cell.timeout,
        tests_from=SCENARIOS if pair.scenarios else _sha(pair.tests),
        vary=pair.vary,
        baseline=_sha(pair.baseline),
        client=pair.buildctl.commit.sha if pair.buildctl else pair.client,
    )


def _sha(source: Source | None) -> str | None:
    return source.commit.sha if source else None


def channel_again(pair: Pair) -> Channel | None:
    """Return the channel to ask other commits for: None for the one with most features.

    That was called `experimental` once, and is `labs` today.
    """
    return pair.frontend_channel if pair.frontend_channel is Channel.MAINLINE else None


def usual_frontend(pair: Pair) -> Commit:
    """Return the commit whose frontend the daemon is held to: its own where the daemon varies."""
    return pair.suite if pair.vary is Vary.DAEMON else pair.control_frontend.commit


def pair_with(folder: Path, test: str) -> tuple[Pair, bool]:
    """Return the pair of a stored run whose verdict on a test is the worst; the first of such.

    With it comes whether attempts of the test differed there. Raises UsageError if no pair ran
    it, and for a run that is damaged.
    """
    runs = (run for _, run in cells(folder) if run and run.pair.repeatable)
    rows = ((row, run.pair) for run in runs for row in named(run, test))
    if worst := min(rows, key=lambda it: it[0].verdict.weight, default=None):
        row, pair = worst
        return pair, row.evidence is not None
    raise UsageError(
        f"no pair in {folder} ran {test}",
        hint="--test names a function, or a test as the reports of that run have it",
    )
