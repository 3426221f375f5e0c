"""Ctrl-C and a disk that refuses end a matrix, and keep what there is."""

from __future__ import annotations

import signal
import threading
import time
from concurrent.futures import wait
from pathlib import Path

import pytest

from harness.errors import InfrastructureError, Interrupted
from harness.events import CellEnded, CellStarted
from harness.journal import read_matrix
from harness.matrix.ledger import Ledger
from harness.model.matrix import CellState
from harness.tools.stop import check_stop, stop_asked
from tests.support.played_matrices import Fleet, states
from tests.support.watched_processes import PATIENCE


@pytest.fixture
def fleet(tmp_path: Path) -> Fleet:
    return Fleet(tmp_path)


def interrupt_at(fleet: Fleet, cell: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the wait of the one thread end as Ctrl-C ends it, once this leg is at work."""
    at_work, pressed = threading.Event(), threading.Event()

    def leg(name: str) -> None:
        if name == cell:
            at_work.set()
            deadline = threading.Event()
            while not stop_asked():
                deadline.wait(0.01)
            check_stop(name)

    def interrupted(*args: object, **kwargs: object) -> object:
        if not pressed.is_set() and any(
            isinstance(it, CellStarted) and it.cell == f"{cell.replace(' ', '~')}~oci"
            for it in fleet.events
        ):
            assert at_work.wait(PATIENCE)
            pressed.set()
            raise KeyboardInterrupt
        return wait(*args, **kwargs)  # type: ignore[arg-type]

    fleet.yard.before_leg = leg
    monkeypatch.setattr("harness.matrix.running.wait", interrupted)


def test_ctrl_c_stops_what_runs_and_keeps_what_there_is(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    interrupt_at(fleet, "v0.6.4 f2", monkeypatch)
    folder, made = fleet.run()
    assert made.interrupted
    assert made.exit_code == 130
    found = states(folder)
    assert found["v0.6.4~f1~oci"] is CellState.DONE
    assert found["v0.6.4~f2~oci"] is CellState.INTERRUPTED
    assert found["v0.8.3~f3~oci"] is CellState.MISSING
    assert read_matrix(folder) == made
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("matrix")]


def test_ctrl_c_during_a_build_fails_nothing(fleet: Fleet, monkeypatch: pytest.MonkeyPatch) -> None:
    at_work = threading.Event()
    pressed: list[int] = []

    def build(name: str) -> None:
        if name == "suite v0.6.4":
            at_work.set()
            while not stop_asked():
                at_work.wait(0.01)
            raise Interrupted("stopped")

    def interrupted(*args: object, **kwargs: object) -> object:
        if not pressed:
            assert at_work.wait(PATIENCE)
            pressed.append(1)
            raise KeyboardInterrupt
        return wait(*args, **kwargs)  # type: ignore[arg-type]

    fleet.yard.before_build = build
    monkeypatch.setattr("harness.matrix.running.wait", interrupted)
    folder, made = fleet.run()
    assert set(states(folder).values()) == {CellState.MISSING}
    assert made.exit_code == 130


def test_a_disk_that_refuses_the_ledger_ends_everything(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = fleet.ledger()
    write = Ledger.write

    def full(self: Ledger) -> None:
        if self.rows:
            raise InfrastructureError("cannot write matrix.json: No space left on device")
        write(self)

    monkeypatch.setattr(Ledger, "write", full)
    with pytest.raises(InfrastructureError, match="No space left"):
        fleet.run(ledger)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("matrix")]


def test_what_came_to_its_end_all_the_same_is_not_interrupted(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The signal comes while the last cell is being written down."""
    over, others_ended = threading.Event(), threading.Event()

    def leg(name: str) -> None:
        if name == "v0.8.3 f3":
            assert others_ended.wait(PATIENCE)

    def interrupted(*args: object, **kwargs: object) -> object:
        ended = [it for it in fleet.events if isinstance(it, CellEnded)]
        if len(ended) == len(fleet.plan.cells) - 1:
            others_ended.set()
        found: object = wait(*args, **kwargs)  # type: ignore[arg-type]
        if others_ended.is_set() and not over.is_set():
            over.set()
            wait(*args)  # type: ignore[arg-type] # for good
            raise KeyboardInterrupt
        return found

    fleet.yard.before_leg = leg
    monkeypatch.setattr("harness.matrix.running.wait", interrupted)
    folder, made = fleet.run()
    assert over.is_set()
    assert set(states(folder).values()) == {CellState.DONE}
    assert (made.interrupted, made.exit_code) == (False, 0)


# Where it hits between the opening of a file and the block that closes it, Python closes that file.
@pytest.mark.filterwarnings("ignore:Exception ignored in.*FileIO")
def test_a_signal_that_another_thread_got_is_heard_while_a_cell_runs(fleet: Fleet) -> None:
    """Nothing wakes the main thread then, so it may not wait without a limit."""
    asked = threading.Event()

    def leg(_name: str) -> None:
        if not asked.is_set():
            asked.set()
            deadline = time.monotonic() + PATIENCE
            signal.pthread_kill(threading.get_ident(), signal.SIGINT)
            while not stop_asked() and time.monotonic() < deadline:
                time.sleep(0.01)
            check_stop("a leg")

    fleet.yard.before_leg = leg
    folder, made = fleet.run()
    assert (made.interrupted, made.exit_code) == (True, 130)
    assert CellState.DONE not in states(folder).values()
