"""`compat doctor`: what this machine has, what it lacks, and what to type about it."""

from __future__ import annotations

import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harness.cli.options import CACHE
from harness.errors import ExitCode
from harness.reports.text import json_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from harness.backends.base import Backend
    from harness.doctor import Check

_COLOURS = {"ok": "green", "warning": "yellow", "missing": "red", "note": "blue"}


@click.command(
    epilog="""\b
    Examples:
      compat doctor
      compat doctor --cache /data/compat
      compat doctor --json
    """
)
@CACHE
@click.option("--json", "as_json", is_flag=True, help="Print the checks as JSON.")
def doctor(cache: Path | None, *, as_json: bool) -> ExitCode:
    """Check that this machine can run pairs, and say what installs that which is missing.

    Exit code 0 if nothing is missing, else 4. Warnings and notes do not count.
    """
    from harness.doctor import examine, healthy  # noqa: PLC0415 - keeps --help fast
    from harness.store import default_cache  # noqa: PLC0415 - the same

    with _backends() as backends:
        checks = examine(cache or default_cache(), backends)
    well = healthy(checks)
    if as_json:
        click.echo(json_text({"ok": well, "checks": [vars(check) for check in checks]}))
    else:
        _print_table(checks)
        click.echo("nothing is missing" if well else "something is missing: see the lines above")
    return ExitCode.COMPATIBLE if well else ExitCode.INFRASTRUCTURE


@contextmanager
def _backends() -> Iterator[list[Backend]]:
    """Make every backend, to be asked about this machine."""
    from harness.backends.choose import BACKENDS, Place  # noqa: PLC0415 - the same
    from harness.config.datadir import find_data  # noqa: PLC0415 - keeps --help fast
    from harness.config.lines import load_lines  # noqa: PLC0415 - the same
    from harness.repository.git import Git  # noqa: PLC0415 - the same
    from harness.repository.refs import Repository  # noqa: PLC0415 - the same
    from harness.store import Store  # noqa: PLC0415 - the same
    from harness.tools.temporary import temporary  # noqa: PLC0415 - the same

    lines = load_lines(find_data(None, os.environ).lines_file)
    # They are asked about the machine alone, so an empty store and repository will do.
    with temporary() as folder:
        nothing = Repository(Git(folder), {})
        place = Place(Store(folder), nothing, lines)
        yield [make(place) for make in BACKENDS.values()]


def _print_table(checks: Sequence[Check]) -> None:
    names = max(len(check.name) for check in checks)
    states = max(len(check.state) for check in checks)
    for check in checks:
        state = click.style(f"{check.state:<{states}}", fg=_COLOURS[check.state])
        click.echo(f"{check.name:<{names}}  {state}  {check.detail}")
        if check.fix:
            click.echo(f"{'':<{names + states + 4}}fix: {check.fix}")
