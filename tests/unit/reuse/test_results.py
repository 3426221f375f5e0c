"""Results that stand in for runs: which do, how they are judged, and what drifts.

Go says nothing here, so that a build is known again by its key alone; the rest is tried on MiniKit.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest
from msgspec.structs import replace

from harness.backends.base import Backend
from harness.config.amounts import Age
from harness.config.policy import Policy
from harness.errors import InfrastructureError
from harness.journal import cells, read_run
from harness.model import Status, Verdict
from harness.model.matrix import CellState, MatrixRun
from harness.plan.cell import Cell, Settings
from harness.plan.opening import Opened
from harness.plan.workspace import Workspace
from harness.reuse import Likeness, Results, Terms
from harness.store import Store
from tests.support.played import entry
from tests.support.played_matrices import REGRESSED, Fleet, cells_of

ALL = Policy(fresh_share=0.0)
CELLS = [f"{suite}~{it}~oci" for suite in ("v0.6.4", "v0.8.3") for it in ("f1", "f2", "f3")]


@dataclass
class Nights:
    """A matrix that runs night after night with `--reuse`."""

    fleet: Fleet
    policy: Policy = ALL
    later: timedelta = timedelta()
    """By how much it is later now than it is."""
    lists: Mapping[str, Cell] | None = None

    def run(self) -> tuple[Path, MatrixRun]:
        self.fleet.yard.legs.clear()
        ledger = self.fleet.ledger()
        backend, workspace = cast(Backend, self.fleet.yard), cast(Workspace, None)
        opened = Opened(self.fleet.plan, workspace, backend, None)
        results = Results(
            opened=opened,
            settings=self.fleet.settings,
            store=Store(self.fleet.folder / "cache"),
            terms=Terms(self.policy, datetime.now(UTC) + self.later, ledger.folder.name),
            likeness=Likeness(opened, lambda *_: ()),
            command=lambda it: ("compat-run", it.pair.suite.ref, it.pair.frontend.ref),
        )
        mine = self.lists or cells_of(self.fleet.plan)
        rows = list(results.rows(mine, ledger.folder))
        ledger.rows |= {row.id: row for row in rows}
        left = {name: cell for name, cell in mine.items() if name not in ledger.rows}
        return self.fleet.run(ledger, cells=left, keep=results.keep)

    @property
    def ran(self) -> set[str]:
        """The cells that ran just now, controls aside."""
        legs = (leg.split() for leg in self.fleet.yard.legs)
        return {f"{suite}~{frontend}~oci" for suite, frontend in legs if suite != frontend}

    def excuse(self, name: str, test: str) -> None:
        """Have a skip list that knows of a failure in one cell."""
        entries = (entry(test, Status.EXPECTED_FAILURE, "no such mount"),)
        every = cells_of(self.fleet.plan)
        self.lists = {**every, name: dataclasses.replace(every[name], entries=entries)}


@pytest.fixture
def nights(tmp_path: Path) -> Nights:
    return Nights(Fleet(tmp_path))


def reused(made: MatrixRun) -> dict[str, str]:
    return {row.id: row.reused for row in made.cells if row.reused}


def test_a_second_night_with_nothing_new_runs_nothing(nights: Nights) -> None:
    nights.fleet.yard.plays["v0.8.3 f2"] = REGRESSED
    first, then = nights.run()
    assert nights.ran == set(CELLS)
    assert reused(then) == {}
    folder, made = nights.run()
    assert nights.fleet.yard.legs == []
    assert reused(made) == dict.fromkeys(CELLS, first.name)
    assert [row.started for row in made.cells] == [row.started for row in then.cells]
    assert (made.verdict, made.exit_code) == (then.verdict, then.exit_code) == ("regressed", 1)
    for (row, run), (_, before) in zip(cells(folder), cells(first), strict=True):
        assert run is not None
        assert before is not None
        assert (row.state, run.judgements) == (CellState.DONE, before.judgements)
        assert (folder / row.run / run.legs[0].folder / "raw.log").read_bytes()


def test_what_was_used_again_is_used_again(nights: Nights) -> None:
    first, _ = nights.run()
    nights.run()
    assert set(reused(nights.run()[1]).values()) == {first.name}


def test_another_build_of_a_frontend_costs_its_column(nights: Nights) -> None:
    nights.run()
    builds = (
        replace(it, key="0ther") if it.id == "frontend f2" else it
        for it in nights.fleet.plan.builds
    )
    nights.fleet.plan = replace(nights.fleet.plan, builds=tuple(builds))
    _, made = nights.run()
    assert nights.ran == {"v0.6.4~f2~oci", "v0.8.3~f2~oci"}
    assert reused(made).keys() == set(CELLS) - nights.ran


SETTINGS: dict[str, Settings] = {
    "other tests": Settings(offline=True, reruns=0, tests=("TestCopy",)),
    "more attempts": Settings(offline=True, reruns=1),
    "with a network": Settings(offline=False, reruns=0),
    "a limit": Settings(offline=True, reruns=0, test_timeout=9.0),
    "no control": Settings(offline=True, reruns=0, control=False),
}


@pytest.mark.parametrize("name", SETTINGS)
def test_what_decides_over_a_result_is_part_of_it(name: str, nights: Nights) -> None:
    nights.run()
    nights.fleet.settings = SETTINGS[name]
    limit = SETTINGS[name].test_timeout
    nights.fleet.plan = replace(
        nights.fleet.plan,
        cells=tuple(replace(it, test_timeout=limit) for it in nights.fleet.plan.cells),
    )
    assert reused(nights.run()[1]) == {}


@pytest.mark.parametrize(
    ("hours", "number"), [(23, 6), (25, 0), (-1, 0)], ids=["young", "old", "to come"]
)
def test_a_result_stands_for_as_long_as_the_policy_says(
    hours: int, number: int, nights: Nights
) -> None:
    nights.run()
    nights.policy = Policy(max_age=Age(24 * 3600), fresh_share=0.0)
    nights.later = timedelta(hours=hours)
    assert len(reused(nights.run()[1])) == number
    assert len(nights.ran) == len(CELLS) - number


def test_a_result_is_judged_by_the_lists_of_today(nights: Nights) -> None:
    nights.fleet.yard.plays["v0.8.3 f2"] = REGRESSED
    assert nights.run()[1].verdict is Verdict.REGRESSED
    nights.excuse("v0.8.3~f2~oci", "TestMount")
    folder, made = nights.run()
    assert nights.ran == set()
    assert made.verdict is Verdict.KNOWN
    run = read_run(folder / "cells" / "v0.8.3~f2~oci")
    assert {row.verdict for row in run.judgements} == {Verdict.COMPATIBLE, Verdict.KNOWN}


def test_what_no_list_explains_any_more_is_run_again(nights: Nights) -> None:
    nights.fleet.yard.plays["v0.8.3 f2"] = REGRESSED
    nights.excuse("v0.8.3~f2~oci", "TestMount")
    nights.run()
    nights.lists = None
    _, made = nights.run()
    assert nights.ran == {"v0.8.3~f2~oci"}
    assert made.verdict is Verdict.REGRESSED


def test_a_share_is_run_again_and_told_where_it_drifts(nights: Nights) -> None:
    nights.run()
    nights.policy = Policy(fresh_share=1.0)
    _, made = nights.run()
    assert nights.ran == set(CELLS)
    assert (reused(made), made.warnings) == ({}, ())
    nights.fleet.yard.plays["v0.6.4 f3"] = REGRESSED
    _, made = nights.run()
    (told,) = made.warnings
    assert told.startswith("v0.6.4~f3~oci was run again though nothing had changed since 20")
    assert told.endswith("1 of 2 tests did otherwise: TestMount compatible → regressed")


def test_the_share_is_drawn_anew_in_every_run(nights: Nights) -> None:
    nights.run()
    nights.policy = Policy(fresh_share=0.5)
    drawn = []
    for _ in range(6):
        nights.run()
        drawn.append(frozenset(nights.ran))
    # Were it one draw for all, or none, this would be one set; by chance it is once in 10^9.
    assert len(set(drawn)) > 1


def test_what_a_machine_had_a_say_in_stands_for_nothing(nights: Nights) -> None:
    nights.fleet.yard.broken = frozenset({"frontend f1"})
    nights.fleet.yard.late = frozenset({"v0.6.4 f2"})
    nights.run()
    nights.fleet.yard.broken = nights.fleet.yard.late = frozenset()
    nights.run()
    assert nights.ran == {"v0.6.4~f1~oci", "v0.8.3~f1~oci", "v0.6.4~f2~oci"}


def test_a_worker_that_could_not_run_is_looked_at_again(nights: Nights) -> None:
    every = cells_of(nights.fleet.plan)
    first, *_ = CELLS
    nights.lists = {**every, first: dataclasses.replace(every[first], lacks=("program sudo",))}
    nights.run()
    nights.lists = every
    _, made = nights.run()
    assert nights.ran == {first}
    assert {row.verdict for row in made.cells} == {Verdict.COMPATIBLE}


def test_a_network_that_failed_beside_a_regression_stands_for_nothing(nights: Nights) -> None:
    nights.fleet.settings = Settings(offline=False, reruns=0)
    pulled = "fail docker.io/library/nosuch:latest: not found"
    nights.fleet.yard.plays["v0.6.4 f1"] = {**REGRESSED, "TestPull": ("pass", pulled)}
    assert nights.run()[1].verdict is Verdict.REGRESSED
    nights.run()
    assert nights.ran == {"v0.6.4~f1~oci"}


def test_a_result_that_cannot_be_kept_is_a_result(
    nights: Nights, monkeypatch: pytest.MonkeyPatch
) -> None:
    def keep(*_: object) -> Iterable[str]:
        raise InfrastructureError("no space left")

    monkeypatch.setattr(Results, "keep", keep)
    _, made = nights.run()
    assert made.verdict is Verdict.COMPATIBLE
    assert sorted(made.warnings) == [
        f"the result of {name} is not kept: no space left" for name in sorted(CELLS)
    ]


def test_a_damaged_result_is_none(nights: Nights) -> None:
    nights.run()
    for file in (nights.fleet.folder / "cache" / "result").glob("*/run/candidate/raw.log"):
        file.unlink()
    assert reused(nights.run()[1]) == {}
