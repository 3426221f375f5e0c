"""A matrix is run: every cell accounted for, and told of."""

from __future__ import annotations

import dataclasses
from collections import Counter
from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.engine.registry_errors import LIMITED, ImageRefused
from harness.errors import (
    BuildError,
    CompatError,
    ConfigError,
    InfrastructureError,
)
from harness.events import (
    BuildEnded,
    BuildStarted,
    CellEnded,
    CellTold,
    Forecast,
    LegEnded,
    MatrixStarted,
)
from harness.journal import cells, read_matrix, read_plan, read_run
from harness.matrix.resume import done
from harness.model import Verdict
from harness.model.matrix import CellState
from harness.plan.queue import Limits
from harness.run import hangs
from tests.support import stored_matrices
from tests.support.played_matrices import REGRESSED, Fleet, Yard, cells_of, states


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    return Fleet(tmp_path)


def test_what_is_on_disk_is_what_was_given(fleet: Fleet) -> None:
    fleet.yard.plays["v0.8.3 f2"] = REGRESSED
    folder, made = fleet.run()
    assert read_matrix(folder) == made
    assert read_plan(folder) == fleet.plan == made.plan
    assert made.builds.keys() == {build.id for build in fleet.plan.builds}
    found = {row.id: run for row, run in cells(folder)}
    assert [run.verdict if run else None for run in found.values()].count(Verdict.REGRESSED) == 1
    regressed = found["v0.8.3~f2~oci"]
    assert regressed is not None
    assert regressed.rerun == ("compat-run", "v0.8.3", "f2", "--tests", "TestMount")
    assert (made.verdict, made.exit_code) == (Verdict.REGRESSED, 1)
    # A cell is no run of its own: `latest` is that of the whole.
    assert not (folder / "cells" / "latest").is_symlink()


def test_the_time_limit_is_each_cell_s_own(fleet: Fleet) -> None:
    fleet.plan = replace(
        fleet.plan,
        cells=tuple(
            replace(it, timeout=60.0) if it.candidate == "frontend f1" else it
            for it in fleet.plan.cells
        ),
    )
    fleet.run()
    # Another time limit is another control.
    assert fleet.yard.runs["v0.6.4 v0.6.4"] == 2


def test_where_a_worker_lacks_something_nothing_is_built_for_it_and_the_others_run(
    fleet: Fleet,
) -> None:
    lacking = [it.id for it in fleet.plan.cells if it.pair.suite.ref == "v0.6.4"]
    given = cells_of(fleet.plan)
    lacks = {it: dataclasses.replace(given[it], lacks=("program sudo",)) for it in lacking}
    folder, made = fleet.run(cells={**given, **lacks})
    assert "suite v0.6.4" not in fleet.yard.built
    assert {run.split()[0] for run in fleet.yard.runs} == {"v0.8.3"}
    assert (made.verdict, made.exit_code) == (Verdict.COMPATIBLE, 0)
    found = {row.id: row for row in made.cells}
    assert {found[it].verdict for it in lacking} == {Verdict.UNAVAILABLE}
    stored = {row.id: run for row, run in cells(folder)}
    assert all((run := stored[it]) and run.lacks == ("program sudo",) for it in lacking)
    assert {event.result.id for event in fleet.events if isinstance(event, CellEnded)} == set(found)


def test_where_every_worker_lacks_something_the_matrix_is_unavailable(fleet: Fleet) -> None:
    lacks = {
        name: dataclasses.replace(cell, lacks=("user-namespaces",))
        for name, cell in cells_of(fleet.plan).items()
    }
    _, made = fleet.run(cells=lacks)
    assert not fleet.yard.built
    assert (made.verdict, made.exit_code) == (Verdict.UNAVAILABLE, 0)


LIMITED_HUB = "a higher rate limit of docker.io"


def limit_the_old_suite(name: str) -> None:
    if name == "suite v0.6.4":
        raise ImageRefused("pull", "golang:1.21", LIMITED, "toomanyrequests: slow down")


