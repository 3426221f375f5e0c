"""Daemons and test binaries that die or never answer, in containers as in native legs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from harness.backends.processes import PROCESSES
from harness.model import Outcome, Reason, Run
from harness.tools.engine import Engine
from tests.integration import fatal
from tests.integration.boxes import LEFT_OPEN, in_containers
from tests.integration.engines import Daemon
from tests.integration.fatal import candidate, expected, judged, words

pytestmark = [pytest.mark.integration, LEFT_OPEN]

Tried = Callable[..., Run]


@pytest.fixture
def tried(artefacts: Path, daemon: Daemon, engine: Engine, tmp_path: Path) -> Tried:
    """Run the pair with some of the suite's fatal tests."""
    runs_leg = in_containers(engine, daemon)
    return partial(fatal.tried, tmp_path, artefacts, runs_leg=runs_leg)


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
    logs = [log.read_bytes() for log in tmp_path.glob(f"runs/latest/candidate/{PROCESSES}/*.log")]
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
