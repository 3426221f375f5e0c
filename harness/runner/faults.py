"""What the machine did to a leg, and which of its results that excuses. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from signal import SIGKILL

from msgspec.structs import replace

from harness.errors import DiskFull, InfrastructureError
from harness.model import Fault, LegRun, Outcome, Reason, Result

_SIGNALLED = 128
"""What shells and engines add to the number of the signal that ended a program."""

_KILL = re.compile(r"signal: killed|exit (?:code|status):? 137")
"""As Go and BuildKit tell of a child that was killed."""


def fault_of(error: InfrastructureError) -> Fault:
    """Say what ended a leg that a backend could not run to its end."""
    reason = Reason.DISK if isinstance(error, DiskFull) else Reason.ENGINE
    return Fault(reason=reason, words=str(error).partition("\n")[0])


def excused(run: LegRun, *faults: Fault) -> LegRun:
    """Give the leg with these faults, its doubtful results with the reason of the first."""
    if not faults:
        return run
    results = tuple(
        _excused(result, faults[0]) if _doubtful(run, result, faults[0]) else result
        for result in run.results
    )
    return replace(run, results=results, faults=(*run.faults, *faults))


def kept_from_running(run: LegRun) -> Reason | None:
    """Say why tests of a leg never began, if a fault may have kept them from that."""
    if not run.faults or run.exit_status == 0:
        return None
    fault = run.faults[0]
    return fault.reason if fault.sure or _killed(run) else None


def broken(run: LegRun) -> Fault | None:
    """Give what kept a leg from its end, so that nothing more can be had from this machine.

    Want of memory does not: the tests that met it may well fit when they are run again.
    """
    return next((fault for fault in run.faults if fault.reason is not Reason.OOM), None)


def ended_by(legs: Sequence[LegRun]) -> Fault | None:
    """Give what broke the last attempt, after which no other was made."""
    last = max((run.attempt for run in legs), default=0)
    return next((fault for run in legs if run.attempt == last and (fault := broken(run))), None)


def _doubtful(run: LegRun, result: Result, fault: Fault) -> bool:
    """Tell whether a fault may have caused a failure.

    Where memory ran out, that is any failure: what was killed may have been the daemon, a step
    of a build, or the registry. If it may have been anybody's, the failure has to show a kill.
    Anything else ended the leg under the tests that were at work.
    """
    if not result.outcome.failing or (result.reason is not None and result.reason.spurious):
        return False
    cut_off = result.outcome is not Outcome.FAIL and result.reason is not Reason.PANIC
    if fault.reason is not Reason.OOM:
        return cut_off
    saw_it = result.reason is Reason.DAEMON_GONE or _KILL.search(result.error) is not None
    return fault.sure or saw_it or (cut_off and _killed(run))


def _killed(run: LegRun) -> bool:
    return run.exit_status in {_SIGNALLED + SIGKILL, -SIGKILL}


def _excused(result: Result, fault: Fault) -> Result:
    return replace(result, reason=fault.reason, error=f"{fault.words}\n{result.error}".strip())
