"""Why a test failed: the part of its log that says so, and what kind of cause that is."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from harness.engine.registry_errors import higher_limit
from harness.gotest.daemons import DaemonEvidence, Fate, Panic, daemon_evidence, panics_in
from harness.gotest.excerpts import (
    BUILD_FAILED,
    WRONG,
    blocks,
    error_line,
    failures,
    from_daemon,
    instead,
    last_log,
    last_words,
    unexpected,
    with_panic,
)
from harness.gotest.logs import daemon_lines
from harness.gotest.machine import machine
from harness.gotest.refusals import lacking
from harness.model import Program, Reason

__all__ = ["Explanation", "classify", "error_line", "explain", "skip_reason"]


@dataclass(frozen=True)
class Explanation:
    """The cause of a failing outcome and its evidence."""

    reason: Reason
    error: str
    """What a maintainer wants on one screen; at most 4 KiB, safe to print."""
    stable: str = ""
    """What two runs of the same failure have in common, if that is not `error` as a whole."""
    own: bool = False
    """True if the test itself reported an assertion: a testify block stands in its log."""
    foreign: dict[str, str] = field(default_factory=dict)
    """Assertion blocks that name another test; output of parallel tests gets mixed up."""
    program: Program | None = None
    """Who panicked, if the failure is laid to a panic."""
    lacks: str = ""
    """What the daemon says that it lacks, if the failure is a refusal; whose limit was reached."""

    @property
    def died(self) -> bool:
        """Whether a daemon's process ended under the test, as far as anything tells."""
        return self.reason is Reason.DAEMON_GONE


_LOST = re.compile(
    # Seen when a v0.6 buildkitd was killed under a running solve.
    r"transport is closing"
    r"|error reading (?:from server|server preface): (?:read .*: )?(?:EOF|connection reset by peer)"
    r"|write unix \S*(?:buildkitd?|containerd)\S*: write: (?:broken pipe|connection reset by peer)"
    # The socket is still there, its owner is not.
    r"|dial unix \S*(?:buildkitd?|containerd)\S*: connect: "
    r"|(?:buildkitd?|containerd)[\w-]*\.sock: connect: (?:connection refused|no such file)"
    # util/testutil/integration, waitUnix and WaitSocket.
    r"|process exited(?: while waiting for socket \S+ after \S+)?: .*(?:buildkit|container|docker)d"
)
"""What a client says whose daemon does not answer any more."""

_ENDED = re.compile(r"exit (?:code|status):? 2\b|frontend grpc server closed unexpectedly")
"""What a daemon tells of a container that ended by a panic."""

_CUT_OFF = re.compile(rf"{_ENDED.pattern}|{_LOST.pattern}|\bEOF$|context canceled", re.MULTILINE)
"""What comes of a program that ended while it was wanted."""

_HOST = re.compile(
    r"https?://(?:[^\s/@\"']*@)?([\w.-]+(?::\d+)?)"
    r"|\b((?:[a-z0-9-]+\.)+[a-z]{2,}(?::\d+)?)/"
)
"""The server that an error is about."""

_SCENARIOS = {
    f"Error:       {WRONG}": Reason.WRONG,
    f"Error:       {BUILD_FAILED}": Reason.UNCLEAR,
}
"""What stands in the excerpt of a scenario that failed (harness/scenarios/inside/child.py)."""

_BY_A_PANIC = (Program.FRONTEND, Program.RUNC, Program.CONTAINERD, Program.REGISTRY)


def explain(log: bytes, *, test: str = "") -> Explanation:
    """Find the cause in a failing test's log; `test` is its full name.

    A machine's fault is believed only where a call that should have succeeded returned it
    (testify's `Received unexpected error`, a plain t.Fatal).
    """
    said, daemon = daemon_lines(log)
    found, foreign = blocks(said, test)
    error = from_daemon(found, daemon) or last_log(said)
    if not error:
        return Explanation(Reason.UNKNOWN, last_words(said), foreign=foreign)
    told = daemon_evidence(daemon, answered=_ENDED.search(error) is not None)
    told = DaemonEvidence(told.fate, (*told.panics, *panics_in(said)))
    reason, panic = _cause(error, told)
    if panic is None:
        lacks = _wanting(reason, error)
        return Explanation(reason, error, own=bool(found), foreign=foreign, lacks=lacks)
    return Explanation(
        reason,
        with_panic(error, panic.program, panic.words),
        stable=f"{error}\n{panic.stable}".strip(),
        own=bool(found),
        foreign=foreign,
        program=panic.program,
    )


def _cause(error: str, told: DaemonEvidence) -> tuple[Reason, Panic | None]:
    """Return the cause of a failure, and the panic that it is laid to."""
    texts = unexpected(error)
    guilty = told.panic_of(*_BY_A_PANIC)
    own = told.panic_of(Program.DAEMON)
    panics = [it for it in (own, guilty) if it]
    if found := _of_machine([*texts, *(it.stable for it in panics if texts)]):
        return found, None
    lost = any(map(_LOST.search, texts))
    if told.fate is Fate.DIED and own and texts:
        return Reason.DAEMON_GONE, own
    theirs = guilty is not None and guilty.program is Program.CONTAINERD
    if lost and told.fate is Fate.DIED and not theirs:
        return Reason.DAEMON_GONE, None
    if guilty and any(map(_CUT_OFF.search, texts or [error])):
        return Reason.PANIC, guilty
    if lost and told.fate is not Fate.LIVED:
        return Reason.DAEMON_GONE, None
    return (Reason.REFUSED if _lacks(error) else _of_scenario(error) or Reason.ASSERTION), None


def _of_scenario(error: str) -> Reason | None:
    """Return how a scenario failed, by the first words of its error; None for other tests."""
    return next((reason for words, reason in _SCENARIOS.items() if words in error), None)


def _lacks(error: str) -> str:
    """Return what the daemon lacks, if nothing failed but what was refused for want of that.

    What is wrong beside a refusal must not hide behind it.
    """
    found = [it for text in unexpected(error) if (it := lacking(text))]
    found += [it for text in instead(error) if (it := lacking(text, wanted=True))]
    return found[0] if len(found) >= max(1, failures(error)) else ""


def _wanting(reason: Reason, error: str) -> str:
    """Return what was lacking, where a failure of this cause names it."""
    if reason is Reason.RATE_LIMIT:
        found = _HOST.search(error)
        return higher_limit(found[1] or found[2] if found else "a server")
    return _lacks(error) if reason is Reason.REFUSED else ""


def _of_machine(texts: Sequence[str]) -> Reason | None:
    found = (machine().reason_of(text, _LOST) for text in texts)
    return next(filter(None, found), None)


def classify(error: str) -> Explanation:
    """Find the cause in an excerpt alone, where its log is gone."""
    reason, _ = _cause(error, DaemonEvidence())
    return Explanation(reason, error, lacks=_wanting(reason, error))


def skip_reason(log: bytes) -> Explanation:
    """Return what a skipping test gave as its reason; the cause is no failure's."""
    return Explanation(Reason.UNKNOWN, last_log(log))
