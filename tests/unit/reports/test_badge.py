"""The badge is green only if every pair has a result."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable

import pytest

from harness.model.matrix import CellState
from harness.reports.badge import badge
from harness.reports.overview import cell_views
from tests.support import example_runs, factories, matrix_factories
from tests.support.matrix_factories import Example

Golden = Callable[[str, str], None]
NIGHTLY = example_runs.nightly()
HOSTILE = example_runs.hostile()
EXAMPLES = {"nightly": NIGHTLY, "hostile": HOSTILE}

each = pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)


def test_the_badge_is_as_it_was_read(golden: Golden) -> None:
    golden("matrix/nightly.svg", badge(NIGHTLY.matrix, cell_views(NIGHTLY.matrix)))


@each
def test_a_badge_is_xml_with_what_it_says_as_its_name(example: Example) -> None:
    root = ET.fromstring(badge(example.matrix, cell_views(example.matrix)))  # noqa: S314 - ours
    texts = [it.text for it in root.iter("{http://www.w3.org/2000/svg}text")]
    assert root.attrib["aria-label"] == ": ".join(str(it) for it in texts)


@pytest.mark.parametrize(
    ("states", "said"),
    [
        ([CellState.DONE, CellState.DONE], "2 compatible"),
        ([CellState.DONE, CellState.MISSING], "1/2 without result"),
        ([CellState.FAILED], "1/1 without result"),
        ([CellState.INTERRUPTED], "1/1 without result"),
        ([], "0/0 without result"),
    ],
)
def test_a_badge_is_green_only_if_every_pair_has_a_result(
    states: list[CellState], said: str
) -> None:
    frontend = matrix_factories.MASTER
    cells, results = [], []
    for number, state in enumerate(states):
        suite = matrix_factories.commit(f"v0.{number}.0", "", "", "")
        cells.append(matrix_factories.planned(matrix_factories.pair(suite, frontend)))
        done = matrix_factories.result_of(cells[-1], factories.compatible_run())
        missing = matrix_factories.without_run(cells[-1], state)
        results.append(done if state is CellState.DONE else missing)
    matrix = matrix_factories.matrix_of(cells, results)
    assert f"compat: {said}" in badge(matrix, cell_views(matrix))
