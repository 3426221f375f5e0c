"""The table of a plan, as people read it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from harness.model.matrix import Plan
from harness.plan.queue import Limits
from harness.plan.shards import split
from harness.reports.plantable import render
from tests.unit.plan.test_shards import plan


def shared(made: Plan) -> dict[str, str]:
    """Let the cells of a suite share its control."""
    return {cell.id: cell.suite for cell in made.cells}


@pytest.fixture
def made() -> Plan:
    whole = plan(
        {"v0.6.4 master": 90.0, "v0.6.4 1.10.0": None, "v0.8.3 master": 3725.0}, setup=45.0
    )
    first, *rest = whole.builds
    return replace(whole, builds=(replace(first, cached=True), *rest))


def test_a_plan_is_told_as_it_was_read_and_approved(
    made: Plan, golden: Callable[[str, str], None]
) -> None:
    golden("plan/table.txt", render(made, None, Limits(2), shared(made)))


def test_shards_are_told_with_it(made: Plan, golden: Callable[[str, str], None]) -> None:
    golden("plan/table-shards.txt", render(made, split(made, 2), Limits(1), shared(made)))


def test_a_plan_without_a_history_expects_nothing(
    made: Plan, golden: Callable[[str, str], None]
) -> None:
    cells = tuple(replace(cell, expected=None) for cell in made.cells)
    builds = tuple(replace(build, expected=None, cached=True) for build in made.builds)
    new = replace(made, cells=cells, builds=builds)
    golden("plan/table-new.txt", render(new, None, Limits(1), shared(new)))


def test_what_is_left_out_here_is_shown_and_not_counted(
    made: Plan, golden: Callable[[str, str], None]
) -> None:
    (old,) = (it.id for it in made.cells if it.suite.endswith("v0.8.3"))
    golden(
        "plan/table-left-out.txt",
        render(made, split(made, 2), Limits(1), shared(made), frozenset({old})),
    )
    whole = frozenset(it.id for it in made.cells)
    told = render(made, None, Limits(1), shared(made), whole)
    assert told.startswith(
        "nightly: 0 cells and 3 left out, 0 suites, 0 frontends, 0 controls, 0 of"
    )
    assert told.endswith("Every cell is left out, as something that it needs is not here.\n")


def test_cells_are_numbered_and_no_line_ends_in_blanks(made: Plan) -> None:
    lines = render(made, None, Limits(1), {}).splitlines()
    numbers = [line.split()[0] for line in lines if "_" in line or "~" in line]
    assert numbers == ["1", "2", "3"]
    assert all(line == line.rstrip() for line in lines)
