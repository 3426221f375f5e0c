"""A split plan as those read it who run its shards: GitHub, GitLab, a shell.

Names of shards go into web pages and job lists of others, so they hold refs and digits only.
"""

from __future__ import annotations

import json
import math
import shlex
from collections.abc import Callable, Sequence

import yaml

from harness.errors import ExitCode
from harness.model.matrix import MOST_SHARDS, Plan, PlannedCell, Shard
from harness.plan.estimate import Durations
from harness.plan.shards import Split, split

SHOWN = 2
"""Suites that a name lists."""

TEMPLATE = ".compat-shard"
"""The hidden job of a GitLab pipeline that all shards extend."""


def render(form: str, plan: Plan, shards: int | None, command: Sequence[str]) -> str:
    """Return a plan's shards in one of `FORMATS`; without a number, one for each cell.

    `command` runs the plan, without its `--shard`. Raises UsageError for a number that cannot be.
    """
    parts = split(plan, shards or min(MOST_SHARDS, len(plan.cells)))
    return FORMATS[form](plan, parts, command)


def github(plan: Plan, parts: Split, _command: Sequence[str]) -> str:
    """Return one line of JSON for `strategy.matrix: ${{ fromJSON(…) }}`."""
    durations = Durations(plan)
    include = [
        {
            "shard": str(shard),
            "name": _name(shard, cells),
            "cells": len(cells),
            "minutes": minutes(durations.shard(cells)),
        }
        for shard, cells in _numbered(parts)
    ]
    return json.dumps({"include": include}) + "\n"


def gitlab(_plan: Plan, parts: Split, command: Sequence[str]) -> str:
    """Return a child pipeline: a job for each shard, all of them extending one hidden job.

    A file that is included behind it may add to that job: tags, an image, `needs`. What a shard
    found is judged when all are merged, so exit codes that say it do not fail the pipeline.
    """
    found = (ExitCode.REGRESSION, ExitCode.INDETERMINATE, ExitCode.INFRASTRUCTURE)
    pipeline: dict[str, object] = {
        TEMPLATE: {
            "variables": {"COMPAT_RUNS": "$CI_PROJECT_DIR/runs"},
            "script": [f'{shlex.join(command)} --shard "$SHARD"'],
            "allow_failure": {"exit_codes": [int(code) for code in found]},
            "artifacts": {"when": "always", "paths": ["runs/"]},
        }
    }
    for shard, cells in _numbered(parts):
        job = {"extends": TEMPLATE, "variables": {"SHARD": str(shard)}}
        pipeline[f"compat {_name(shard, cells)}"] = job
    return yaml.safe_dump(pipeline, sort_keys=False, width=1000)


def lines(_plan: Plan, parts: Split, command: Sequence[str]) -> str:
    """Return one line of a shell for each shard."""
    words = (shlex.join([*command, "--shard", str(shard)]) for shard, _ in _numbered(parts))
    return "".join(f"{line}\n" for line in words)


FORMATS: dict[str, Callable[[Plan, Split, Sequence[str]], str]] = {
    "github": github,
    "gitlab": gitlab,
    "lines": lines,
}


def minutes(seconds: float | None) -> int | None:
    """Return whole minutes, the begun one counted; None for what is not known."""
    return None if seconds is None else math.ceil(seconds / 60)


def _numbered(parts: Split) -> list[tuple[Shard, tuple[PlannedCell, ...]]]:
    return [(Shard(index=n, total=len(parts)), cells) for n, cells in enumerate(parts, 1)]


def _name(shard: Shard, cells: Sequence[PlannedCell]) -> str:
    """`3/20 v0.6.4 v0.8.3 and 2 more`."""
    suites = list(dict.fromkeys(cell.pair.suite.ref for cell in cells))
    rest = len(suites) - SHOWN
    words = [str(shard), *suites[:SHOWN], *([f"and {rest} more"] if rest > 0 else [])]
    return " ".join(words)
