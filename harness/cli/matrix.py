"""`compat matrix`: many pairs, each build and each control once."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import click

from harness.cli.options import CACHE_REPO, FRESH_CONTROL, JSON, OUT, PRIVILEGES, SHARD, SIZE, Once
from harness.cli.planning import plan_options

if TYPE_CHECKING:
    from harness.cli.matrixsession import MatrixOptions


@click.command(
    epilog="""\b
    Examples:
      compat matrix demo
      compat matrix nightly --only 'v0.6*' --dry-run
      compat matrix release-gate --candidate v0.33.0-rc1 --fail-fast
      compat matrix --plan plan.json --shard 3/20
      compat matrix --resume latest
    """
)
@click.argument("matrix", required=False)
@plan_options
@click.option(
    "--plan",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Run the plan in this file, which `compat plan --write` made, and its very commits.",
)
@click.option("--shard", type=SHARD, help="Run this part of the plan, for `compat merge`.")
@click.option(
    "--resume",
    cls=Once,
    metavar="RUN",
    help="Run what is not done yet of this run: its folder, its name, or `latest`.",
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    help="Pairs at once, beside as many builds (default: one per 4 processors).",
)
@click.option(
    "--memory",
    type=SIZE,
    help="What all that runs at once may need (default: 80 % of the machine's).",
)
@click.option(
    "--parallel",
    type=click.IntRange(min=1),
    help="Tests at once in each leg (default: two per processor, shared among the jobs).",
)
@click.option("--fail-fast", is_flag=True, help="Stop at the first regression or failure.")
@FRESH_CONTROL
@PRIVILEGES
@CACHE_REPO
@OUT
@click.option("--dry-run", cls=Once, is_flag=True, help="Print the plan and run nothing.")
@JSON
def matrix(
    matrix: str | None,
    *,
    dry_run: bool,
    as_json: bool,
    **options: Unpack[MatrixOptions],
) -> int:
    """Run every daemon of MATRIX with every frontend, and report them together.

    MATRIX is the name of a file in matrices/, or the path of one. Every suite, every frontend
    and every control is built and run once; builds and cells overlap, the longest first by what
    past runs took. What is done is on disk after every cell.

    Ends with the worst of its cells: 1 regression, before 4 infrastructure or build failure,
    before 3 too little or nothing ran, before 0 compatible; 2 usage or configuration,
    130 interrupted.
    """
    from harness.cli.matrixsession import open_session  # noqa: PLC0415 - keeps --help quick
    from harness.cli.show import show_matrix, show_plan  # noqa: PLC0415 - the same

    session = open_session(matrix, options, runs=not dry_run)
    if dry_run or not as_json:
        show_plan(session.plan, session.shard, session.jobs, as_json=as_json)
    if dry_run:
        return 0
    made, folder = session.run()
    return show_matrix(made, folder, session.commands(), as_json=as_json)
