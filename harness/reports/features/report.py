"""features.html among the reports of a run, where scenarios were run."""

from __future__ import annotations

from collections.abc import Iterator

from harness.model.matrix import MatrixRun
from harness.reports.features.gather import Gathered
from harness.reports.features.page import render
from harness.reports.report import StoredCell, StoredRun, TextReport


class FeaturesPage(TextReport):
    """What each feature does on each daemon."""

    file = "features.html"

    def __init__(self, stored: StoredRun) -> None:
        """Begin with nothing gathered."""
        super().__init__(stored)
        self._gathered = Gathered()

    def cell(self, cell: StoredCell) -> Iterator[str]:
        """Take in what a cell's scenarios did; the table is known at the end."""
        if cell.run is not None:
            self._gathered.add(cell.run)
        yield from ()

    def foot(self) -> Iterator[str]:
        """Return all of the page."""
        yield from render(self._gathered.document())


def has_scenarios(matrix: MatrixRun) -> bool:
    """Return whether any pair of a matrix runs scenarios."""
    return any(cell.pair.scenarios for cell in matrix.plan.cells)
