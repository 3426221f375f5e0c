"""`compat report`: the reports of a stored run, written again."""

from __future__ import annotations

import secrets
from pathlib import Path

import click

from harness.cli.stored import find_run, past_of, told_of
from harness.errors import UsageError
from harness.reports.annotations import fence
from harness.reports.text import escape_ci_commands, json_text, visible
from harness.reports.write import write_reports


def report(
    run: str,
    *,
    out: Path | None,
    history: Path | None,
    annotations: bool,
    as_json: bool,
) -> None:
    """Write all reports of RUN again."""
    if annotations and as_json:
        raise UsageError("--annotations and --json cannot both have standard output")
    folder = find_run(run)
    written = write_reports(
        folder,
        past_of(folder, history),
        told=told_of(history),
        out=out.absolute() if out else None,
    )
    if as_json:
        told = {"headline": written.headline, "files": [str(path) for path in written.files]}
        click.echo(json_text(told))
        return
    lines = [
        escape_ci_commands(visible(line)) for line in (written.headline, *map(str, written.files))
    ]
    if annotations:
        lines = [*fence(secrets.token_hex(16), lines), *written.annotations]
    click.echo("\n".join(lines))
