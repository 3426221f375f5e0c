"""`compat plan`: what a matrix would run, without running it."""

from __future__ import annotations

from pathlib import Path
from typing import Unpack

import click

from harness.cli.planning import PlanOptions, plan_options


@click.command(
    epilog="""\b
    Examples:
      compat plan demo
      compat plan nightly --only 'v0.6*' --jobs 4
      compat plan release-gate --candidate v0.33.0-rc1
      compat plan nightly --shards 20 --write plan.json --format github
    """
)
@click.argument("matrix")
@plan_options
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Cells at once, for the expected time.",
)
@click.option(
    "--shards",
    type=click.IntRange(1, 256),
    help="Split the plan among so many machines (default for CI: one for each cell).",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "github", "gitlab", "lines"]),
    default="table",
    show_default=True,
    help="How the plan, or its shards, are printed.",
)
@click.option(
    "--write",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Keep the plan in this file, for `compat matrix --plan`.",
)
def plan(
    matrix: str,
    *,
    jobs: int,
    shards: int | None,
    form: str,
    write: Path | None,
    **options: Unpack[PlanOptions],
) -> None:
    """Show what MATRIX would build and run; nothing is built or run.

    MATRIX is the name of a file in matrices/, or the path of one. Branches move: machines that
    share a matrix should be given one plan, written by --write.
    """
    import msgspec  # noqa: PLC0415 - keeps --help quick

    from harness.cli.matrix import matrix as running  # noqa: PLC0415 - the same
    from harness.cli.options import argv_of  # noqa: PLC0415 - the same
    from harness.cli.planning import open_planned  # noqa: PLC0415 - the same
    from harness.journal.documents import write_document  # noqa: PLC0415 - the same
    from harness.plan import formats  # noqa: PLC0415 - the same
    from harness.plan.shards import split  # noqa: PLC0415 - the same
    from harness.reports import plantable  # noqa: PLC0415 - the same

    made = open_planned(matrix, options).plan
    again = argv_of(running, {"matrix": matrix, **options}, leave=("history",))
    command = ["compat", "matrix", *again]
    if write:
        write_document(write, made)
        command = ["compat", "matrix", "--plan", str(write)]
    if form == "table":
        parts = split(made, shards) if shards else None
        text = plantable.render(made, parts, jobs)
    elif form == "json":
        text = msgspec.json.format(msgspec.json.encode(made)).decode() + "\n"
    else:
        text = formats.render(form, made, shards, command)
    click.echo(text, nl=False)
