"""How commands show what they found on standard output: as JSON, or as text for the terminal."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
import msgspec
from msgspec.structs import replace

from harness.errors import CompatError, ExitCode, Interrupted
from harness.journal import cell_run
from harness.model import Run
from harness.model.matrix import CellResult, CellState, MatrixRun
from harness.reports import matrixterminal
from harness.reports.features import terminal as features
from harness.reports.features.gather import Gathered
from harness.reports.matrixsummary import matrix_summary
from harness.reports.matrixterminal import Commands
from harness.reports.summary import summary
from harness.reports.terminal import render
from harness.reports.text import json_text
from harness.stored.selftest import CODES_OF_DEMO, Case, report


@dataclass(frozen=True)
class Terminal:
    """What standard output can show."""

    color: bool
    columns: int


def present(
    content: Callable[[], object], text: Callable[[Terminal], str], *, as_json: bool
) -> None:
    """Print the `content` as JSON, or the `text`, whose last line ends with a newline."""
    if as_json:
        click.echo(json_text(content()))
        return
    color = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    terminal = Terminal(color, shutil.get_terminal_size().columns)
    click.echo(text(terminal), nl=False, color=color)


def show_matrix(matrix: MatrixRun, folder: Path, commands: Commands, *, as_json: bool) -> int:
    """Print the report of a matrix run, or a summary as JSON, and return its exit code."""
    present(
        lambda: matrix_summary(matrix, folder, commands),
        lambda terminal: matrixterminal.render(
            matrix, folder, commands=commands, width=terminal.columns, color=terminal.color
        ),
        as_json=as_json,
    )
    return matrix.exit_code


def show(matrix: MatrixRun, folder: Path, *, as_json: bool) -> int:
    """Print the report of one pair's run, or its summary as JSON, and return its exit code.

    Raises what `run_of_pair` raises.
    """
    run = run_of_pair(matrix, folder)
    present(
        lambda: summary(run, folder),
        lambda terminal: _run_text(run, folder, terminal, matrix.warnings),
        as_json=as_json,
    )
    return matrix.exit_code


def run_of_pair(matrix: MatrixRun, folder: Path) -> Run:
    """Read what the tests of the one pair did.

    Raises CellFailedError if the pair could not be built or run, Interrupted if it was stopped
    before there was anything to report.
    """
    (row,) = matrix.cells
    (planned,) = matrix.plan.cells
    if row.state is CellState.FAILED:
        raise CellFailedError(row)
    if not row.run:
        raise Interrupted(
            "interrupted before any test had run",
            hint=f"to go on: compat-run --resume {shlex.quote(str(folder))}",
        )
    return cell_run(folder, row, planned.pair)


class CellFailedError(CompatError):
    """The one pair that was asked for could not be built or run."""

    def __init__(self, row: CellResult) -> None:
        """Take what came of it."""
        super().__init__(row.error, hint=row.hint)
        self.exit_code = ExitCode(row.exit_code)


@dataclass(frozen=True)
class Act:
    """One run of the demo, with what was seen in it of what is planted."""

    case: Case
    run: Run
    folder: Path


def show_demo(acts: Sequence[Act], *, as_json: bool) -> int:
    """Print what the demo's runs printed and whether that is planted; return the demo's code.

    The last run is the pair's own; those before it are scenarios, whose answers are shown.
    """
    *scenarios, last = acts
    findings = tuple(found for act in acts for found in act.case.findings)
    case = replace(last.case, findings=findings)
    cut = any(act.run.interrupted for act in acts)
    code = int(ExitCode.INTERRUPTED if cut else CODES_OF_DEMO[case.sight])
    gathered = Gathered()
    for act in scenarios:
        gathered.add(act.run)
    answers = gathered.document()

    def text(terminal: Terminal) -> str:
        shown = features.render(answers, wordy=True, width=terminal.columns, color=terminal.color)
        return (
            _run_text(last.run, last.folder, terminal)
            + (f"\n{shown}" if scenarios else "")
            + report.render_demo(case, code, last.run.exit_code, color=terminal.color)
        )

    present(
        lambda: {
            **summary(last.run, last.folder),
            "demo": report.demo_json(case, code),
            "features": msgspec.to_builtins(answers),
        },
        text,
        as_json=as_json,
    )
    return code


def _run_text(run: Run, folder: Path, terminal: Terminal, warnings: Sequence[str] = ()) -> str:
    return render(run, folder, warnings=warnings, width=terminal.columns, color=terminal.color)
