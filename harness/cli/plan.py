"""`compat plan`: what a matrix would run, without running it."""

from __future__ import annotations

from pathlib import Path
from typing import Unpack

import click
import msgspec

from harness.cli.declared import execution
from harness.cli.options import argv_of
from harness.cli.planning import PlanOptions, open_planned
from harness.journal.documents import write_document
from harness.plan import formats
from harness.plan.cell import Settings
from harness.plan.queue import Limits
from harness.plan.shards import split
from harness.reports import plantable


def plan(
    matrix: str,
    *,
    jobs: int,
    shards: int | None,
    form: str,
    write: Path | None,
    **options: Unpack[PlanOptions],
) -> None:
    """Show what MATRIX would build and run; nothing is built or run."""
    opened = open_planned(matrix, options)
    made = opened.plan
    again = argv_of(execution.matrix, {"matrix": matrix, **options}, leave=("history",))
    command = ["compat", "matrix", *again]
    if write:
        write_document(write, made)
        command = ["compat", "matrix", "--plan", str(write)]
    if form == "table":
        parts = split(made, shards) if shards else None
        asked = Settings(tests=made.tests, offline=made.offline)
        text = plantable.render(made, parts, Limits(jobs), opened.controls(asked), opened.left_out)
    elif form == "json":
        text = msgspec.json.format(msgspec.json.encode(made)).decode() + "\n"
    else:
        text = formats.render(form, made, shards, command)
    click.echo(text, nl=False)
