"""A side that fails stops the other, is the error, and leaves nothing in the journal."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from harness.backends.base import LegExit, LegRequest, Sink
from harness.errors import InfrastructureError
from harness.model import Leg
from harness.plan.cell import Settings
from tests.support.played import MIXED, PATIENCE, Bench, Player, until_stopped


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, Player(dict(MIXED)))


def test_a_leg_that_cannot_be_run_stops_the_other_and_nothing_is_journaled(bench: Bench) -> None:
    others = threading.Event()
    stopped = []

    def before(leg: LegRequest, _sink: Sink) -> LegExit | None:
        if bench.player.side(leg) is Leg.CONTROL:
            others.wait(PATIENCE)
            raise InfrastructureError("the namespaces could not be prepared")
        others.set()
        end = until_stopped()
        stopped.append(end.status)
        return end

    bench.settings = Settings(offline=True, reruns=0)
    bench.player.before = before
    with pytest.raises(InfrastructureError, match="namespaces"):
        bench.run()
    assert stopped == [None]
    assert [*(bench.folder / "runs").glob("*/run.json")] == []


@pytest.mark.parametrize("status", [1, 2, 137])
def test_a_test_binary_that_ends_before_any_test_is_an_error_of_the_machine(
    status: int, bench: Bench
) -> None:
    def before(leg: LegRequest, sink: Sink) -> LegExit | None:
        if bench.player.side(leg) is Leg.CANDIDATE:
            sink(b"flag provided but not defined: -test.skip\n")
            return LegExit(status, timed_out=False, seconds=0.1)
        return None

    bench.player.before = before
    with pytest.raises(InfrastructureError, match=f"candidate: .*status {status}") as caught:
        bench.run()
    assert "raw.log" in caught.value.hint
