"""Matrix runs as reports are given them, and one in which every cell fails for its own reasons."""

from __future__ import annotations

from harness.model import Outcome, Verdict
from harness.reports.overview import spots
from harness.reports.survey import Survey
from tests.unit import matrixruns, runs
from tests.unit.matrixruns import Example

P, F = Outcome.PASS, Outcome.FAIL


def surveyed(example: Example) -> Survey:
    survey = Survey()
    for spot in spots(example.matrix):
        if run := example.runs.get(spot.planned.id):
            survey.add(spot.index, run)
    return survey


def many(cells: int, causes: int) -> Example:
    """Build a matrix in which every cell fails for reasons of its own."""
    planned = [
        matrixruns.planned(matrixruns.pair(matrixruns.commit(f"v0.{i}.0", "", f"0.{i}.0", ""), it))
        for i in range(cells)
        for it in matrixruns.FRONTENDS[:1]
    ]
    found = {}
    for number, cell in enumerate(planned):
        rows = [
            runs.judgement(
                f"Test{word * 30}",
                Verdict.REGRESSED,
                [P],
                [F],
                error=f"{word} {cell.id} broke " * 9,
            )
            for word in (_word(cause) for cause in range(causes))
        ]
        found[cell.id] = matrixruns.run_of(cell, rows, number)
    results = [matrixruns.result_of(cell, found[cell.id]) for cell in planned]
    return Example(matrixruns.matrix_of(planned, results), found)


def _word(number: int) -> str:
    return "".join(chr(ord("a") + int(digit)) for digit in str(number))
