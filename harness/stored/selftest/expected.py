"""Which expectations a planned cell is held to."""

from __future__ import annotations

from collections.abc import Mapping

from harness.config.expectations import Expectation
from harness.config.matrixfile import SCENARIOS, Include, Matrix
from harness.errors import ConfigError
from harness.model import Pair
from harness.model.matrix import Plan


def expectations(matrix: Matrix, plan: Plan) -> Mapping[str, tuple[Expectation, ...]]:
    """Return what is expected of each cell of the plan that was made of a matrix, by its id.

    Raises ConfigError for a matrix with cells of which nothing is expected.
    """
    silent = [row.place for row in matrix.pairs]
    silent += [cell.place for cell in matrix.include if not cell.expect]
    if silent:
        raise ConfigError(
            f"{silent[0]}: nothing is expected of these cells, so they test nothing",
            hint="a self-test has `include` alone, and each of its cells an `expect`",
        )
    return {cell.id: expected_of(matrix, cell.pair) for cell in plan.cells}


def expected_of(matrix: Matrix, pair: Pair) -> tuple[Expectation, ...]:
    """Return what the first cell of the matrix that is this pair expects; nothing if none is."""
    return next((one.expect for one in matrix.include if _is(one, pair)), ())


def _is(wanted: Include, pair: Pair) -> bool:
    return (
        (wanted.daemon, wanted.frontend) == (pair.suite.asked, pair.frontend.asked)
        and wanted.worker == pair.worker
        and wanted.channel in {None, pair.frontend_channel}
        and (wanted.vary, wanted.tests == SCENARIOS) == (pair.vary, pair.scenarios)
    )
