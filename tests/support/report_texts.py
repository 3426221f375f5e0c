"""What a report of one file says of runs that lie nowhere."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from harness.journal.single import matrix_of
from harness.model import Run
from harness.model.matrix import MatrixRun
from harness.reports.overview import cell_views
from harness.reports.report import StoredCell, StoredRun, TextReport
from harness.reports.survey import Survey

NOWHERE = Path("nowhere")


def text_of(kind: type[TextReport], matrix: MatrixRun, runs: Mapping[str, Run]) -> str:
    """Return what a report says of a matrix run, of whose cells `runs` are the runs by id."""
    stored = StoredRun(matrix, cell_views(matrix), Survey(), {}, {}, {}, NOWHERE, NOWHERE, ())
    report = kind(stored)
    parts = [*report.head()]
    for view in stored.views:
        run = runs.get(view.result.id)
        found = stored.survey.add(view.index, run) if run else ()
        parts += report.cell(StoredCell(view, run, found, NOWHERE))
    return "".join([*parts, *report.foot()])


def text_of_pair(kind: type[TextReport], run: Run) -> str:
    """Return what a report says of the run of one pair."""
    matrix = matrix_of(run)
    return text_of(kind, matrix, {matrix.cells[0].id: run})
