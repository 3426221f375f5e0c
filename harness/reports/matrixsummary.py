"""What `--json` prints of a matrix run: where it lies and what a script decides on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from harness.journal import MATRIX_FILE, RUN_FILE
from harness.model.matrix import MatrixRun
from harness.reports.matrixterminal import Commands
from harness.reports.overview import CellView, cell_views, sentence


def matrix_summary(matrix: MatrixRun, folder: Path, commands: Commands) -> dict[str, Any]:
    """Return the summary; texts are as stored, not escaped: JSON carries them whole."""
    every = cell_views(matrix)
    return {
        "run": str(folder / MATRIX_FILE),
        "id": matrix.id,
        "matrix": matrix.plan.matrix,
        "shard": str(matrix.shard) if matrix.shard else None,
        "verdict": matrix.verdict.value,
        "exit_code": int(matrix.exit_code),
        "interrupted": matrix.interrupted,
        "headline": sentence(matrix, every),
        "cells": [_cell(view, folder, commands) for view in every],
        "warnings": list(matrix.warnings),
    }


def _cell(view: CellView, folder: Path, commands: Commands) -> dict[str, Any]:
    result, pair = view.result, view.planned.pair
    return {
        "id": result.id,
        "state": result.state.value,
        "verdict": result.verdict.value,
        "exit_code": int(result.exit_code),
        "suite": pair.suite.sha,
        "frontend": pair.frontend.sha,
        "counts": {verdict.value: result.counts[verdict] for verdict in sorted(result.counts)},
        "seconds": result.seconds,
        "started": result.started,
        "reused": result.reused or None,
        "run": str(folder / result.run / RUN_FILE) if result.run else None,
        "error": result.error,
        "command": list(commands.get(result.id, ())),
    }
