"""Daemons and test binaries that die or never answer, in containers as in native legs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from threading import Event, Thread

import pytest

from harness.backends.base import LegExit, LegRequest, Overdue, Privileges, Sink, never
from harness.backends.docker.container import run_leg
from harness.backends.processes import PROCESSES
from harness.engine.client import Engine
from harness.model import Leg, Outcome, Reason, Run, Verdict
from tests.support import fatal_suite, shell_legs
from tests.support.container_legs import LEFT_OPEN, images, in_containers
from tests.support.engines import Daemon
from tests.support.fatal_suite import QUIET, RunsLeg, candidate, expected, judged, words

pytestmark = [pytest.mark.integration, LEFT_OPEN]

Tried = Callable[..., Run]


@pytest.fixture
def runs_leg(daemon: Daemon, engine: Engine) -> Iterator[RunsLeg]:
    with in_containers(engine, daemon) as runs:
        yield runs


@pytest.fixture
def tried(artefacts: Path, runs_leg: RunsLeg, tmp_path: Path) -> Tried:
    """Run the pair with some of the suite's fatal tests."""
    return partial(fatal_suite.tried, tmp_path, artefacts, runs_leg=runs_leg)


def test_each_of_many_crashes_is_told_as_its_own(tried: Tried, daemon: Daemon) -> None:
    reasons = {
        "TestBinaryExits": (Reason.EXIT, "exited with status 3"),
        "TestBinaryPanics": (Reason.PANIC, "panic: boom"),
        "TestDaemonKilled": (Reason.DAEMON_GONE, "transport is closing"),
        "TestDaemonPanics": (Reason.DAEMON_GONE, "panic: assignment to entry in nil map"),
    }
    run = tried(*reasons)
    assert judged(run) == expected(*reasons)
    for name, (reason, said) in reasons.items():
        result = candidate(run, name)[-1]
        assert (result.outcome, result.reason) == (Outcome.CRASH, reason)
        assert said in result.error
    assert daemon.containers() == []


def test_a_deadlock_in_the_daemon_is_named_with_its_lock(tried: Tried, tmp_path: Path) -> None:
    run = tried("TestDaemonDeadlocks", seconds=2.0)
    assert judged(run) == expected("TestDaemonDeadlocks")
    (result,) = candidate(run, "TestDaemonDeadlocks")
    assert (result.outcome, result.reason) == (Outcome.HANG, Reason.TIMEOUT)
    first = words(run, "TestDaemonDeadlocks")[0]
    assert "buildkitd: 3 goroutines (" in first
    assert first.endswith("in example.com/fatal/locks.Wait at locks/locks.go:14")
    logs = [log.read_bytes() for log in tmp_path.glob(f"runs/{run.id}/candidate/{PROCESSES}/*.log")]
    assert [b"SIGQUIT: quit" in log for log in logs].count(True) == 1


def test_a_deadlock_in_the_first_process_is_named_with_its_lock(tried: Tried) -> None:
    first = words(tried("TestBinaryDeadlocks", seconds=2.0), "TestBinaryDeadlocks")[0]
    assert "the test binary: goroutine " in first
    assert first.endswith("in example.com/fatal/locks.Twice at locks/locks.go:9")


def test_a_first_process_that_does_not_listen_to_sigquit_is_killed(
    tried: Tried, daemon: Daemon
) -> None:
    run = tried("TestBinaryIsDeaf", seconds=2.0)
    assert judged(run) == expected("TestBinaryIsDeaf")
    assert candidate(run, "TestBinaryIsDeaf")[0].outcome is Outcome.HANG
    assert daemon.containers() == []


def test_a_registry_that_died_by_itself_is_known(runs_leg: RunsLeg, tmp_path: Path) -> None:
    request = shell_legs.Leg(tmp_path).request("registry serve config.yml; exit 1")
    registry = request.suite.path / "bin" / "registry"
    registry.write_text("#!/bin/sh\nkill -9 $$\n", "utf-8")
    registry.chmod(0o755)
    end = runs_leg(request, bytearray().extend, never)
    (fault,) = end.faults
    assert (end.status, fault.reason, fault.sure) == (1, Reason.IMAGE_PULL, False)
    assert fault.words.endswith(" died by itself, with status 137")


def test_an_engine_that_comes_back_is_waited_for_and_both_sides_run_again(
    tried: Tried, daemon: Daemon, engine: Engine
) -> None:
    control_ended = Event()
    back = Thread(target=daemon.restart)
    with images(daemon) as image_of:

        def runs(leg: LegRequest, sink: Sink, overdue: Overdue) -> LegExit:
            name = image_of(leg)  # made by now, since an image cannot be when it runs again
            control = leg.frontend.key == "control"
            if not control and not back.ident:  # the test holds in the first attempt alone
                name = image_of(replace(leg, environment={**leg.environment, "HOLDS": "1"}))
            said = bytearray()

            def listen(chunk: bytes) -> None:
                sink(chunk)
                said.extend(chunk)
                if not control and not back.ident and b"TestIntegration/TestHolds" in said:
                    assert control_ended.wait(300)
                    daemon.kill()
                    back.start()

            end = run_leg(engine, name, leg, listen, Privileges.AUTO, overdue)
            if control:
                control_ended.set()
            return end

        # The pauses grow to more than the engine may take to start.
        run = tried("TestHolds", seconds=300.0, runs_leg=runs, reruns=5)
        back.join()
    assert judged(run) == dict.fromkeys((*QUIET, "TestHolds"), "compatible")
    assert run.verdict is Verdict.COMPATIBLE
    broken = [(leg.leg, leg.attempt, fault) for leg in run.legs for fault in leg.faults]
    assert (Leg.CANDIDATE, 0) in {(leg, attempt) for leg, attempt, _ in broken}
    assert {fault.reason for *_, fault in broken} == {Reason.ENGINE}
    assert {leg.leg for leg in run.legs if leg.repeats and not leg.faults} == set(Leg)
    assert daemon.containers() == []