@pytest.mark.parametrize(("offline", "code"), [(True, 0), (False, 4)])
def test_what_a_limited_rate_kept_from_being_built_is_unavailable_and_the_others_run(
    fleet: Fleet,
    offline: bool,  # noqa: FBT001 - a case, not passed
    code: int,
) -> None:
    fleet.settings = dataclasses.replace(fleet.settings, offline=offline)
    fleet.yard.before_build = limit_the_old_suite
    folder, made = fleet.run()
    left_out = [row for row in made.cells if row.id.startswith("v0.6.4")]
    assert {(row.state, row.verdict, row.exit_code, row.error) for row in left_out} == {
        (
            *(CellState.DONE, Verdict.UNAVAILABLE, code),
            f"a registry gave no more images for a while: it needs {LIMITED_HUB}",
        )
    }
    assert (made.verdict, made.exit_code) == (Verdict.COMPATIBLE, code)
    assert {run.split()[0] for run in fleet.yard.runs} == {"v0.8.3"}
    stored = {row.id: run for row, run in cells(folder)}
    for row in left_out:
        run = stored[row.id]
        assert run
        assert (run.lacks, run.limited, run.exit_code) == ((LIMITED_HUB,), True, code)
    (told,) = made.warnings
    assert "pull golang:1.21: docker.io limits the rate of requests: toomanyrequests" in told
    # What may be over the next time is run then.
    assert done(folder, made, fleet.plan.cells).keys() == {
        row.id for row in made.cells if row not in left_out
    }


def test_what_could_not_be_pulled_for_a_limited_rate_is_left_out_at_once(fleet: Fleet) -> None:
    kept_back = {
        name: dataclasses.replace(cell, limited=LIMITED_HUB)
        for name, cell in cells_of(fleet.plan).items()
    }
    _, made = fleet.run(cells=kept_back)
    assert not fleet.yard.built
    assert (made.verdict, made.exit_code) == (Verdict.UNAVAILABLE, 0)


def test_the_time_limit_of_a_test_is_each_cell_s_own(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hangs, "_LOOK", 0.0)
    fleet.yard.stuck = frozenset({"v0.8.3 f2"})
    fleet.plan = replace(
        fleet.plan, cells=tuple(replace(it, test_timeout=0.05) for it in fleet.plan.cells)
    )
    folder, _ = fleet.run()
    runs = {row.id: run for row, run in cells(folder)}
    stuck = runs["v0.8.3~f2~oci"]
    assert stuck is not None
    assert [bool(leg.overdue) for leg in stuck.legs] == [False, True, False]


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (BuildError("does not build"), 4),
        (ConfigError("x.yaml:1:2: wrong"), 2),
    ],
)
def test_a_cell_has_the_exit_code_of_what_kept_it_from_running(
    error: CompatError, code: int, tmp_path: Path
) -> None:
    def build(_name: str) -> None:
        raise error

    fleet = Fleet(tmp_path, Yard(before_build=build), stored_matrices.plan(["v0.6.4"], ["f1"]))
    _, made = fleet.run()
    assert [row.exit_code for row in made.cells] == [code]
    assert made.exit_code == 4


def test_the_cell_of_a_pair_lies_in_the_runs_own_folder(tmp_path: Path) -> None:
    plan = stored_matrices.plan(["v0.6.4"], ["f1"], pair=True)
    fleet = Fleet(tmp_path, Yard({"v0.6.4 f1": REGRESSED}), plan)
    folder, made = fleet.run()
    assert [row.run for row in made.cells] == ["."]
    assert read_run(folder).verdict is Verdict.REGRESSED
    assert (folder / "control" / "raw.log").is_file()
    assert not (folder / "cells").exists()


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (InfrastructureError("the engine is gone", hint="start it"), "the engine is gone"),
        (ZeroDivisionError("oh"), "unexpected ZeroDivisionError: oh"),
    ],
)
def test_a_cell_that_cannot_be_run_is_a_row_and_others_go_on(
    fleet: Fleet, fault: Exception, said: str
) -> None:
    def leg(name: str) -> None:
        if name == "v0.6.4 f1":
            raise fault

    fleet.yard.before_leg = leg
    folder, made = fleet.run()
    [failed] = [row for row in made.cells if row.state is not CellState.DONE]
    assert (failed.id, failed.state) == ("v0.6.4~f1~oci", CellState.FAILED)
    assert said in failed.error
    assert failed.hint
    assert failed.verdict is Verdict.INFRA
    assert (folder / "cells" / failed.id).is_dir()  # what its legs left is there to be looked at
    # It was the one with the control, so the next one ran that.
    assert fleet.yard.runs["v0.6.4 v0.6.4"] == 2


