"""`compat diff`: what changed between two stored runs."""

from __future__ import annotations

import click

from harness.errors import ExitCode


@click.command(
    epilog="""\b
    Examples:
      compat diff runs/yesterday runs/today
      compat diff 20261123-031700-ab12 latest --json
      compat diff before after --exit-code
    """
)
@click.argument("run1")
@click.argument("run2")
@click.option("--json", "as_json", is_flag=True, help="Print the difference as JSON.")
@click.option("--exit-code", is_flag=True, help="End with 1 if anything changed.")
def diff(run1: str, run2: str, *, as_json: bool, exit_code: bool) -> ExitCode:
    """List cells and tests of which RUN2 says something else than RUN1, with both sides.

    Each is the folder of a stored run, of a matrix or of one pair, or the name of one in the
    runs folder. Exit code 0, whatever changed, unless --exit-code is given.
    """
    from harness.cli.show import present  # noqa: PLC0415 - keeps --help quick
    from harness.cli.stored import find_run  # noqa: PLC0415 - the same
    from harness.journal import cells, read_matrix  # noqa: PLC0415 - the same
    from harness.stored import report  # noqa: PLC0415 - the same
    from harness.stored.diff import compare  # noqa: PLC0415 - the same

    before, after = map(find_run, (run1, run2))
    found = compare(read_matrix(before), cells(before), read_matrix(after), cells(after))
    present(
        lambda: report.as_json(found),
        lambda terminal: report.render(found, color=terminal.color),
        as_json=as_json,
    )
    return ExitCode.REGRESSION if exit_code and found.changed else ExitCode.COMPATIBLE
