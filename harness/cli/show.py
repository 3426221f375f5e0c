"""How a command shows a finished run on standard output."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import click

from harness.errors import ExitCode
from harness.model import Run
from harness.reports.summary import summary
from harness.reports.terminal import render


def show(run: Run, folder: Path, *, as_json: bool) -> int:
    """Print the report, or the summary as JSON, and give the exit code of the run."""
    if as_json:
        click.echo(json.dumps(summary(run, folder), indent=2))
    else:
        color = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
        width = shutil.get_terminal_size().columns
        click.echo(render(run, folder, width=width, color=color), nl=False, color=color)
    return ExitCode.INTERRUPTED if run.interrupted else run.exit_code
