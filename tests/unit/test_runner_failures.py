"""A side that fails stops the other, is the error, and leaves nothing in the journal."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from harness.backends.base import LegExit, LegRequest, Sink
from harness.errors import BuildError, InfrastructureError, Interrupted
from harness.model import Leg, Verdict
from harness.plan.cell import Settings
from harness.tools.stop import check_stop, stop_asked
from tests.unit.pairs import MIXED, PATIENCE, Bench, Player, until_stopped


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path, Player(dict(MIXED)))


def test_a_failing_build_is_the_error_and_stops_the_other_build(bench: Bench) -> None:
    begun = threading.Event()
    stopped = []

    def build(kind: str) -> None:
        if kind == "suite":
            begun.wait(PATIENCE)
            raise BuildError("suite does not build")
        begun.set()
        deadline = time.monotonic() + PATIENCE
        try:
            while time.monotonic() < deadline:
                check_stop("go build")
                time.sleep(0.001)
        except Interrupted:
            stopped.append(kind)
            raise

    bench.player.build = build
    with pytest.raises(BuildError, match="suite does not build"):
        bench.run()
    assert stopped == ["candidate"]
    assert bench.player.legs == []


def test_after_a_failed_build_the_next_pair_of_the_process_runs(bench: Bench) -> None:
    def build(kind: str) -> None:
        raise BuildError(f"{kind} does not build")

    bench.player.build = build
    with pytest.raises(BuildError):
        bench.run()
    bench.player.build = None
    assert bench.run().verdict is Verdict.REGRESSED
    assert not stop_asked()


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
