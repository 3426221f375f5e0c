"""Whatever a run holds, no line of what is printed about it begins a command of CI's."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from harness.cli.again import cell_again
from harness.cli.umbrella import umbrella
from harness.config.policy import Policy
from harness.history import History
from harness.journal import cells, read_matrix
from harness.model import Verdict
from harness.plan.queue import Limits
from harness.reports import matrixterminal, plantable, terminal
from harness.stored import past
from harness.stored import report as diff_told
from harness.stored.diff import compare
from harness.stored.gate import Results, evaluate
from harness.stored.gate import report as gate_told
from tests.support import example_runs, factories, matrix_factories
from tests.support.factories import F, P
from tests.support.matrix_factories import Example

NOW = datetime(2026, 11, 24, tzinfo=UTC)
EVIL = (
    "::set-env name=x::y",
    "::error::\n::error::",
    "##[command]x",
    "\x1b[2J::add-mask::x",
    "\u202e::stop-commands::x",
    "\t::warning::x\r##[error]",
    "##[x] \ufffe\u2028::notice::",
)


def filled(evil: str) -> Example:
    """Put a text wherever a run of one cell has room for a free one."""
    suite = replace(example_runs.SUITES[0], ref=evil, asked=evil, line=evil, date=evil)
    frontend = replace(matrix_factories.MASTER, ref=evil, asked=evil, line=evil, date=evil)
    cell = matrix_factories.planned(matrix_factories.pair(suite, frontend, evil))
    cell = replace(cell, id="cell")
    rows = [
        factories.judgement(evil, Verdict.REGRESSED, [P], [F], error=f"{evil}\n{evil}"),
        factories.judgement(f"TestIntegration/{evil}", Verdict.FLAKY, [P], [F], error=evil),
        factories.judgement(f"{evil}/{evil}", Verdict.LOST, [P], []),
    ]
    run = replace(
        matrix_factories.run_of(cell, rows), warnings=(evil,), command=(evil,), rerun=(evil, evil)
    )
    matrix = matrix_factories.matrix_of([cell], [matrix_factories.result_of(cell, run)], name=evil)
    matrix = replace(matrix, id=evil, warnings=(evil, evil))
    return Example(matrix, {cell.id: run})


def _gate(folder: Path) -> str:
    matrix = read_matrix(folder)
    gate = evaluate(Policy(), Results(matrix, cells(folder), cell_again(matrix)), NOW)
    return gate_told.render(gate) + gate_told.markdown(gate)


def _diff(folder: Path) -> str:
    matrix = read_matrix(folder)
    ((row, run),) = cells(folder)
    assert run is not None
    before = (row, replace(run, judgements=()))
    return diff_told.render(compare(matrix, [before], matrix, [(row, run)]))


def _history(folder: Path) -> str:
    with History.open(folder / "history.sqlite", create=True) as history:
        history.record(folder)
        return past.render(past.stories(history, "*", "*")) + past.render_strips(history.strips())


def _run(folder: Path) -> str:
    ((_, run),) = cells(folder)
    assert run is not None
    return terminal.render(run, folder)


def _matrix(folder: Path) -> str:
    commands = {"cell": ["compat", "matrix", read_matrix(folder).id]}
    return matrixterminal.render(read_matrix(folder), folder, commands=commands)


def _report(folder: Path) -> str:
    return CliRunner().invoke(umbrella, ["report", str(folder)]).output


def _report_json(folder: Path) -> str:
    return CliRunner().invoke(umbrella, ["report", str(folder), "--json"]).output


def _plan(folder: Path) -> str:
    return plantable.render(read_matrix(folder).plan, None, Limits(1), {})


SHOWN: dict[str, Callable[[Path], str]] = {
    "run": _run,
    "matrix": _matrix,
    "plan": _plan,
    "report": _report,
    "report --json": _report_json,
    "gate": _gate,
    "diff": _diff,
    "history": _history,
}


@pytest.mark.parametrize("evil", EVIL)
@pytest.mark.parametrize("shown", SHOWN)
def test_no_line_of_a_log_is_a_command(shown: str, evil: str, tmp_path: Path) -> None:
    text = SHOWN[shown](filled(evil).store(tmp_path / "run"))
    assert len(text) > 40
    lines = text.split("\n")
    assert not [line for line in lines if line.lstrip().startswith("::")]
    assert "##[" not in text
    assert all(line.isprintable() for line in lines)
