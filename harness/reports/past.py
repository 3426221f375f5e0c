"""What a page shows of earlier runs: plain data, so that no report opens a database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.history import Before, History, Mark, Since
from harness.model.matrix import MatrixRun

MARKS = 60
"""Earlier runs of a cell that are shown."""


@dataclass(frozen=True)
class Past:
    """What is known of one cell."""

    marks: tuple[Mark, ...] = ()
    """What each run said of it, oldest first; the run that is shown may be among them."""
    sinces: Mapping[str, Since] = field(default_factory=dict)
    """By the full names of tests."""
    flakes: Mapping[str, float] = field(default_factory=dict)
    """Share of runs in which a test's attempts differed, where that is not 0."""
    before: Before | None = None
    """What its tests did in the run before the one that is shown; None if there was none."""


Pasts = Mapping[str, Past]
"""By the ids of cells; a cell that never ran before need not be here."""


def pasts(history: History, matrix: MatrixRun) -> dict[str, Past]:
    """Return all that reports show of a run's cells, from a history. Raises HistoryError.

    What came after the run is left out, so that its reports stay what they were.
    """
    strips = history.strips(MARKS)
    return {
        cell.id: _until(
            cell.started or matrix.started,
            Past(
                *(strips[cell.id], history.sinces(cell.id), history.flakes(cell.id)),
                before=history.before(cell.id, matrix.id, cell.started or matrix.started),
            ),
        )
        for cell in matrix.cells
        if cell.id in strips
    }


def _until(time: str, past: Past) -> Past:
    return Past(
        tuple(mark for mark in past.marks if mark.started <= time),
        {
            name: since
            for name, since in past.sinces.items()
            if since.failing and since.failing.started <= time
        },
        past.flakes,
        past.before,
    )
