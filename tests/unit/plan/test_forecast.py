"""What running a plan will take, and what is left of it while it runs."""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from harness.model.matrix import Plan
from harness.plan.estimate import BUILD_SECONDS, Durations
from harness.plan.forecast import Forecast, forecast, left
from harness.plan.queue import BuildTask, Limits, Queue
from harness.plan.tasks import build_tasks, cell_tasks
from tests.unit.plan.test_shards import CELLS, plan

BUILD = 30.0


def cached(made: Plan, *ids: str) -> Plan:
    """Say that builds are there; all of them, if none is named."""
    builds = (replace(one, cached=not ids or one.id in ids) for one in made.builds)
    return replace(made, builds=tuple(builds))


def shared(made: Plan) -> dict[str, str]:
    """Let the cells of a suite share its control."""
    return {cell.id: cell.suite for cell in made.cells}


def expected(made: Plan, jobs: int = 1) -> Forecast:
    found = forecast(made, Limits(jobs), shared(made))
    assert found is not None
    return found


def test_a_cell_waits_for_its_builds_and_those_of_one_commit_for_each_other() -> None:
    made = plan({"a f": 100.0}, BUILD)
    first = expected(made)
    # suite a and frontend f side by side, then frontend a
    assert (first.builds, first.cells, first.wall) == (90.0, 100.0, 160.0)
    assert expected(made, 3).wall == 160.0


def test_builds_that_are_there_take_no_time() -> None:
    made = plan({"a f": 100.0}, BUILD)
    again = expected(cached(made))
    assert (again.builds, again.wall) == (0.0, 100.0)
    some = expected(cached(made, "suite a"))
    assert (some.builds, some.wall) == (60.0, 130.0)


def test_two_cells_with_a_control_that_is_run_fit_where_the_first_did() -> None:
    made = cached(plan({"a f": 100.0, "a g": 100.0, "a h": 100.0}))
    assert expected(made).wall == 200.0
    own = forecast(made, Limits(1), {})
    assert own is not None
    assert own.wall == 300.0, "each runs its own control"


def test_what_has_no_memory_beside_others_runs_alone() -> None:
    made = cached(plan({"a f": 100.0, "b f": 100.0}))
    assert expected(made, 2).wall == 100.0
    large = replace(made, cells=tuple(replace(cell, memory=3) for cell in made.cells))
    found = forecast(large, Limits(2, memory=5), shared(large))
    assert found is not None
    assert found.wall == 200.0


def test_nothing_is_expected_without_a_history() -> None:
    made = plan({"a f": None, "b f": None}, BUILD)
    assert forecast(made, Limits(1), shared(made)) is None


def test_what_is_not_known_counts_as_the_median_and_is_counted() -> None:
    made = cached(plan({"a f": 100.0, "b f": 300.0, "c f": None}, None), "suite a")
    found = expected(made)
    assert (found.cells, found.builds) == (600.0, 6 * BUILD_SECONDS)
    assert found.unknown == 1 + 6, "a cell, and the builds that are not there"


@pytest.mark.parametrize("known", [True, False])
def test_a_shard_takes_its_cells_and_all_that_they_need(*, known: bool) -> None:
    made = plan({"a f": 100.0 if known else None, "a g": None, "b f": None}, BUILD)
    took = Durations(made).shard(made.cells[:2])
    assert took == (200.0 + 4 * BUILD if known else None)


def test_what_was_measured_tells_of_what_is_not_known() -> None:
    made = plan({"a f": None, "b f": None}, None)
    durations = Durations(made)
    first, second = (cell.id for cell in made.cells)
    assert not durations.known
    durations.took("suite a", 10.0)
    assert durations.of("suite b") == 10.0
    assert not durations.known, "a build says nothing of cells"
    durations.took(first, 50.0)
    durations.took(first, 70.0)
    assert (durations.known, durations.of(second)) == (True, 60.0)


@given(CELLS, st.integers(1, 8), st.floats(0.0, 600.0))
def test_the_wall_time_is_between_its_bounds(
    cells: dict[str, float | None], jobs: int, setup: float
) -> None:
    made = plan(cells, setup)
    found = forecast(made, Limits(jobs), shared(made))
    if found is None:
        return
    longest = max(Durations(made).of(cell.id) for cell in made.cells)
    assert max(found.cells / (2 * jobs), longest + setup) <= found.wall * 1.0001
    assert found.wall <= (found.builds + found.cells) * 1.0001


# While it runs


@dataclass
class Course:
    """A queue that is carried out, where everything takes as long as was expected."""

    made: Plan
    limits: Limits
    now: float = 0.0
    began: dict[str, float] = field(default_factory=dict)
    ran: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.durations = Durations(self.made)
        self.queue = Queue(
            build_tasks(self.made.builds, self.durations),
            cell_tasks(self.made.cells, shared(self.made), self.durations),
            self.limits,
            self.ran.__contains__,
        )
        self.ends: list[tuple[float, str]] = []

    def left(self) -> float:
        seconds = left(self.queue, self.durations, self.began, self.now)
        assert seconds is not None
        return seconds

    def begin(self) -> None:
        while (task := self.queue.begin()) is not None:
            found = isinstance(task, BuildTask) and task.found
            self.began[task.id] = self.now
            took = 0.0 if found else self.durations.of(task.id)
            heapq.heappush(self.ends, (self.now + took, task.id))

    def end(self) -> None:
        self.now = self.ends[0][0]
        while self.ends and self.ends[0][0] == self.now:
            _, name = heapq.heappop(self.ends)
            if isinstance(self.queue.running[name][0], BuildTask):
                self.queue.built(name)
            else:
                self.ran.add(name)
                self.queue.ended(name, control=True)


@given(CELLS, st.integers(1, 4), st.sampled_from([0.0, 1.0, 100.0]))
def test_if_all_goes_as_expected_what_is_left_is_what_it_takes(
    cells: Mapping[str, float | None], jobs: int, setup: float
) -> None:
    made = plan({name: float(round(took or 0.0)) for name, took in cells.items()}, setup)
    course = Course(made, Limits(jobs))
    wall = expected(made, jobs).wall
    while not course.queue.idle:
        assert course.now + course.left() == wall
        course.begin()
        assert course.now + course.left() == wall
        course.end()
    assert course.now == wall


def test_what_is_late_is_given_a_little_more() -> None:
    course = Course(cached(plan({"a f": 100.0})), Limits(1))
    course.begin()
    course.end()
    course.begin()
    course.now = 60.0
    assert course.left() == 40.0
    course.now = 1000.0
    assert course.left() == 10.0


def test_nothing_is_said_to_be_left_while_nothing_is_known() -> None:
    made = plan({"a f": None})
    course = Course(made, Limits(1))
    assert left(course.queue, course.durations, {}, 0.0) is None
