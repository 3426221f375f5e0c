"""What a stored run was asked for, asked for again: a pair by its own commits, or one cell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from harness.bisect.answers import named
from harness.cli.declared import execution
from harness.cli.options import argv_of, parsed
from harness.config.matrixfile import SCENARIOS
from harness.errors import UsageError
from harness.journal import cells
from harness.model import Channel, Commit, Pair, Source, Vary
from harness.model.matrix import MatrixRun
from harness.plan.asks import PairAsk, Where

_OF_RUNS = (
    *("repo", "backend", "stage", "privileges", "cache_repo", "parallel", "memory"),
    *("history", "cache", "data"),
)
"""Options of a matrix that one cell of it is run with, too."""
_OF_PLANS = (
    *("matrix", "candidate", "branch", "tests", "test_timeout", "offline"),
    *("reruns", "most_reruns"),
)
"""Options that are part of a plan."""


def cell_again(matrix: MatrixRun) -> Callable[[str], tuple[str, ...]]:
    """Return what says for each cell of a stored run how it is run once more.

    By the options of that run; where a plan or shards were run, by what the plan knows of them.
    """
    plan, command = matrix.plan, matrix.command
    if plan.pair or command[:1] == ("compat-run",):
        return lambda _cell: command
    given = _given(command)
    asked = {name: given[name] for name in _OF_RUNS if name in given}
    if given.get("matrix"):
        asked |= {name: given[name] for name in _OF_PLANS}
    else:
        asked |= {
            "matrix": plan.matrix,
            "candidate": plan.candidate or None,
            "branch": plan.branch or None,
            "tests": plan.tests,
            "offline": plan.offline,
            "reruns": plan.reruns,
            "most_reruns": plan.most_reruns or None,
        }

    def again(cell: str) -> tuple[str, ...]:
        return ("compat", "matrix", *argv_of(execution.matrix, {**asked, "only": (cell,)}))

    return again


def _given(command: Sequence[str]) -> dict[str, Any]:
    """Return the options that a stored command gives `compat matrix`; nothing if it is another."""
    program, words = tuple(command[:2]), command[2:]
    if program != ("compat", "matrix") or {"-h", "--help"} & {*words}:
        return {}
    try:
        return parsed(execution.matrix, words)
    except click.ClickException:  # an earlier version's, or somebody's own
        return {}


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
