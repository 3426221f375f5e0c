"""Runs of a plan, as every command that runs one asks for them."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from harness.cli import session as sessions
from harness.cli.session import Session
from harness.config.policy import Policy
from harness.model.matrix import MatrixRun, PlannedCell
from harness.plan.cell import Cell
from harness.plan.opening import Opened
from harness.store import Store
from tests.support.played_matrices import Fleet, cells_of


@pytest.fixture
def fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fleet:
    monkeypatch.setattr(sessions, "asked_of_go", lambda *_: lambda *_: ())
    return Fleet(tmp_path)


def night(fleet: Fleet) -> MatrixRun:
    """Run a plan with `--reuse`; cells have a mirror of seeded images, if one is asked for."""

    def cell(planned: PlannedCell, *, seed: bool = True) -> Cell:
        made = cells_of(fleet.plan)[planned.id]
        return dataclasses.replace(made, mirror=fleet.folder / "5eed" if seed else None)

    fleet.yard.legs.clear()
    opened = SimpleNamespace(plan=fleet.plan, backend=fleet.yard, cell=cell)
    made, _ = Session(
        opened=cast(Opened, opened),
        store=Store(fleet.folder / "cache"),
        settings=fleet.settings,
        command=("compat", "matrix"),
        cell_command=lambda it: ("compat-run", it.pair.suite.ref, it.pair.frontend.ref),
        runs=fleet.folder / "runs",
        history=fleet.folder / "history.sqlite",
        mine=fleet.plan.cells,
        reuse=Policy(fresh_share=0.0),
    ).run_unrecorded()
    return made


def test_a_result_is_found_by_what_it_is_kept_by(fleet: Fleet) -> None:
    assert [row.reused for row in night(fleet).cells] == [""] * 6
    first = fleet.yard.runs
    second = night(fleet)
    assert (sum(first.values()), fleet.yard.legs) == (8, [])
    assert all(row.reused for row in second.cells)
