"""`compat history`: since when a test fails."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.show import present
from harness.cli.stored import find_run
from harness.history import History, default_history
from harness.stored import past


def history(
    test: str | None, cell: str, record: tuple[str, ...], history: Path | None, *, as_json: bool
) -> None:
    """Say since when TEST fails, how often it flakes and how long it takes, cell by cell."""
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
