"""`compat plan`: what a matrix would run, without running it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

import click

from harness.cli.planning import plan_options

if TYPE_CHECKING:
    from harness.cli.planning import PlanOptions


@click.command(
    epilog="""\b
    Examples:
      compat plan demo
      compat plan nightly --only 'v0.6*'
      compat plan release-gate --candidate v0.33.0-rc1
    """
)
@plan_options
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="How the plan is printed.",
)
def plan(form: str, **options: Unpack[PlanOptions]) -> None:
    """Show what MATRIX would build and run; nothing is built or run.

    MATRIX is the name of a file in matrices/, or the path of one.
    """
    import msgspec  # noqa: PLC0415 - keeps --help quick

    from harness.cli.planning import open_planned  # noqa: PLC0415 - the same
    from harness.plan.planning import NoHistory  # noqa: PLC0415 - the same
    from harness.plan.table import render  # noqa: PLC0415 - the same

    made = open_planned(options, NoHistory()).plan
    if form == "json":
        click.echo(msgspec.json.format(msgspec.json.encode(made)))
    else:
        click.echo(render(made), nl=False)
