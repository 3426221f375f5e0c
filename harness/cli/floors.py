"""`compat floors`: what a stored run says of from which daemon on tests pass."""

from __future__ import annotations

import os
from pathlib import Path

from harness.backends import BACKENDS
from harness.cli.show import present
from harness.cli.stored import find_run
from harness.config.datadir import find_data
from harness.config.floors import load_floors
from harness.config.known import Known
from harness.config.lines import load_lines
from harness.errors import ExitCode
from harness.journal import cells
from harness.stored import floors as proposed

NOTHING = "there are no floors, and no pair of this run whose daemon varies proposes one\n"


def floors(
    run: str,
    out: Path | None,
    data: Path | None,
    *,
    as_json: bool,
) -> ExitCode:
    """Propose the floors that RUN shows, those that there are kept where it shows nothing."""
    found = find_data(data, os.environ)
    lines = load_lines(found.lines_file)
    there = load_floors(found.floors, lines.names, Known.of(lines, BACKENDS))
    rows = proposed.propose((run for _, run in cells(find_run(run)) if run), there)
    files = proposed.files(rows)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (out / name).write_text(text, "utf-8")
    present(
        lambda: files,
        lambda _: "".join(f"# {name}\n{text}" for name, text in files.items()) or NOTHING,
        as_json=as_json,
    )
    return ExitCode.COMPATIBLE
