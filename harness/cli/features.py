"""`compat features`: what stored runs of scenarios say of features, daemon by daemon."""

from __future__ import annotations

import click
import msgspec

from harness.cli.show import present
from harness.cli.stored import find_run
from harness.errors import UsageError
from harness.journal import cells
from harness.reports.features import markdown as as_markdown
from harness.reports.features import terminal
from harness.reports.features.document import Features
from harness.reports.features.gather import Gathered
from harness.reports.features.words import chosen
from harness.reports.text import escape_ci_commands


def features(
    runs: tuple[str, ...],
    *,
    daemon: str,
    as_json: bool,
    markdown: bool,
) -> None:
    """Print the table of RUNs."""
    if as_json and markdown:
        raise UsageError("--json and --markdown cannot both have standard output")
    gathered = Gathered()
    for name in runs:
        for _, run in cells(find_run(name)):
            if run is not None:
                gathered.add(run)
    found = _of_daemon(gathered.document(), daemon)
    if markdown:
        click.echo(escape_ci_commands(as_markdown.render(found)), nl=False)
    else:
        present(
            lambda: msgspec.to_builtins(found),
            lambda it: terminal.render(found, wordy=bool(daemon), width=it.columns, color=it.color),
            as_json=as_json,
        )


def _of_daemon(document: Features, daemon: str) -> Features:
    """Keep the columns that a name means. Raises UsageError if there are none."""
    found = chosen(document, daemon)
    if not found.boards and document.boards:
        there = {it.name: None for board in document.boards for it in board.daemons}
        raise UsageError(
            f"no scenario was run on a daemon {daemon!r}", hint=f"there are: {', '.join(there)}"
        )
    return found
