"""How a command shows a finished run on standard output."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import click
import msgspec

from harness.errors import CompatError, ExitCode
from harness.journal import cell_run
from harness.model import Run
from harness.model.matrix import CellResult, CellState, MatrixRun, Plan, Shard
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
    """Print the report of a matrix run, or a summary as JSON, and return its exit code."""
    if as_json:
        click.echo(json_text(matrix_summary(matrix, folder, commands)))
    else:
        color, width = _terminal()
        text = matrixterminal.render(matrix, folder, commands=commands, width=width, color=color)
        click.echo(text, nl=False, color=color)
    return matrix.exit_code


def show(matrix: MatrixRun, folder: Path, *, as_json: bool) -> int:
    """Print the report of one pair's run, or its summary as JSON, and return its exit code.

    Raises what `run_of_pair` raises.
    """
    run = run_of_pair(matrix, folder)
    if as_json:
        click.echo(json_text(summary(run, folder)))
    else:
        _print_run(run, folder, matrix.warnings)
    return matrix.exit_code


def run_of_pair(matrix: MatrixRun, folder: Path) -> Run:
    """Read what the tests of the one pair did.

    Raises CellFailedError if the pair could not be built or run, KeyboardInterrupt if it was
    stopped before there was anything to report.
    """
    (row,) = matrix.cells
    (planned,) = matrix.plan.cells
    if row.state is CellState.FAILED:
        raise CellFailedError(row)
    if not row.run:
        raise KeyboardInterrupt
    return cell_run(folder, row, planned.pair)


class CellFailedError(CompatError):
    """The one pair that was asked for could not be built or run."""

    def __init__(self, row: CellResult) -> None:
        """Take what came of it."""
        super().__init__(row.error, hint=row.hint)
        self.exit_code = ExitCode(row.exit_code)


def show_demo(case: Case, run: Run, folder: Path, *, as_json: bool) -> int:
    """Print what a run of the demo printed and whether that is planted; return the demo's code."""
    code = int(ExitCode.INTERRUPTED if run.interrupted else CODES_OF_DEMO[case.sight])
    if as_json:
        click.echo(json_text({**summary(run, folder), "demo": report.demo_json(case, code)}))
        return code
    _print_run(run, folder)
    color, _ = _terminal()
    text = report.render_demo(case, code, run.exit_code, color=color)
    click.echo(text, nl=False, color=color)
    return code


def _print_run(run: Run, folder: Path, warnings: Sequence[str] = ()) -> None:
    color, width = _terminal()
    text = render(run, folder, warnings=warnings, width=width, color=color)
    click.echo(text, nl=False, color=color)


def _terminal() -> tuple[bool, int]:
    """Return whether standard output takes colours, and its columns."""
    color = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    return color, shutil.get_terminal_size().columns
