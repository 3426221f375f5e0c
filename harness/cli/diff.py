"""`compat diff`: what changed between two stored runs."""

from __future__ import annotations

from harness.cli.show import present
from harness.cli.stored import find_run
from harness.errors import ExitCode
from harness.journal import cells, read_matrix
from harness.stored import report
from harness.stored.diff import compare


def diff(run1: str, run2: str, *, as_json: bool, exit_code: bool) -> ExitCode:
    """List cells and tests of which RUN2 says something else than RUN1, with both sides."""
    before, after = map(find_run, (run1, run2))
    found = compare(read_matrix(before), cells(before), read_matrix(after), cells(after))
    present(
        lambda: report.as_json(found),
        lambda terminal: report.render(found, color=terminal.color),
        as_json=as_json,
    )
    return ExitCode.REGRESSION if exit_code and found.changed else ExitCode.COMPATIBLE