def test_a_fault_of_ours_in_a_build_fails_its_cells_alone(fleet: Fleet) -> None:
    def build(name: str) -> None:
        if name == "suite v0.8.3":
            raise ZeroDivisionError

    fleet.yard.before_build = build
    _, made = fleet.run()
    assert [row.state for row in made.cells] == [CellState.DONE] * 3 + [CellState.FAILED] * 3


@pytest.mark.parametrize("limits", [Limits(1, 64 << 30), Limits(3, 64 << 30)])
def test_fail_fast_stops_at_the_first_regression(fleet: Fleet, limits: Limits) -> None:
    fleet.limits = limits
    fleet.yard.plays["v0.6.4 f1"] = REGRESSED
    folder, made = fleet.run(fail_fast=True)
    assert made.exit_code == 1
    assert not made.interrupted
    assert "stopped when v0.6.4~f1~oci failed (--fail-fast)" in made.warnings
    assert CellState.MISSING in states(folder).values()
    assert read_matrix(folder) == made


def test_without_fail_fast_a_regression_stops_nothing(fleet: Fleet) -> None:
    fleet.yard.plays["v0.6.4 f1"] = REGRESSED
    _, made = fleet.run()
    assert {row.state for row in made.cells} == {CellState.DONE}


def test_events_say_which_cell_they_belong_to(fleet: Fleet) -> None:
    fleet.run()
    assert fleet.events[0] == MatrixStarted(cells=6, builds=7)
    begun = Counter(it.build for it in fleet.events if isinstance(it, BuildStarted))
    assert begun == Counter(it.build for it in fleet.events if isinstance(it, BuildEnded))
    ended = [it.result.id for it in fleet.events if isinstance(it, CellEnded)]
    assert sorted(ended) == sorted(cell.id for cell in fleet.plan.cells)
    legs = Counter(
        it.cell
        for it in fleet.events
        if isinstance(it, CellTold) and isinstance(it.event, LegEnded)
    )
    assert sorted(legs.values()) == [1, 1, 1, 1, 2, 2]


def test_what_is_left_is_told_once_it_can_be(fleet: Fleet) -> None:
    fleet.run()
    left = [it.seconds for it in fleet.events if isinstance(it, Forecast)]
    assert left[0] is None  # no history, and nothing has ended
    assert left[-1] is not None


def test_what_history_knows_is_told_at_once(fleet: Fleet) -> None:
    fleet.plan = replace(
        fleet.plan,
        builds=tuple(replace(it, expected=10.0) for it in fleet.plan.builds),
        cells=tuple(replace(it, expected=100.0) for it in fleet.plan.cells),
    )
    fleet.run()
    first = next(it.seconds for it in fleet.events if isinstance(it, Forecast))
    # Two cells run both legs, four run one; two legs fit at once. The first cell waits for two
    # builds, one after the other: those of its daemon's commit.
    assert first == pytest.approx(2 * 10 + 2 * 100 + 4 * 50, abs=1)


def test_a_part_of_a_plan_is_run_for_a_shard(fleet: Fleet) -> None:
    only = ("v0.6.4~f2~oci", "v0.8.3~f2~oci")
    cells = {name: cell for name, cell in cells_of(fleet.plan).items() if name in only}
    folder, made = fleet.run(fleet.ledger(only), cells=cells)
    assert tuple(row.id for row in made.cells) == only
    assert "frontend f1" not in fleet.yard.built
    assert read_plan(folder) == fleet.plan


def test_what_is_done_already_is_not_run_again(fleet: Fleet) -> None:
    _, first = fleet.run()
    fleet.yard.legs.clear()
    ledger = fleet.ledger()
    done = {row.id: replace(row, run="") for row in first.cells[:5]}
    ledger.rows |= {name: replace(row, state=CellState.FAILED) for name, row in done.items()}
    left = {first.cells[5].id: cells_of(fleet.plan)[first.cells[5].id]}
    _, made = fleet.run(ledger, cells=left)
    assert fleet.yard.legs == ["v0.8.3 f3"]
    assert fleet.events[0] == MatrixStarted(cells=6, builds=3, done=5)
    assert made.cells[5].state is CellState.DONE
