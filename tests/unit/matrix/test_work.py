"""What the cells of a matrix share: builds and controls, each made once."""

from __future__ import annotations

import dataclasses
import threading
from collections import Counter
from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.config.skiplists import Entry
from harness.errors import (
    BuildError,
    Interrupted,
)
from harness.events import (
    BuildEnded,
    Warned,
)
from harness.journal import read_matrix
from harness.model import Status, Verdict
from harness.model.matrix import CellState
from harness.plan.cell import Settings, controls
from tests.support import stored_matrices
from tests.support.played import PATIENCE, entry, until_stopped
from tests.support.played_matrices import Fleet, Yard, cells_of, states


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    return Fleet(tmp_path)


def test_every_build_and_every_control_once(fleet: Fleet) -> None:
    folder, made = fleet.run()
    assert Counter(fleet.yard.built) == {build.id: 1 for build in fleet.plan.builds}
    suites, frontends = ("v0.6.4", "v0.8.3"), ("f1", "f2", "f3")
    assert fleet.yard.runs == {
        f"{suite} {frontend}": 1 for suite in suites for frontend in (suite, *frontends)
    }
    assert made.verdict is Verdict.COMPATIBLE
    assert made.exit_code == 0
    assert set(states(folder).values()) == {CellState.DONE}


def _skipping(name: str) -> Entry:
    return entry(name, Status.SKIP)


CONTROLS: dict[str, tuple[dict[str, object], tuple[Entry, ...], int]] = {
    "nothing": ({}, (), 2),
    "its time limit": ({"timeout": 60.0}, (), 3),
    "its tests": ({"tests": ("TestCopy",)}, (), 3),
    "what it skips": ({}, (_skipping("TestMount"),), 3),
    "the limit of a test": ({"test_timeout": 60.0}, (), 2),
    "its memory": ({"memory": 1 << 30}, (), 2),
}


@pytest.mark.parametrize("change", CONTROLS)
def test_as_many_controls_run_as_a_plan_counts(change: str, fleet: Fleet) -> None:
    own, entries, number = CONTROLS[change]
    first, *rest = fleet.plan.cells
    fleet.plan = replace(fleet.plan, cells=(replace(first, **own), *rest))
    cells = cells_of(fleet.plan)
    cells[first.id] = dataclasses.replace(cells[first.id], entries=entries)
    fleet.run(cells=cells)
    run = sum(fleet.yard.runs[f"{suite} {suite}"] for suite in ("v0.6.4", "v0.8.3"))
    counted = len(set(controls(fleet.plan, cells, fleet.settings).values()))
    assert (run, counted) == (number, number)


def test_two_lists_that_skip_the_same_share_a_control(fleet: Fleet) -> None:
    one, two = (_skipping(name) for name in ("TestMount", "TestCopy"))
    cells = cells_of(fleet.plan)
    for number, name in enumerate(cells):
        lists = (one, two) if number % 2 else (two, one, two)
        cells[name] = dataclasses.replace(cells[name], entries=lists)
    assert len(set(controls(fleet.plan, cells, fleet.settings).values())) == 2


def test_a_second_night_finds_builds_and_controls(fleet: Fleet) -> None:
    fleet.run()
    fleet.yard.legs.clear()
    _, made = fleet.run()
    assert made.builds == {}
    assert fleet.yard.runs.keys() == {
        f"{suite} {frontend}" for suite in ("v0.6.4", "v0.8.3") for frontend in ("f1", "f2", "f3")
    }


def test_fresh_controls_are_run_by_each_cell(fleet: Fleet) -> None:
    fleet.settings = Settings(offline=True, reruns=0, fresh_control=True)
    fleet.run()
    assert fleet.yard.runs["v0.6.4 v0.6.4"] == 3


def test_a_control_that_cannot_be_kept_is_run_by_each_cell(fleet: Fleet) -> None:
    fleet.yard.late = frozenset({"v0.6.4 v0.6.4"})
    fleet.run()
    assert fleet.yard.runs["v0.6.4 v0.6.4"] == 3
    assert fleet.yard.runs["v0.8.3 v0.8.3"] == 1


def test_builds_and_cells_overlap(fleet: Fleet) -> None:
    """A cell waits for a build that begins after it, and the build for that cell."""
    met = threading.Barrier(2, timeout=60)

    def build(name: str) -> None:
        if name == "suite v0.8.3":
            met.wait()

    def leg(name: str) -> None:
        if name == "v0.6.4 f1":
            met.wait()

    fleet.yard.before_build, fleet.yard.before_leg = build, leg
    _, made = fleet.run()
    assert made.exit_code == 0


def test_a_build_that_fails_fails_the_cells_that_need_it_once(fleet: Fleet) -> None:
    fleet.yard.broken = frozenset({"frontend f2"})
    folder, made = fleet.run()
    failed = [row for row in made.cells if row.state is CellState.FAILED]
    assert [row.id for row in failed] == ["v0.6.4~f2~oci", "v0.8.3~f2~oci"]
    assert {row.error for row in failed} == {"frontend f2 does not build"}
    assert Counter(fleet.yard.built)["frontend f2"] == 1
    assert (made.verdict, made.exit_code) == (Verdict.INFRA, 4)
    assert list(states(folder).values()).count(CellState.DONE) == 4
    [told] = [it for it in fleet.events if isinstance(it, BuildEnded) and it.error]
    assert told.build == "frontend f2"


def test_a_build_that_fails_stops_what_is_built_for_nothing(tmp_path: Path) -> None:
    begun, stopped = threading.Event(), []

    def build(name: str) -> None:
        if name != "frontend f1":
            begun.wait(PATIENCE)
            raise BuildError(f"{name} does not build")
        begun.set()
        end = until_stopped()
        stopped.append(name)
        assert end.status is None
        raise Interrupted("stopped")

    fleet = Fleet(tmp_path, Yard(before_build=build), stored_matrices.plan(["v0.6.4"], ["f1"]))
    _, made = fleet.run()
    assert stopped == ["frontend f1"]
    assert [(row.state, row.error) for row in made.cells] == [
        (CellState.FAILED, "suite v0.6.4 does not build")
    ]
    assert not made.interrupted


def test_what_builds_warn_of_is_said_once_and_kept(tmp_path: Path) -> None:
    fleet = Fleet(tmp_path, Yard(warns="push ghcr.io/you/compat: denied"))
    folder, made = fleet.run()
    assert made.warnings == ("push ghcr.io/you/compat: denied",)
    assert read_matrix(folder).warnings == made.warnings
    assert [it.text for it in fleet.events if isinstance(it, Warned)] == [*made.warnings]


def test_old_frontends_on_a_new_daemon_share_its_builds(tmp_path: Path) -> None:
    """The other direction: the suite's own frontend is a candidate elsewhere, and built once."""
    fleet = Fleet(
        tmp_path, Yard(), stored_matrices.plan(("v0.6.4", "master"), ("master", "v0.6.4"))
    )
    fleet.run()
    assert sorted(fleet.yard.built) == [
        "frontend master",
        "frontend v0.6.4",
        "suite master",
        "suite v0.6.4",
    ]
