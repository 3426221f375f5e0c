"""`compat doctor`: what this machine has, what it lacks, and what to type about it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from harness.backends import BACKENDS
from harness.backends.base import Backend, Place
from harness.backends.choose import make
from harness.config.datadir import find_data
from harness.config.lines import load_lines
from harness.doctor import Check, examine, healthy
from harness.errors import ExitCode
from harness.reports.text import json_text
from harness.repository.git import Git
from harness.store import Store, default_cache
from harness.tools.temporary import temporary

_COLOURS = {"ok": "green", "warning": "yellow", "missing": "red", "note": "blue"}


def doctor(cache: Path | None, *, as_json: bool) -> ExitCode:
    """Check that this machine can run pairs, and say what installs that which is missing."""
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
    lines = load_lines(find_data(None, os.environ).lines_file)
    # They are asked about the machine alone, so an empty store and repository will do.
    with temporary() as folder:
        place = Place(Store(folder), Git(folder), lines)
        yield [make(name, place) for name in BACKENDS]


def _print_table(checks: Sequence[Check]) -> None:
    names = max(len(check.name) for check in checks)
    states = max(len(check.state) for check in checks)
    for check in checks:
        state = click.style(f"{check.state:<{states}}", fg=_COLOURS[check.state])
        click.echo(f"{check.name:<{names}}  {state}  {check.detail}")
        if check.fix:
            click.echo(f"{'':<{names + states + 4}}fix: {check.fix}")
