"""What the tests of one leg did."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

from msgspec import Meta, field

from harness.model.words import (
    MOST_BUILT,
    Count,
    Dockerfile,
    Format,
    Inside,
    Leg,
    Outcome,
    Program,
    Reason,
    Record,
    Seconds,
)


class Suspicion(Record, frozen=True, kw_only=True):
    """What a daemon said while a test passed, and should not have; it changes no verdict."""

    kind: str
    """As the list of suspects calls it: `panic`, `data-race`."""
    words: str
    """The line that says so."""
    log: str
    """The daemon's whole log, relative to the run folder."""
    tests: int = 1
    """Among how many tests it could not be told apart which one the daemon belonged to."""


class Result(Record, frozen=True, kw_only=True):
    """What one test did in one attempt of one leg."""

    name: str
    """Full name as Go prints it: TestIntegration/TestFn/worker=oci/frontend=gateway."""
    outcome: Outcome
    reason: Reason | None = None
    """Set for failing outcomes, and for missing ones of a leg with a fault."""
    program: Program | None = None
    """Which program panicked, if one did that the failure is laid to."""
    lacks: str = ""
    """What the daemon lacks, by the name that the failure gives it, where that is refused; or what
    was lacking here, as a list names it, where the test is unavailable."""
    seconds: Seconds | None = None
    error: str = ""
    """The part of the output that says what went wrong; bounded in size."""
    fingerprint: str = ""
    """Digest of `error` without ids, times, ports, digests and paths; failing outcomes only."""
    suspicions: tuple[Suspicion, ...] = ()
    """What its daemon said that it should not have; passing outcomes only."""
    built: Annotated[tuple[Dockerfile, ...], Meta(max_length=MOST_BUILT)] = ()
    """The Dockerfiles that a scenario says to have built."""

    @property
    def with_reason(self) -> str:
        """The outcome with its reason, as reports show it: `fail (panic: frontend)`."""
        if self.reason is None:
            return self.outcome.value
        whose = self.program if self.reason is Reason.PANIC else self.lacks
        return f"{self.outcome} ({self.reason}{f': {whose}' if whose else ''})"


class Fault(Record, frozen=True, kw_only=True):
    """What the machine or the engine did to a leg, by other evidence than the tests' output."""

    reason: Reason
    """A spurious one."""
    words: str
    """What happened, in one clause."""
    sure: bool = True
    """False if it may have hit somebody else: then only tests that it shows in are excused."""


class Leaked(Record, frozen=True, kw_only=True):
    """What a suite had left behind when its test binary ended, counted before it was removed."""

    processes: int = 0
    mounts: int = 0
    namespaces: int = 0
    """Of the network."""
    groups: int = 0
    """Control groups."""
    temporary: int = 0
    """Files and folders directly in TMPDIR and the like."""
    state: int = 0
    """Files and folders directly in folders for the state of programs, such as /run."""


class Cut(Record, frozen=True, kw_only=True):
    """What ended a leg before all its tests had: a crash, a hang or a failure of some of them."""

    words: str
    """What happened, in one clause."""
    culprits: tuple[str, ...]
    """The tests that did it, as far as that can be told."""
    began: bool
    """Whether every test had begun by then; if not, some were never heard of."""
    failed: bool = False
    """True if what did not begin was behind a test that failed, and did not crash or hang."""


class LegRun(Record, frozen=True, kw_only=True):
    """One execution of the test binary, or a stored one that was found again."""

    leg: Leg
    attempt: Count
    """0 for the main run; reruns count from 1."""
    selection: str
    """The value given to -test.run."""
    skipped: str
    """The value given to -test.skip, or empty."""
    started: str
    """UTC, ISO 8601."""
    seconds: Seconds
    exit_status: int | None
    """None if the run was killed."""
    timed_out: bool
    cached: bool
    """True if a stored control run with the same inputs was used again."""
    folder: Inside
    """Where its raw output and logs lie, relative to the run folder."""
    results: tuple[Result, ...]
    """Every test that calls for a verdict: leaves, and parents with a failure of their own."""
    parents: dict[str, Outcome] = field(default_factory=dict)
    """Every other test that ended, so that the other leg's leaf can find its counterpart."""
    failed_below: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Of those, the ones that failed because these of `results` did; the first few of them."""
    notes: tuple[str, ...] = ()
    """What a reader should know: parents that ended early, output that could not be placed."""
    framing: Format = Format.MARKED
    """How the binary's events stand out from its output; that depends on its Go."""
    faults: tuple[Fault, ...] = ()
    """Each has excused results of this leg: their reason is the fault's."""
    repeats: bool = False
    """True if it ran all that the main run was to run, because a leg of that broke."""
    resumes: bool = False
    """True if it ran what an interrupted main run had left."""
    leaked: Leaked | None = None
    """None if nobody could look: the leg was killed, is a stored one, or ran on an engine."""
    overdue: tuple[str, ...] = ()
    """Tests that took longer than they may, for which the leg was ended."""
    cut: Cut | None = None
    """Set if a test kept others from their end."""
    parallel: Count = 0
    """How many tests it ran at once; 0 if that is not known."""
    recovers: int | None = None
    """The attempt that was cut off and whose other tests this leg ran; None for any other leg."""

    @property
    def main(self) -> bool:
        """Whether it was to run everything that was asked for, or all that was left of it."""
        return self.attempt == 0 or self.repeats or self.resumes

    @property
    def whole(self) -> bool:
        """Whether the test binary came to its own end, with all its tests passed or not."""
        return self.exit_status in {0, 1} and not self.timed_out


def came_to_end(legs: Iterable[LegRun]) -> bool:
    """Return whether a side came to its end, in its main leg or in those that ran its rest."""
    begun = [(run, run.attempt if run.recovers is None else run.recovers) for run in legs]
    main = {attempt for run, attempt in begun if run.main}
    last = {(run.leg, attempt): run for run, attempt in begun if attempt in main}
    return any(run.whole for run in last.values())
