"""The queue of a matrix does everything once, in time, and within what the machine holds."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.plan.queue import BuildTask, CellTask, Limits, Queue, Task

GIB = 1 << 30


@dataclass(frozen=True)
class World:
    """Tasks, and what becomes of each."""

    builds: tuple[BuildTask, ...]
    cells: tuple[CellTask, ...]
    limits: Limits
    bad: frozenset[str] = frozenset()
    """Builds that fail, cells that come to nothing."""
    stored: frozenset[object] = frozenset()
    """Controls that are there from the start."""
    unstorable: frozenset[object] = frozenset()


def found(task: Task) -> bool:
    return isinstance(task, BuildTask) and task.found


@dataclass
class Machine:
    """Carries a queue out in simulated time, and looks at it as it does."""

    world: World
    now: float = 0.0
    begun: list[str] = field(default_factory=list)
    ran: list[tuple[str, int]] = field(default_factory=list)
    """Cells with the legs that they ran."""
    lost: list[str] = field(default_factory=list)
    most: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.stored = set(self.world.stored)
        self.at_work: list[tuple[float, int, Task]] = []
        self.queue = Queue(self.world.builds, self.world.cells, self.world.limits, self.has)

    def has(self, cell: str) -> bool:
        return self.cell(cell).control in self.stored

    def cell(self, name: str) -> CellTask:
        return next(cell for cell in self.world.cells if cell.id == name)

    def run(self) -> Machine:
        while not self.queue.over:
            while (task := self.queue.begin()) is not None:
                self.begun.append(task.id)
                end = self.now + max(task.seconds, 0.001)
                heapq.heappush(self.at_work, (end, len(self.begun), task))
                self.look()
            assert self.at_work, "something waits and nothing runs"
            self.now, _, task = heapq.heappop(self.at_work)
            self.end(task)
        assert not self.at_work
        return self

    def end(self, task: Task) -> None:
        bad = task.id in self.world.bad
        if isinstance(task, BuildTask):
            if bad:
                self.lost += self.queue.not_built(task.id)
            else:
                self.queue.built(task.id)
            return
        assert isinstance(task, CellTask)
        legs = self.queue.running[task.id][1]
        self.ran.append((task.id, legs))
        if legs > 1 and not bad and task.control not in self.world.unstorable:
            self.stored.add(task.control)
        self.queue.ended(task.id, control=not bad)

    def look(self) -> None:
        running = [task for _, _, task in self.at_work if not found(task)]
        builds = [task for task in running if isinstance(task, BuildTask)]
        cells = [task for task in running if isinstance(task, CellTask)]
        legs = sum(legs for _, legs in self.queue.running.values())
        limits = self.world.limits
        assert {task.id for _, _, task in self.at_work} == self.queue.running.keys()
        assert legs <= limits.legs
        assert len(running) <= limits.threads
        assert len(builds) <= limits.builds
        assert len({build.commit for build in builds}) == len(builds)
        memory = sum(task.memory for task in running)
        assert memory <= limits.memory or len(running) == 1
        # One control is run by one cell at a time, unless no run of it can be kept.
        leading = Counter(
            cell.control
            for cell in cells
            if cell.control is not None and self.queue.running[cell.id][1] > 1
        )
        assert all(
            number == 1 or control in self.world.unstorable for control, number in leading.items()
        )


SUITES = ("d1", "d2", "d3", "d4")
FRONTENDS = ("f1", "f2", "f3")


def make_world(
    wanted: list[tuple[str, str]],
    seconds: dict[str, float] | None = None,
    memory: dict[str, int] | None = None,
    limits: Limits | None = None,
    found: Collection[str] = (),
    **ends: frozenset[str],
) -> World:
    seconds, memory = seconds or {}, memory or {}

    def build(side: str, ref: str) -> BuildTask:
        name = f"{side} {ref}"
        size = 0 if name in found else memory.get(name, GIB)
        return BuildTask(name, ref, seconds.get(name, 60.0), size, found=name in found)

    builds: dict[str, BuildTask] = {}
    cells = []
    for suite, frontend in wanted:
        needs = build("suite", suite), build("frontend", frontend), build("frontend", suite)
        builds |= {one.id: one for one in needs}
        name = f"{suite}~{frontend}"
        cells.append(
            CellTask(
                id=name,
                needs=tuple(one.id for one in needs),
                control=suite,
                seconds=seconds.get(name, 600.0),
                memory=memory.get(name, GIB),
            )
        )
    limits = limits or Limits(jobs=1, memory=16 * GIB)
    return World(tuple(builds.values()), tuple(cells), limits, **ends)


@st.composite
def worlds(draw: st.DrawFn) -> World:
    pairs = st.tuples(st.sampled_from(SUITES), st.sampled_from((*FRONTENDS, *SUITES)))
    wanted = draw(st.lists(pairs, min_size=1, max_size=14, unique=True))
    plain = make_world(wanted)
    names = [build.id for build in plain.builds] + [cell.id for cell in plain.cells]
    some = st.frozensets(st.sampled_from(names), max_size=3)
    suites = st.frozensets(st.sampled_from(SUITES), max_size=2)
    lengths = st.sampled_from([0.0, 1.0, 30.0, 60.0, 600.0])
    sizes = st.sampled_from([GIB // 2, GIB, 4 * GIB, 12 * GIB])
    return make_world(
        wanted,
        {name: draw(lengths) for name in names},
        {name: draw(sizes) for name in names},
        Limits(draw(st.integers(1, 4)), draw(st.sampled_from([2, 5, 16])) * GIB),
        found=draw(some),
        bad=draw(some),
        stored=draw(suites),
        unstorable=draw(suites),
    )


@given(worlds())
def test_everything_is_done_once_or_accounted_for(world: World) -> None:
    machine = Machine(world).run()
    assert max(Counter(machine.begun).values()) == 1
    ran = {name for name, _ in machine.ran}
    assert ran | set(machine.lost) == {cell.id for cell in world.cells}
    assert not ran & set(machine.lost)
    failing = {cell.id for cell in world.cells if world.bad & set(cell.needs)}
    assert set(machine.lost) == {name for name in failing if name not in ran}
    assert ran >= {cell.id for cell in world.cells} - failing


@given(worlds())
def test_a_control_that_can_be_kept_is_run_by_one_cell_that_succeeds(world: World) -> None:
    machine = Machine(world).run()
    led = Counter(
        machine.cell(name).control
        for name, legs in machine.ran
        if legs > 1 and name not in world.bad
    )
    for control, number in led.items():
        assert control not in world.stored
        assert number == 1 or control in world.unstorable


@given(worlds())
def test_the_same_tasks_take_the_same_course(world: World) -> None:
    assert Machine(world).run().begun == Machine(world).run().begun


# One by one


def every(suites: tuple[str, ...] = SUITES[:2]) -> list[tuple[str, str]]:
    return [(suite, frontend) for suite in suites for frontend in FRONTENDS]


def test_a_matrix_begins_with_what_its_first_cell_needs_and_builds_beside_it() -> None:
    machine = Machine(make_world(every())).run()
    assert machine.begun == [
        "suite d1",
        "frontend f1",
        "frontend d1",
        "frontend f2",  # two builds at once while no cell can run
        "d1~f1",
        "frontend f3",  # one beside a cell
        "suite d2",
        "frontend d2",
        "d1~f2",
        "d1~f3",  # two at once: their control is stored
        "d2~f1",
        "d2~f2",
        "d2~f3",
    ]
    assert dict(machine.ran) == {
        "d1~f1": 2,
        "d1~f2": 1,
        "d1~f3": 1,
        "d2~f1": 2,
        "d2~f2": 1,
        "d2~f3": 1,
    }


def test_cells_that_are_built_run_longest_first() -> None:
    world = make_world(every(), {"d2~f2": 900.0, "d1~f3": 700.0})
    built = World(
        tuple(BuildTask(b.id, b.commit, 0.0, 0, found=True) for b in world.builds),
        world.cells,
        world.limits,
        stored=frozenset(SUITES),
    )
    cells = [name for name in Machine(built).run().begun if "~" in name]
    assert cells == ["d2~f2", "d2~f1", "d2~f3", "d1~f3", "d1~f1", "d1~f2"]


def test_what_is_there_already_does_not_wait_for_a_build() -> None:
    there = ("suite d2", "frontend d2", "frontend f1")
    world = make_world([("d1", "f1"), ("d2", "f1")], found=there)
    assert Machine(world).run().begun[3:5] == ["suite d1", "d2~f1"]


def test_a_build_that_fails_fails_the_cells_that_need_it_and_nothing_is_built_for_them() -> None:
    machine = Machine(make_world(every(), bad=frozenset({"suite d1"}))).run()
    assert machine.lost == ["d1~f1", "d1~f2", "d1~f3"]
    assert [name for name, _ in machine.ran] == ["d2~f1", "d2~f2", "d2~f3"]
    assert "frontend d1" not in machine.begun


def test_if_the_first_cell_of_a_suite_comes_to_nothing_the_next_runs_the_control() -> None:
    machine = Machine(make_world(every(("d1",)), bad=frozenset({"d1~f1"}))).run()
    assert machine.ran == [("d1~f1", 2), ("d1~f2", 2), ("d1~f3", 1)]


def test_if_a_control_cannot_be_kept_nobody_waits_for_it_again() -> None:
    world = make_world(every(("d1",)), limits=Limits(2, 16 * GIB), unstorable=frozenset({"d1"}))
    machine = Machine(world).run()
    assert machine.ran == [("d1~f1", 2), ("d1~f2", 2), ("d1~f3", 2)]
    assert machine.now < 3 * 600


def test_a_stored_control_keeps_nobody_waiting() -> None:
    machine = Machine(make_world(every(("d1",)), stored=frozenset({"d1"}))).run()
    assert [legs for _, legs in machine.ran] == [1, 1, 1]


@pytest.mark.parametrize("memory", [1, 2, 3])
def test_a_cell_above_the_budget_runs_alone(memory: int) -> None:
    limits = Limits(jobs=4, memory=memory * GIB)
    world = make_world(every(), memory={"d1~f1": 100 * GIB}, limits=limits)
    assert len(Machine(world).run().ran) == 6
