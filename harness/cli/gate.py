"""`compat gate`: whether a stored run lets a release out."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TypedDict, Unpack

from harness.cli.again import cell_again
from harness.cli.show import present
from harness.cli.stored import find_run
from harness.config.datadir import find_data
from harness.config.matrixfile import find_matrix, load_matrix
from harness.config.policy import Policy
from harness.errors import UsageError
from harness.journal import cells, read_matrix
from harness.reports.live import display
from harness.repository.clones import DEFAULT_REPOSITORY
from harness.store import default_cache
from harness.stored.gate import Gate, Release, Results, evaluate, release, report


class GateOptions(TypedDict):
    """The options of `compat gate`, by the names that click gives them."""

    run: str
    policy: str | None
    release: tuple[str, ...]
    repo: str | None
    fetch: bool
    as_json: bool
    markdown: bool
    cache: Path | None
    data: Path | None


def gate(**options: Unpack[GateOptions]) -> int:
    """Say whether a stored RUN lets a release out, and if not, why not. Nothing is executed."""
    if options["as_json"] and options["markdown"]:
        raise UsageError("--json and --markdown are two answers", hint="ask for one of them")
    found = _evaluate(options)
    present(
        lambda: report.as_json(found),
        lambda terminal: (
            report.markdown(found)
            if options["markdown"]
            else report.render(found, color=terminal.color)
        ),
        as_json=options["as_json"],
    )
    return found.exit_code


def _evaluate(options: GateOptions) -> Gate:
    policy = _policy(options)
    releases = _releases(options)
    folder = find_run(options["run"])
    matrix = read_matrix(folder)
    results = Results(matrix, cells(folder), cell_again(matrix))
    return evaluate(policy, results, datetime.now(UTC), releases)


def _policy(options: GateOptions) -> Policy:
    if options["policy"] is None:
        return Policy()
    data = find_data(options["data"], os.environ)
    return load_matrix(find_matrix(data, options["policy"])).policy


def _releases(options: GateOptions) -> tuple[Release, ...]:
    repository = release.Source(
        where=options["repo"] or os.environ.get("COMPAT_REPO") or DEFAULT_REPOSITORY,
        cache=options["cache"] or default_cache(),
        fetch=options["fetch"],
    )
    with display(sys.stderr) as listener:
        return release.read(options["release"], repository, listener)
