"""Whether tests can drive a daemon at all: one that does not know a flag of theirs never starts."""

from __future__ import annotations

import re

from harness.backends.base import LegRequest
from harness.backends.processes import processes
from harness.errors import UsageError
from harness.model import LegRun, Outcome

_UNKNOWN = re.compile(rb"flag provided but not defined: (-{1,2}[A-Za-z0-9][A-Za-z0-9-]{0,99})")
"""https://pkg.go.dev/flag says so, and what buildkitd reads its command line with."""

_LOOKED = 1 << 16
"""Bytes of a log: a daemon that does not start says little."""


def check_driven(request: LegRequest, run: LegRun) -> None:
    """Check that some daemon of a leg took the tests' command line.

    Raises UsageError that names the flag if every daemon refused it and nothing passed. Tests of
    the daemon's own commit are not asked: if they fail like that, it is they who are to be shown.
    """
    if request.own or any(result.outcome is Outcome.PASS for result in run.results):
        return
    daemons = [it for it in processes(request.folder) if it.name.startswith("buildkitd.")]
    refused = []
    for daemon in daemons:
        with daemon.log.open("rb") as log:
            found = _UNKNOWN.search(log.read(_LOOKED))
        if found is None:
            return
        refused.append(found[1].decode("ascii"))
    if refused:
        flags = ", ".join(sorted(set(refused))[:3])
        raise UsageError(
            f"{run.leg}: these tests cannot drive this daemon: buildkitd does not know {flags}",
            hint="take tests of an older commit with --tests-from",
        )
