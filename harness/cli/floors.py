"""`compat floors`: what a stored run says of from which daemon on tests pass."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import click

from harness.backends import BACKENDS
from harness.cli.show import present
from harness.cli.stored import find_run
from harness.config.datadir import find_data
from harness.config.floors import NO_FLOORS, floor_files, load_floors
from harness.config.known import Known
from harness.config.lines import load_lines
from harness.errors import ExitCode
from harness.journal import cells
from harness.journal.files import replacing
from harness.reports.text import visible
from harness.stored import floors as proposed
from harness.tools.disks import disk_errors

NOTHING = "there are no floors, and no pair of this run whose daemon varies proposes one\n"


def floors(
    run: str,
    out: Path | None,
    data: Path | None,
    *,
    as_json: bool,
) -> ExitCode:
    """Propose the floors that RUN shows, those that there are kept where it shows nothing.

    Those that there are lie in `out`, or else in the data.
    """
    found = find_data(data, os.environ)
    lines = load_lines(found.lines_file)
    known = Known.of(lines, BACKENDS)
    written = load_floors(out, lines.names, known) if out else NO_FLOORS
    there = written if written.rows else load_floors(found.floors, lines.names, known)
    folder = find_run(run)
    rows = proposed.propose((run for _, run in cells(folder) if run), there)
    files = proposed.files(rows)
    for it in proposed.idle((run for _, run in cells(folder)), there):
        where = out / proposed.file_of(it) if out else it.place
        told = f"warning: {where}: no pair of this run has the test {it.test}"
        click.echo(visible(told), err=True)
    if out is not None:
        _write(out, files)
    present(
        lambda: files,
        lambda _: "".join(f"# {name}\n{text}" for name, text in files.items()) or NOTHING,
        as_json=as_json,
    )
    return ExitCode.COMPATIBLE


def _write(out: Path, files: Mapping[str, str]) -> None:
    """Write all floors into a folder of floors; what held some of them and does no more, goes."""
    with disk_errors(out):
        out.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            with replacing(out / name) as file:
                file.write(text.encode())
        for path in floor_files(out):
            if path.name not in files:
                path.unlink()
