"""Daemons and test binaries that die or never answer, for real, in the native backend's legs.

The suite is a small one in BuildKit's shape (gomodules/fatal): with the frontend under test some
of its tests take others with them, and the others have to be judged all the same.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from harness.backends.base import LegExit, LegRequest, Overdue, Sink
from harness.backends.native.sandbox import run_leg
from harness.gotest.fingerprint import fingerprint
from harness.model import Leg, Outcome, Reason, Run
from tests.support import fatal_suite
from tests.support.fatal_suite import QUIET, candidate, expected, judged, words
from tests.support.watched_processes import eventually

pytestmark = pytest.mark.integration

Tried = Callable[..., Run]


@pytest.fixture
def tried(artefacts: Path, tmp_path: Path) -> Tried:
    """Run the pair with some of the suite's fatal tests."""
    return partial(fatal_suite.tried, tmp_path, artefacts)


@pytest.mark.parametrize(
    ("culprit", "reason", "said"),
    [
        ("TestDaemonKilled", Reason.DAEMON_GONE, "transport is closing"),
        ("TestDaemonPanics", Reason.DAEMON_GONE, "panic: assignment to entry in nil map"),
        ("TestBinaryPanics", Reason.PANIC, "panic: boom"),
        ("TestBinaryExits", Reason.EXIT, "exited with status 3"),
    ],
)
def test_a_crash_is_told_where_it_was_and_the_others_are_judged(
    tried: Tried, culprit: str, reason: Reason, said: str
) -> None:
    run = tried(culprit)
    assert judged(run) == expected(culprit)
    (result,) = candidate(run, culprit)
    assert (result.outcome, result.reason) == (Outcome.CRASH, reason)
    assert said in result.error
    # The suite had not begun its last tests by then: these run once more, and only there.
    assert [(leg.leg, leg.recovers) for leg in run.legs] == [
        (Leg.CONTROL, None),
        (Leg.CANDIDATE, None),
        (Leg.CANDIDATE, 0),
    ]


def test_the_goroutine_of_a_daemons_panic_is_in_the_error(tried: Tried) -> None:
    lines = words(tried("TestDaemonPanics"), "TestDaemonPanics")
    at = next(n for n, line in enumerate(lines) if "goroutine " in line and "[running]" in line)
    assert lines[at + 1].strip().startswith("main.serve(")
    assert lines[at + 2].strip().startswith("example.com/fatal/cmd/buildkitd/main.go:")
    assert "> stopped" not in "\n".join(lines)


def test_a_daemon_that_stops_on_purpose_is_no_crash(tried: Tried) -> None:
    run = tried("TestDaemonStops")
    assert judged(run) == dict.fromkeys((*QUIET, "TestDaemonStops"), "compatible")
    assert len(run.legs) == 2


def test_each_of_many_crashes_is_told_as_its_own(tried: Tried) -> None:
    culprits = ("TestBinaryExits", "TestBinaryPanics", "TestDaemonKilled", "TestDaemonPanics")
    assert judged(tried(*culprits)) == expected(*culprits)


def test_a_deadlock_in_the_daemon_is_named_with_its_lock(tried: Tried) -> None:
    run = tried("TestDaemonDeadlocks", seconds=2.0)
    assert judged(run) == expected("TestDaemonDeadlocks")
    (result,) = candidate(run, "TestDaemonDeadlocks")
    assert (result.outcome, result.reason) == (Outcome.HANG, Reason.TIMEOUT)
    first, *lines = result.error.splitlines()
    assert "buildkitd: 3 goroutines (" in first
    assert first.endswith("in example.com/fatal/locks.Wait at locks/locks.go:14")
    assert lines[1].strip() == "sync.(*Mutex).Lock"
    assert lines[2].split() == ["example.com/fatal/locks.Wait", "locks/locks.go:14"]
    assert "fatal.ask" in result.error  # where the test waits for its daemon
    assert result.fingerprint == fingerprint("did not end: a test took longer than it may")


def test_a_leg_whose_time_is_over_names_the_lock_too(tried: Tried) -> None:
    for limit in (10.0, 100.0):
        run = tried("TestDaemonDeadlocks", seconds=600.0, limit=limit)
        if not run.legs[0].timed_out:  # the control comes to its end, however busy a machine is
            break
    assert judged(run) == dict.fromkeys(QUIET, "lost") | {"TestDaemonDeadlocks": "regressed"}
    (result,) = candidate(run, "TestDaemonDeadlocks")
    assert (result.outcome, result.reason) == (Outcome.HANG, Reason.TIMEOUT)
    first = result.error.splitlines()[0]
    assert first.startswith("did not end: the run timed out; buildkitd: 3 goroutines (")
    assert first.endswith("in example.com/fatal/locks.Wait at locks/locks.go:14")
    assert result.fingerprint == fingerprint("did not end: the run timed out")
    assert [(leg.timed_out, leg.overdue) for leg in run.legs] == [(False, ()), (True, ())]


def test_a_deadlock_in_the_test_binary_is_named_with_its_lock(tried: Tried) -> None:
    run = tried("TestBinaryDeadlocks", seconds=2.0)
    assert judged(run) == expected("TestBinaryDeadlocks")
    first = words(run, "TestBinaryDeadlocks")[0]
    assert "the test binary: goroutine " in first
    assert first.endswith("in example.com/fatal/locks.Twice at locks/locks.go:9")


@pytest.mark.parametrize("deaf", ["TestBinaryIsDeaf", "TestDaemonIsDeaf"])
def test_what_does_not_listen_to_sigquit_is_killed(tried: Tried, deaf: str) -> None:
    run = tried(deaf, seconds=2.0)
    assert judged(run) == expected(deaf)
    assert candidate(run, deaf)[0].outcome is Outcome.HANG
    assert eventually(lambda: not left_behind())


def test_a_binary_that_dies_before_any_test_is_begun_again(artefacts: Path, tmp_path: Path) -> None:
    stillborn = tmp_path / "stillborn"
    shutil.copytree(artefacts / "suite", stillborn)
    (stillborn / "bin" / "dockerfile.test").write_text("#!/bin/sh\necho cannot listen\nexit 2\n")
    tries: list[Path] = []

    def first_stillborn(leg: LegRequest, sink: Sink, overdue: Overdue) -> LegExit:
        tries.append(leg.frontend.path)
        if tries.count(leg.frontend.path) == 1:
            leg = replace(leg, tests=replace(leg.tests, path=stillborn))
        return run_leg(leg, sink, overdue)

    run = fatal_suite.tried(tmp_path, artefacts, runs_leg=first_stillborn, reruns=1)
    assert judged(run) == expected()
    assert len(run.legs) == 2
    (warning,) = run.warnings
    assert "exited with status 2 before any test began: cannot listen; attempt 2" in warning


def left_behind() -> list[str]:
    """Name the processes of these legs that are still there."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                program = (folder / "exe").readlink()
            except OSError:
                continue  # it has just ended, or is the kernel's
            if "/fatal" in str(program):
                found.append(str(program))
    return found
