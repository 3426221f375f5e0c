"""Whether tests can drive a daemon at all: one sentence, not hundreds of failures, if they cannot.

They cannot where every daemon ends before it serves: it does not know a flag, or says what else it
cannot do. Where it serves, and each of many tests fails alike, it is of no use to them either.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.backends.base import LegRequest
from harness.backends.processes import processes
from harness.errors import UsageError
from harness.gotest.excerpts import error_line
from harness.gotest.logs import readable
from harness.model import LegRun, Outcome

_UNKNOWN = re.compile(rb"flag provided but not defined: (-{1,2}[A-Za-z0-9][A-Za-z0-9-]{0,99})")
"""https://pkg.go.dev/flag says so, and what buildkitd reads its command line with."""

_ENDED = re.compile(rb"(?m)^buildkitd: (\S.{0,199})")
"""The last words of its main function."""

_SERVES = b"running server on "

_LOOKED = 1 << 16
"""Bytes of a log: a daemon that does not start says little."""

_MANY = 8
"""Tests that fail alike from which on it is no chance."""

_HINT = "take tests of an older commit with --tests-from"


def check_driven(request: LegRequest, run: LegRun) -> None:
    """Check that some daemon of a leg was of use to the tests.

    Raises UsageError that says why not, if none was and nothing passed. Tests of the daemon's own
    commit are not asked: if they fail like that, it is they who are to be shown.
    """
    if request.own or any(result.outcome is Outcome.PASS for result in run.results):
        return
    ends = list(_ends(request))
    if ends and all(ends):
        words = ", ".join(sorted(set(ends))[:3])
        raise UsageError(f"{run.leg}: these tests cannot drive this daemon: {words}", hint=_HINT)
    failed = [it for it in run.results if it.outcome.failing and not (it.reason and it.lacks)]
    alike = {it.fingerprint for it in failed}
    if len(failed) >= _MANY and len(alike) == 1 and "" not in alike:
        words = f"each of {len(failed)} fails alike: {error_line(failed[0].error)}"
        raise UsageError(f"{run.leg}: these tests cannot drive this daemon: {words}", hint=_HINT)


def _ends(request: LegRequest) -> Iterator[str]:
    """Yield why each daemon of a leg ended before it served; empty for one that did serve."""
    for daemon in processes(request.folder):
        if not daemon.name.startswith("buildkitd."):
            continue
        with daemon.log.open("rb") as file:
            said = file.read(_LOOKED)
        if unknown := _UNKNOWN.search(said):
            yield f"buildkitd does not know {unknown[1].decode('ascii')}"
        elif (ended := _ENDED.search(said)) and _SERVES not in said:
            yield f"buildkitd: {readable(ended[1]).strip()}"
        else:
            yield ""
