"""`compat features`: what stored runs of scenarios say of features, daemon by daemon."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from harness.cli.show import present
from harness.cli.stored import find_run
from harness.errors import UsageError
from harness.journal import cells
from harness.journal.files import replacing
from harness.reports.features import markdown as as_markdown
from harness.reports.features import terminal
from harness.reports.features.document import Features
from harness.reports.features.gather import Gathered
from harness.reports.features.page import render as page
from harness.reports.features.words import chosen
from harness.reports.text import escape_ci_commands, one_line
from harness.tools.disks import disk_errors


def features(
    runs: tuple[str, ...],
    *,
    daemon: str,
    out: Path | None,
    as_json: bool,
    markdown: bool,
) -> None:
    """Print the table of RUNs, or write it into `out`."""
    if as_json and markdown:
        raise UsageError("--json and --markdown cannot both have standard output")
    gathered = Gathered()
    for name in runs:
        for _, run in cells(find_run(name)):
            if run is not None:
                gathered.add(run)
    found = _of_daemon(gathered.document(), daemon)
    if out is not None:
        _write(found, out)
    elif markdown:
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


def _write(document: Features, out: Path) -> None:
    texts = {
        "features.html": "".join(page(document)),
        "features.md": as_markdown.render(document),
        "features.json": msgspec.json.format(msgspec.json.encode(document), indent=2).decode(),
    }
    with disk_errors(out):
        out.mkdir(parents=True, exist_ok=True)
        for name, text in texts.items():
            with replacing(out / name, durable=False) as file:
                file.write(text.encode())
            click.echo(escape_ci_commands(one_line(str(out / name))))
