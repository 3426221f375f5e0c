"""Which thread is done first changes nothing that is stored but times."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.backends.base import LegExit, LegRequest, Sink
from harness.journal import cells, read_matrix
from harness.model import Leg, Run
from harness.model.matrix import MatrixRun
from harness.plan.cell import Settings
from harness.plan.queue import Limits
from tests.support import stored_matrices
from tests.support.played import Bench, Player, stream
from tests.support.played_matrices import REGRESSED, Fleet

PATIENCE = 60.0
ACTS = {
    Leg.CONTROL: {"TestCopy": "pass", "TestMount": "pass", "TestOld": "fail as ever"},
    Leg.CANDIDATE: {"TestCopy": "pass", "TestMount": "fail no mount", "TestOld": "fail as ever"},
}


def timeless(run: Run) -> Run:
    """Take out what may differ between two runs that did the same."""
    legs = tuple(replace(leg, started="", seconds=0.0) for leg in run.legs)
    return replace(run, id="", started="", seconds=0.0, phases={}, legs=legs)


def in_order(folder: Path, first: Leg) -> Run:
    """Run a pair of which one side is always done before the other."""
    done = threading.Semaphore(0)
    bench = Bench(folder, Player({}))

    def play(leg: LegRequest, sink: Sink) -> LegExit:
        side = bench.player.side(leg)
        if side is not first:
            assert done.acquire(timeout=PATIENCE)
        sink(stream(ACTS[side]))
        if side is first:
            done.release()
        return LegExit(1, timed_out=False, seconds=0.1)

    bench.player.before = play
    bench.settings = Settings(offline=True, fresh_control=True, reruns=1)
    return bench.run()


def test_which_side_is_done_first_changes_nothing(tmp_path: Path) -> None:
    runs = [in_order(tmp_path / side, side) for side in Leg]
    assert len(runs[0].legs) == 4
    assert timeless(runs[0]) == timeless(runs[1])


def _stored(folder: Path) -> tuple[MatrixRun, list[Run]]:
    matrix = read_matrix(folder)
    rows = tuple(replace(row, started="", seconds=0.0) for row in matrix.cells)
    timeless_matrix = replace(matrix, id="", started="", seconds=0.0, builds={}, cells=rows)
    return timeless_matrix, [timeless(run) for _, run in cells(folder) if run is not None]


def in_turn(folder: Path, order: Sequence[str]) -> tuple[MatrixRun, list[Run]]:
    """Run a matrix whose candidates are done in this order."""
    turns = {name: threading.Event() for name in order}
    turns[order[0]].set()
    fleet = Fleet(folder, plan=stored_matrices.plan(frontends=("f1", "f2")))
    fleet.limits = Limits(jobs=len(order), memory=64 << 30)
    fleet.yard.plays = {"v0.6.4 f2": REGRESSED}
    fleet.settings = Settings(offline=True, reruns=0, control=False)

    def wait(name: str) -> None:
        assert turns[name].wait(PATIENCE)
        behind = order.index(name) + 1
        if behind < len(order):
            turns[order[behind]].set()

    fleet.yard.before_leg = wait
    made, _ = fleet.run()
    return _stored(made)


CANDIDATES = [f"{suite} {frontend}" for suite in ("v0.6.4", "v0.8.3") for frontend in ("f1", "f2")]


@pytest.mark.parametrize("order", [CANDIDATES[::-1], CANDIDATES[2:] + CANDIDATES[:2]])
def test_which_cell_is_done_first_changes_nothing(tmp_path: Path, order: list[str]) -> None:
    assert in_turn(tmp_path / "one", CANDIDATES) == in_turn(tmp_path / "other", order)
