"""How a command shows a finished run on standard output."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

import click
import msgspec

from harness.errors import ExitCode
from harness.model import Run
from harness.model.matrix import MatrixRun, Plan, Shard
from harness.plan.shards import split
from harness.reports import matrixterminal, plantable
from harness.reports.matrixsummary import matrix_summary
from harness.reports.matrixterminal import Commands
from harness.reports.summary import summary
from harness.reports.terminal import render
from harness.reports.text import json_text
from harness.stored.selftest import CODES_OF_DEMO, Case, report


def show_plan(plan: Plan, shard: Shard | None, jobs: int, *, as_json: bool) -> None:
    """Print a plan before it is run, as a table or as JSON."""
    if as_json:
        click.echo(msgspec.json.format(msgspec.json.encode(plan)))
        return
    parts = split(plan, shard.total) if shard else None
    click.echo(plantable.render(plan, parts, jobs))


def show_matrix(matrix: MatrixRun, folder: Path, commands: Commands, *, as_json: bool) -> int:
    """Print the report of a matrix run, or a summary as JSON, and give its exit code."""
    if as_json:
        click.echo(json_text(matrix_summary(matrix, folder, commands)))
    else:
        color, width = _terminal()
        text = matrixterminal.render(matrix, folder, commands=commands, width=width, color=color)
        click.echo(text, nl=False, color=color)
    return matrix.exit_code


def show(run: Run, folder: Path, *, as_json: bool) -> int:
    """Print the report, or the summary as JSON, and give the exit code of the run."""
    if as_json:
        click.echo(json_text(summary(run, folder)))
    else:
        color, width = _terminal()
        click.echo(render(run, folder, width=width, color=color), nl=False, color=color)
    return ExitCode.INTERRUPTED if run.interrupted else run.exit_code


def show_demo(case: Case, run: Run, folder: Path, *, as_json: bool) -> int:
    """Print what a run of the demo printed and whether that is planted; give the demo's code."""
    code = int(ExitCode.INTERRUPTED if run.interrupted else CODES_OF_DEMO[case.sight])
    if as_json:
        click.echo(json_text({**summary(run, folder), "demo": report.demo_json(case, code)}))
        return code
    real = show(run, folder, as_json=False)
    color, _ = _terminal()
    click.echo(report.render_demo(case, code, real, color=color), nl=False, color=color)
    return code


def _terminal() -> tuple[bool, int]:
    """Tell whether standard output takes colours, and its columns."""
    color = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    return color, shutil.get_terminal_size().columns
