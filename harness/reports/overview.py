"""What all reports say about a matrix in the same words: how a cell came out, and the headline."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from harness.errors import UsageError
from harness.model import Verdict
from harness.model.matrix import CellResult, CellState, MatrixRun, PlannedCell
from harness.reports.summary import title
from harness.reports.text import moment, plural
from harness.reports.words import LOOKS, STATES, Word, look


@dataclass(frozen=True)
class CellView:
    """A cell of a matrix: what was planned, and what came of it."""

    index: int
    """Place among the cells of the matrix run, from 0."""
    planned: PlannedCell
    result: CellResult

    @property
    def label(self) -> str:
        """One word: the verdict, or `failed`, `stopped`, `missing` where none was reached."""
        return label(self.result.state, self.result.verdict)

    @property
    def word(self) -> Word:
        """How the cell is shown: by its verdict, or by what kept it from one."""
        return look(self.result.state, self.result.verdict)

    @property
    def title(self) -> str:
        """Suite, times sign, frontend, and in brackets worker and channel."""
        return title(self.planned.pair)

    @property
    def tests(self) -> int:
        """Number of all its tests."""
        return sum(self.result.counts.values())

    @property
    def passing(self) -> int:
        """Number of tests that pass with the frontend under test."""
        return passing(self.result.counts)

    @property
    def total(self) -> int:
        """Number of tests that were to run on either side."""
        return total(self.result.counts)


def label(state: CellState, verdict: Verdict) -> str:
    """Return one word for a cell: its verdict, or what kept it from one."""
    return STATES[state].name if state in STATES else verdict.value


def passing(counts: Mapping[Verdict, int]) -> int:
    """Count the tests that pass with the frontend under test."""
    return sum(number for verdict, number in counts.items() if verdict.passes)


def total(counts: Mapping[Verdict, int]) -> int:
    """Count the tests, without those that run on neither side."""
    return sum(number for verdict, number in counts.items() if verdict.ran)


def cell_views(matrix: MatrixRun) -> list[CellView]:
    """Join what was planned with what came of it, in the order of the matrix run.

    Raises UsageError if a cell is not in the plan.
    """
    planned = {cell.id: cell for cell in matrix.plan.cells}
    for cell in matrix.cells:
        if cell.id not in planned:
            raise UsageError(f"matrix run {matrix.id}: its plan has no cell {cell.id!r}")
    return [CellView(i, planned[cell.id], cell) for i, cell in enumerate(matrix.cells)]


def reused(matrix: MatrixRun) -> str:
    """Return how much of a run is results of earlier ones, and how old; empty if nothing is."""
    found = [row for row in matrix.cells if row.reused]
    if not found:
        return ""
    oldest = min(row.started for row in found)
    return f"{len(found)} of {len(matrix.cells)} results used again, since {moment(oldest)}"


def tests_by_verdict(cells: Sequence[CellView]) -> Counter[Verdict]:
    """Add up the tests of all cells."""
    counts: Counter[Verdict] = Counter()
    for cell in cells:
        counts.update(cell.result.counts)
    return counts


def headline(matrix: MatrixRun, cells: Sequence[CellView]) -> tuple[str, str]:
    """Return what came of a matrix, the worst first, and what else there is to say, or nothing.

    `3 of 12 pairs regressed` and `1 gave no result`.
    """
    worst, rest = _sentence(cells)
    return (f"Interrupted: {worst}" if matrix.interrupted else worst), rest


def sentence(matrix: MatrixRun, cells: Sequence[CellView]) -> str:
    """Write both parts of the headline as one: `3 of 12 pairs regressed, 1 gave no result`."""
    return ", ".join(filter(None, headline(matrix, cells)))


def _sentence(cells: Sequence[CellView]) -> tuple[str, str]:
    labels = Counter(cell.label for cell in cells)
    told = [(labels[it.name], it.pairs) for it in LOOKS if it.pairs and labels[it.name]]
    if not cells:
        return "No pair was run", ""
    if not told:
        return _all_is_well(cells, labels)
    (number, phrase), *rest = told
    if len(cells) == 1:
        return f"{cells[0].title} {phrase}", ", ".join(_uncovered(cells))
    also = ", ".join([*(f"{count} {what}" for count, what in rest), *_uncovered(cells)])
    return f"{number} of {len(cells)} pairs {phrase}", also


def _all_is_well(cells: Sequence[CellView], labels: Counter[str]) -> tuple[str, str]:
    if len(cells) == 1:
        known = cells[0].result.counts.get(Verdict.KNOWN, 0)
        told = [f"with {plural(known, 'known failure')}"] if known else []
        well = f"{cells[0].title} is compatible"
    else:
        told = [f"{labels['known']} with known failures"] if labels["known"] else []
        well = f"All {len(cells)} pairs are compatible"
    return well, ", ".join([*told, *_uncovered(cells)])


def _uncovered(cells: Sequence[CellView]) -> Iterator[str]:
    """Say how many tests were left out because something was lacking, if any were."""
    if number := tests_by_verdict(cells)[Verdict.UNAVAILABLE]:
        yield f"{plural(number, 'test')} not covered, as something was lacking"
