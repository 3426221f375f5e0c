"""What comes of tasks that others do: taken in as a shard is, or told."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import TypeVar

import pytest
from msgspec.structs import replace

from harness.cluster.wire import Answer, Damaged, Work, failure, kin
from harness.engine.registry_errors import LIMITED, ImageRefused
from harness.errors import BuildError, InfrastructureError, Interrupted, UsageError
from harness.journal import read_run
from harness.journal.packing import pack
from harness.matrix.remote import Remote
from harness.matrix.work import Worker
from harness.model import Verdict
from harness.model.matrix import CellResult, CellState, MatrixRun
from tests.support.played_matrices import REGRESSED, Fleet

Answers = Callable[[Work], Answer]
T = TypeVar("T")


class Others:
    """A cluster that answers as a test says, and asks again for what is damaged once."""

    def __init__(self, answers: Answers) -> None:
        self.answers = answers
        self.asked: list[tuple[str, dict[str, float]]] = []

    def perform(self, work: Work, needs: dict[str, float], take: Callable[[Answer], T]) -> T:
        self.asked.append((work.task, needs))
        try:
            return take(self.answers(work))
        except Damaged as error:
            raise InfrastructureError(f"came damaged: {error}") from error


@dataclasses.dataclass
class Yard:
    """Cells that ran in one fleet, for answers to another one."""

    ran: Path
    rows: dict[str, CellResult]

    def answer(self, work: Work) -> Answer:
        if work.key:
            return Answer(key=work.key, path="/there", go_minor=21, warnings=("old stage",))
        row = self.rows[work.task]
        return Answer(row=row, folder=pack(self.ran / row.run) if row.run else b"")


@pytest.fixture
def yard(tmp_path: Path) -> Yard:
    there = Fleet(tmp_path / "there")
    there.yard.plays["v0.8.3 f2"] = REGRESSED
    folder, made = there.run()
    return Yard(folder, {row.id: row for row in made.cells})


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    return Fleet(tmp_path / "here")


def run(fleet: Fleet, answers: Answers, *, shared: bool = True) -> tuple[Path, MatrixRun, Others]:
    others = Others(answers)
    opened = SimpleNamespace(
        part=lambda tests: SimpleNamespace(
            plan=replace(fleet.plan, cells=tuple(it for it in fleet.plan.cells if it.id in tests))
        )
    )

    def hands(here: Worker) -> Remote:
        return Remote(here, others, opened, kin(), {}, shared)  # type: ignore[arg-type]

    folder, made = fleet.run(hands=hands)
    return folder, made, others


def test_the_ledger_is_that_of_who_ran_it(fleet: Fleet, yard: Yard) -> None:
    folder, made, others = run(fleet, yard.answer)
    assert {row.id: row for row in made.cells} == yard.rows
    for row in made.cells:
        assert read_run(folder / row.run / "run.json") == read_run(yard.ran / row.run / "run.json")
    assert fleet.yard.legs == fleet.yard.built == []
    wanted = [*(it.id for it in fleet.plan.builds), *yard.rows]
    assert sorted(task for task, _ in others.asked) == sorted(wanted)
    assert made.warnings == ("old stage",)


def test_where_caches_are_apart_nothing_is_built_by_itself(fleet: Fleet, yard: Yard) -> None:
    _, made, others = run(fleet, yard.answer, shared=False)
    assert [row.state for row in made.cells] == [CellState.DONE] * len(yard.rows)
    assert sorted(task for task, _ in others.asked) == sorted(yard.rows)
    assert all(needs["cores"] == 2 for _, needs in others.asked)


def test_a_build_that_fails_costs_its_cells(fleet: Fleet, yard: Yard) -> None:
    def answers(work: Work) -> Answer:
        if work.task == "suite v0.6.4":
            return failure(BuildError("it does not compile", hint="see the log"))
        return yard.answer(work)

    _, made, _ = run(fleet, answers)
    lost = [row for row in made.cells if row.state is CellState.FAILED]
    assert {row.id for row in lost} == {it.id for it in fleet.plan.cells if "v0.6.4" in it.suite}
    assert {(row.error, row.hint, row.exit_code) for row in lost} == {
        ("it does not compile", "see the log", 4)
    }


def test_a_limited_rate_that_a_worker_met_makes_its_cells_unavailable(
    fleet: Fleet, yard: Yard
) -> None:
    refused = ImageRefused("pull", "h.test:5000/go:1", LIMITED, "429")

    def answers(work: Work) -> Answer:
        met = work.task in {"suite v0.6.4", "v0.8.3~f1~oci"}
        return failure(refused) if met else yard.answer(work)

    folder, made, _ = run(fleet, answers)
    left_out = {row.id: row for row in made.cells if row.verdict is Verdict.UNAVAILABLE}
    wanted = {it.id for it in fleet.plan.cells if "v0.6.4" in it.suite} | {"v0.8.3~f1~oci"}
    assert left_out.keys() == wanted
    for row in left_out.values():
        stored = read_run(folder / row.run / "run.json")
        assert (stored.lacks, stored.limited) == (("a higher rate limit of h.test:5000",), True)
    assert [it for it in made.warnings if "limits the rate" in it]


@pytest.mark.parametrize(
    ("error", "state", "code"),
    [
        (UsageError("other data"), CellState.FAILED, 2),
        (InfrastructureError("no disk"), CellState.FAILED, 4),
        (Interrupted("stopped"), CellState.INTERRUPTED, 130),
    ],
)
def test_what_a_worker_raises_is_the_cells_row(
    fleet: Fleet, yard: Yard, error: UsageError, state: CellState, code: int
) -> None:
    _, made, _ = run(fleet, lambda it: yard.answer(it) if it.key else failure(error))
    assert {(row.state, row.exit_code) for row in made.cells} == {(state, code)}
    assert all(not row.counts for row in made.cells)


def test_a_fault_of_ours_costs_its_task_alone(fleet: Fleet, yard: Yard) -> None:
    """As where a task is stopped while its scheduler goes away: Dask raises what it likes."""
    broken = next(iter(yard.rows))

    def answers(work: Work) -> Answer:
        if work.task == broken:
            raise OSError("Stream is closed")
        return yard.answer(work)

    _, made, _ = run(fleet, answers)
    (lost,) = (row for row in made.cells if row.state is not CellState.DONE)
    assert (lost.id, lost.error) == (broken, "unexpected OSError: Stream is closed")


def _other_cell(yard: Yard, work: Work) -> Answer:
    other = next(name for name in yard.rows if name != work.task)
    return yard.answer(replace(work, task=other))


def _other_folder(yard: Yard, work: Work) -> Answer:
    return replace(yard.answer(work), folder=_other_cell(yard, work).folder)


def _greener(yard: Yard, work: Work) -> Answer:
    mine = yard.answer(work)
    assert mine.row
    return replace(mine, row=replace(mine.row, counts={}))


def _elsewhere(yard: Yard, work: Work) -> Answer:
    mine = yard.answer(work)
    assert mine.row
    return replace(mine, row=replace(mine.row, run="cells/../../.."))


def _cut_off(yard: Yard, work: Work) -> Answer:
    mine = yard.answer(work)
    return replace(mine, folder=mine.folder[:20])


@pytest.mark.parametrize("wrong", [_other_cell, _other_folder, _greener, _elsewhere, _cut_off])
def test_a_result_that_is_not_what_it_says_is_no_verdict(
    fleet: Fleet, yard: Yard, wrong: Callable[[Yard, Work], Answer]
) -> None:
    def answers(work: Work) -> Answer:
        return yard.answer(work) if work.key else wrong(yard, work)

    folder, made, _ = run(fleet, answers)
    assert {row.state for row in made.cells} == {CellState.FAILED}
    assert all("came damaged" in row.error for row in made.cells)
    assert not list(folder.rglob("run.json"))
    assert not list(folder.glob(".*"))
