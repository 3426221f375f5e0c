"""Matrix runs as reports are given them, and one in which every cell fails for its own reasons."""

from __future__ import annotations

from collections.abc import Mapping

from harness.history import Before
from harness.model import Outcome, Verdict
from harness.reports.overview import cell_views
from harness.reports.survey import Survey
from tests.support import factories, matrix_factories
from tests.support.matrix_factories import Example

P, F = Outcome.PASS, Outcome.FAIL


def surveyed(example: Example, before: Mapping[str, Before] | None = None) -> Survey:
    """Take all cells in; `before` is what their tests did in the last run, by the cells' ids."""
    survey = Survey()
    for view in cell_views(example.matrix):
        if run := example.runs.get(view.planned.id):
            survey.add(view.index, run, (before or {}).get(view.planned.id))
    return survey


def many(cells: int, causes: int) -> Example:
    """Build a matrix in which every cell fails for reasons of its own."""
    planned = [
        matrix_factories.planned(
            matrix_factories.pair(matrix_factories.commit(f"v0.{i}.0", "", f"0.{i}.0", ""), it)
        )
        for i in range(cells)
        for it in matrix_factories.FRONTENDS[:1]
    ]
    found = {}
    for number, cell in enumerate(planned):
        rows = [
            factories.judgement(
                f"Test{word * 30}",
                Verdict.REGRESSED,
                [P],
                [F],
                error=f"{word} {cell.id} broke " * 9,
            )
            for word in (_word(cause) for cause in range(causes))
        ]
        found[cell.id] = matrix_factories.run_of(cell, rows, number)
    results = [matrix_factories.result_of(cell, found[cell.id]) for cell in planned]
    return Example(matrix_factories.matrix_of(planned, results), found)


def _word(number: int) -> str:
    return "".join(chr(ord("a") + int(digit)) for digit in str(number))
