"""`compat history`: since when a test fails."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.options import HISTORY


@click.command(
    epilog="""\b
    Examples:
      compat history TestNoCache
      compat history 'TestCopy*' --cell 'v0.6.4*' --json
      compat history --record merged
    """
)
@click.argument("test", required=False)
@click.option(
    "--cell", default="*", metavar="GLOB", help="Only cells whose id is like this (default: all)."
)
@click.option(
    "--record",
    multiple=True,
    metavar="RUN",
    help="Record a stored run first; may be repeated. Recording again changes nothing.",
)
@HISTORY
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
def history(
    test: str | None, cell: str, record: tuple[str, ...], history: Path | None, *, as_json: bool
) -> None:
    """Say since when TEST fails, how often it flakes and how long it takes, cell by cell.

    TEST is a test function or a whole name, with * and ?. Without it, every cell's newest
    verdicts are listed, a letter each and the newest last.
    """
    from harness.cli.show import present  # noqa: PLC0415 - keeps --help quick
    from harness.cli.stored import find_run  # noqa: PLC0415 - the same
    from harness.history import History, default_history  # noqa: PLC0415 - the same
    from harness.stored import past  # noqa: PLC0415 - the same

    with History.open(history or default_history(), create=bool(record)) as opened:
        for run in record:
            new = opened.record(find_run(run))
            click.echo(f"{run}: {new} new", err=True)
        if test is not None:
            found = past.stories(opened, test, cell)
            present(lambda: past.as_json(found), lambda _: past.render(found), as_json=as_json)
        elif as_json or not record:
            strips = past.chosen(opened.strips(), cell)
            present(
                lambda: past.strips_as_json(strips),
                lambda _: past.render_strips(strips),
                as_json=as_json,
            )
