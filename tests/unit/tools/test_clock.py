"""Whether the time of day jumped, told by clocks of the test's own; and what that excuses."""

from __future__ import annotations

import pytest

from harness.model import Leg, Outcome, Reason
from harness.tools.clock import JUMP, ClockWatch
from harness.verdict.faults import broken, excused, faults_of
from tests.support.factories import full_name, leg_run, result


class Clocks:
    """One that can be set, and one that cannot."""

    def __init__(self) -> None:
        self.passed = 0.0
        self.set_by = 0.0

    def watch(self) -> ClockWatch:
        return ClockWatch(lambda: 1.8e9 + self.passed + self.set_by, lambda: 50.0 + self.passed)


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


@pytest.mark.parametrize("by", [3600.0, -3600.0, JUMP, -2.5])
def test_a_jump_is_seen_in_either_direction(by: float, clocks: Clocks) -> None:
    watch = clocks.watch()
    clocks.passed, clocks.set_by = 30, by
    watch.look()
    assert watch.jump == pytest.approx(by)


def test_a_jump_there_and_back_is_seen(clocks: Clocks) -> None:
    watch = clocks.watch()
    for set_by in (0.0, 90.0, 0.0):
        clocks.passed, clocks.set_by = clocks.passed + 1, set_by
        watch.look()
    assert watch.jump == pytest.approx(90)


def test_time_that_passes_and_a_clock_that_is_slewed_are_no_jump(clocks: Clocks) -> None:
    watch = clocks.watch()
    for _ in range(1000):
        clocks.passed, clocks.set_by = clocks.passed + 60, clocks.set_by + 0.03
        watch.look()
    assert watch.jump == 0
    assert faults_of(watch) == ()


def test_where_the_clock_jumped_no_failure_is_believed_and_the_leg_goes_on(clocks: Clocks) -> None:
    watch = clocks.watch()
    clocks.set_by = 7200
    watch.look()
    (fault,) = faults_of(watch)
    assert (fault.reason, fault.sure) == (Reason.CLOCK, True)
    assert "+7200 s" in fault.words
    names = [full_name(name) for name in ("TestCopy", "TestMount")]
    run = leg_run(Leg.CANDIDATE, [result(names[0]), result(names[1], Outcome.FAIL, "expired")])
    run = excused(run, fault)
    assert [it.reason for it in run.results] == [None, Reason.CLOCK]
    assert broken(run) is None


def test_this_machines_own_clocks_agree() -> None:
    watch = ClockWatch()
    watch.look()
    assert watch.jump == 0
