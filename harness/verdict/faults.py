"""What the machine did to a leg, and which of its results that excuses. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from signal import SIGKILL

from msgspec.structs import replace

from harness.errors import DiskFull, InfrastructureError
from harness.model import Fault, LegRun, Outcome, Reason, Result
from harness.tools.clock import ClockWatch

_SIGNALLED = 128
"""What shells and engines add to the number of the signal that ended a program."""

_SHOWN = {
    # As Go and BuildKit tell of a child that was killed.
    Reason.OOM: re.compile(r"(?i)signal: killed|exit (?:code|status):? 137"),
    # As daemons and tests tell of a registry that does not answer.
    Reason.IMAGE_PULL: re.compile(
        r"/v2/|(?:localhost|127\.0\.0\.1):\d+(?:/\S+)?: (?:connect: connection refused|EOF)"
    ),
}
"""Words of a failure by which it shows a fault."""

_OUTLIVED = frozenset({Reason.OOM, Reason.CLOCK, Reason.IMAGE_PULL})
"""Causes of faults that a leg goes on after; what they cost may be had by another attempt."""


def fault_of(error: InfrastructureError) -> Fault:
    """Return what ended a leg that a backend could not run to its end."""
    reason = Reason.DISK if isinstance(error, DiskFull) else Reason.ENGINE
    return Fault(reason=reason, words=str(error).partition("\n")[0])


def faults_of(clock: ClockWatch) -> tuple[Fault, ...]:
    """Return what became of the time of day during a leg."""
    if not clock.jump:
        return ()
    words = f"the clock jumped by {clock.jump:+.0f} s: somebody set it, or the machine slept"
    return (Fault(reason=Reason.CLOCK, words=words),)


def excused(run: LegRun, *faults: Fault) -> LegRun:
    """Return the leg with these faults, its doubtful results with the reason of one of them."""
    results = run.results
    for fault in faults:
        results = tuple(
            _excused(result, fault) if _doubtful(run, result, fault) else result
            for result in results
        )
    return replace(run, results=results, faults=(*run.faults, *faults))


def kept_from_running(run: LegRun) -> Reason | None:
    """Return why tests of a leg never began, if a fault may have kept them from that."""
    if not run.faults or run.exit_status == 0:
        return None
    told = (fault.reason for fault in run.faults if fault.sure or _killed(run))
    return next(told, None)


def broken(run: LegRun) -> Fault | None:
    """Return what kept a leg from its end, so that nothing more can be had from this machine.

    Want of memory does not: the tests that met it may well fit when they are run again. Nor does
    a clock that jumped, or a registry that died: the next attempt has another.
    """
    return next((fault for fault in run.faults if fault.reason not in _OUTLIVED), None)


def ended_by(legs: Sequence[LegRun]) -> Fault | None:
    """Return what broke the last attempt, after which no other was made."""
    last = max((run.attempt for run in legs), default=0)
    return next((fault for run in legs if run.attempt == last and (fault := broken(run))), None)


def _doubtful(run: LegRun, result: Result, fault: Fault) -> bool:
    """Return whether a fault may have caused a failure.

    Where memory ran out, that is any failure: what was killed may have been the daemon, a step
    of a build, or the registry. If it may have been anybody's, the failure has to show it. Where
    the clock jumped it is any failure too, for what may not depend on the time? Anything else
    ended the leg under the tests that were at work.
    """
    if not result.outcome.failing or (result.reason is not None and result.reason.spurious):
        return False
    cut_off = result.outcome is not Outcome.FAIL and result.reason is not Reason.PANIC
    if fault.reason not in _OUTLIVED:
        return cut_off
    return fault.sure or _in_evidence(run, result, fault.reason, cut_off=cut_off)


def _in_evidence(run: LegRun, result: Result, reason: Reason, *, cut_off: bool) -> bool:
    if _SHOWN[reason].search(result.error):
        return True
    killed = result.reason is Reason.DAEMON_GONE or (cut_off and _killed(run))
    return reason is Reason.OOM and killed


def _killed(run: LegRun) -> bool:
    return run.exit_status in {_SIGNALLED + SIGKILL, -SIGKILL}


def _excused(result: Result, fault: Fault) -> Result:
    return replace(result, reason=fault.reason, error=f"{fault.words}\n{result.error}".strip())
