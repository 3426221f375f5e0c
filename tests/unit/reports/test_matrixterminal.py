"""The report of a matrix says what came of every pair, whatever the width, and obeys nothing."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from msgspec.structs import replace

from harness.errors import BuildError
from harness.journal.single import result_of
from harness.matrix.ledger import failed, stopped
from harness.model import Channel
from harness.model.matrix import CellResult, MatrixRun, Shard
from harness.reports.matrixterminal import render
from tests.conftest import Golden
from tests.support import factories, stored_matrices

FOLDER = Path("/runs/20261123-200000-cd34")


def a_matrix() -> MatrixRun:
    plan = stored_matrices.plan(("v0.6.4", "v0.8.3"), ("dockerfile/1.4.3", "v0.12.5", "master"))
    cells = [*plan.cells, stored_matrices.cell("v0.8.3", "master", id="more")]
    cells[-1] = replace(cells[-1], pair=replace(cells[-1].pair, frontend_channel=Channel.MAINLINE))
    plan = replace(plan, cells=tuple(cells))
    error = BuildError("build frontend v0.12.5: ./cmd does not build:\nx.go:1", hint="look there")
    made: list[CellResult] = [
        result_of(cells[0].id, factories.regressed_run(), "cells/a"),
        failed(cells[1].id, error),
        result_of(cells[2].id, factories.every_verdict_run(), "cells/b"),
        result_of(cells[3].id, factories.compatible_run(), "cells/c"),
        failed(cells[4].id, error),
        stopped(cells[5].id, "2026-11-23T20:00:00Z", 3.0),
        stored_matrices.missing(cells[6]),
    ]
    return stored_matrices.matrix(
        plan, made, shard=Shard(index=2, total=3), warnings=("the image cache is gone",)
    )


def shown(matrix: MatrixRun, width: int = 80, *, color: bool = False) -> str:
    commands = {
        cell.id: ("compat-run", cell.pair.suite.ref, cell.pair.frontend.ref)
        for cell in matrix.plan.cells
    }
    return render(matrix, FOLDER, commands=commands, width=width, color=color)


@pytest.mark.parametrize("width", [110, 60])
def test_report(width: int, golden: Golden) -> None:
    golden(f"matrix/terminal-{width}.txt", shown(a_matrix(), width))


def test_nothing_is_told_by_colour_alone() -> None:
    matrix = a_matrix()
    coloured = shown(matrix, color=True)
    assert "\x1b[3" in coloured

    assert click.unstyle(coloured) == shown(matrix)


def test_fifty_by_fifty_fits_into_any_width() -> None:
    plan = stored_matrices.plan(
        [f"v0.{n}.0" for n in range(50)], [f"dockerfile/1.{n}.0" for n in range(50)]
    )
    rows = [result_of(cell.id, factories.compatible_run(), "cells/x") for cell in plan.cells]
    text = shown(stored_matrices.matrix(plan, rows), 80)
    assert max(map(len, text.splitlines())) <= 80
    assert text.count("✓ P") == 50 * 50 + 1  # and the legend


def test_a_matrix_in_which_nothing_is_wrong_lists_no_cell() -> None:
    plan = stored_matrices.plan()
    rows = [result_of(cell.id, factories.compatible_run(), "cells/x") for cell in plan.cells]
    text = shown(stored_matrices.matrix(plan, rows))
    assert "All 2 pairs are compatible" in text
    assert "compat-run" not in text
    assert "resume" not in text


def test_hostile_words_are_shown_not_obeyed() -> None:
    plan = stored_matrices.plan(("v0.6.4",), ("\x1b[2J\n::error::x",))
    plan = replace(plan, cells=(replace(plan.cells[0], id="x"),))
    row = failed("x", BuildError("\x1b[2J\u202e" + "y" * 9999, hint="\x07"))
    text = shown(stored_matrices.matrix(plan, [row], warnings=("\x1b[1m",)), 80)
    assert all(line.isprintable() for line in text.splitlines())
    assert not any(line.startswith("::") for line in text.splitlines())
