"""What running a plan will take."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from harness.model.matrix import Plan
from harness.plan.forecast import Durations, forecast
from tests.unit.plan.test_shards import CELLS, plan

BUILD = 30.0


def cached(made: Plan, *ids: str) -> Plan:
    """Say that builds are there; all of them, if none is named."""
    builds = (replace(one, cached=not ids or one.id in ids) for one in made.builds)
    return replace(made, builds=tuple(builds))


def test_builds_come_first_and_those_that_are_there_take_no_time() -> None:
    made = plan({"a f": 100.0}, BUILD)
    first = forecast(made, 1)
    assert first is not None
    assert (first.builds, first.cells, first.wall) == (90.0, 100.0, 190.0)
    beside = forecast(made, 3)
    assert beside is not None
    assert beside.wall == 130.0
    again = forecast(cached(made), 3)
    assert again is not None
    assert (again.builds, again.wall) == (0.0, 100.0)
    some = forecast(cached(made, "suite a"), 1)
    assert some is not None
    assert some.builds == 60.0


def test_cells_run_beside_builds_of_others_the_longest_first() -> None:
    made = plan({"a f": 100.0, "b f": 10.0}, BUILD)
    two = forecast(made, 2)
    assert two is not None
    # suite a, frontend f | frontend a, suite b; cell a from 60 on, frontend b till 90, cell b
    assert (two.builds, two.cells, two.wall) == (150.0, 110.0, 160.0)


def test_nothing_is_expected_without_a_history() -> None:
    assert forecast(plan({"a f": None, "b f": None}, BUILD), 1) is None


def test_what_is_not_known_counts_as_the_median_and_is_counted() -> None:
    made = cached(plan({"a f": 100.0, "b f": 300.0, "c f": None}, None), "suite a")
    found = forecast(made, 1)
    assert found is not None
    assert (found.cells, found.builds) == (600.0, 0.0)
    assert found.unknown == 1 + 6, "a cell, and the builds that are not there"


@pytest.mark.parametrize("known", [True, False])
def test_a_part_takes_its_cells_and_all_that_they_need(*, known: bool) -> None:
    made = plan({"a f": 100.0 if known else None, "a g": None, "b f": None}, BUILD)
    took = Durations(made).part(made.cells[:2])
    assert took == (200.0 + 4 * BUILD if known else None)


@given(CELLS, st.integers(1, 8), st.floats(0.0, 600.0))
def test_the_wall_time_is_between_its_bounds(
    cells: dict[str, float | None], jobs: int, setup: float
) -> None:
    made = plan(cells, setup)
    found = forecast(made, jobs)
    if found is None:
        return
    work = found.builds + found.cells
    longest = max(Durations(made).cell(cell) for cell in made.cells)
    assert max(work / jobs, longest) <= found.wall * 1.0001
    # Graham's bound for any schedule that leaves no machine idle while something is ready.
    assert found.wall <= (work / jobs + setup + longest) * 1.0001
    one = forecast(made, 1)
    assert one is not None
    assert one.wall == pytest.approx(work)
