"""The words of this project as frozen types (docs/architecture.md explains them).

Everything here can be written to and read from JSON by msgspec, which is how run.json gets
its schema. Nothing here imports anything of ours.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

SCHEMA_VERSION = 1
"""Version of run.json; raised when a reader of the older version would misread a newer file."""


MOST_SECONDS = 1e9
"""Thirty years: who claims to have taken longer is not believed."""

# What a file that anybody could have made may say. Writers keep to it without being checked.
Seconds = Annotated[float, Meta(ge=0, le=MOST_SECONDS)]
Count = Annotated[int, Meta(ge=0, le=10**9)]
Bytes = Annotated[int, Meta(ge=0, le=2**63 - 1)]
ExitStatus = Annotated[int, Meta(ge=0, le=255)]
Sha = Annotated[str, Meta(pattern=r"\A[0-9a-f]{40}\Z")]
Release = Annotated[
    str,
    Meta(pattern=r"\A[0-9]{1,9}(\.[0-9]{1,9}){2}\Z", description="MAJOR.MINOR.PATCH"),
]
Inside = Annotated[
    str,
    Meta(
        pattern=r"\A(|\.|[A-Za-z0-9_][A-Za-z0-9._+=@~-]{0,199}"
        r"(/[A-Za-z0-9_][A-Za-z0-9._+=@~-]{0,199}){0,3})\Z",
        description="A folder below that of the file: `cells/NAME`, `rerun-1/control`, or `.`.",
    ),
]


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """Base of the types below: immutable, keyword-only, compared by value.

    The two words are repeated on every class because type checkers ask for it.
    """


class Side(StrEnum):
    """Which half of a pair an artefact or a patch belongs to."""

    SUITE = "suite"
    FRONTEND = "frontend"


class Leg(StrEnum):
    """One run of a suite: with its own frontend, or with the one under test."""

    CONTROL = "control"
    CANDIDATE = "candidate"


class Channel(StrEnum):
    """Release channel of the frontend image; decides its Go build tags."""

    EXPERIMENTAL = "experimental"
    LABS = "labs"
    MAINLINE = "mainline"


class Outcome(StrEnum):
    """What one test did in one leg."""

    PASS = "pass"  # noqa: S105 - no password
    FAIL = "fail"
    SKIP = "skip"
    MISSING = "missing"
    HANG = "hang"
    CRASH = "crash"

    @property
    def failing(self) -> bool:
        """Whether the test ran and did not end well."""
        return self in {Outcome.FAIL, Outcome.HANG, Outcome.CRASH}


class Reason(StrEnum):
    """Why a failing outcome came about, as far as its evidence says."""

    ASSERTION = "assertion"
    PANIC = "panic"
    TIMEOUT = "timeout"
    DAEMON_GONE = "daemon-gone"
    EXIT = "exit"
    INCOMPLETE = "incomplete"
    UNKNOWN = "unknown"
    DISK = "disk"
    NETWORK = "network"
    OOM = "oom"
    IMAGE_PULL = "image-pull"
    ENGINE = "engine"
    CLOCK = "clock"

    @property
    def spurious(self) -> bool:
        """Whether the cause lies in this machine or the network, never in a frontend."""
        return self in {
            Reason.DISK,
            Reason.NETWORK,
            Reason.OOM,
            Reason.IMAGE_PULL,
            Reason.ENGINE,
            Reason.CLOCK,
        }

    @property
    def momentary(self) -> bool:
        """Whether the cause is a state of this machine that somebody will mend.

        An offline machine lacks its network day after day, so two tests that fail for that fail
        alike. A full disk or an engine that was stopped is like nothing.
        """
        return self in {Reason.DISK, Reason.OOM, Reason.ENGINE, Reason.CLOCK}


class Format(StrEnum):
    """How events stand out from output; say it where it is known, it is safer than guessing."""

    AUTO = "auto"
    MARKED = "marked"
    """A binary run with -test.v=test2json (Go 1.20 to 1.26)."""
    ESCAPED = "escaped"
    """The same of Go 1.27 and newer: a test's own markers are escaped."""
    PLAIN = "plain"
    """A binary run with -test.v: a test's output can pretend to be an event."""
    JSON = "json"
    """`go test -json`, `go tool test2json`."""


class Verdict(StrEnum):
    """What the new frontend did to one test, or to a pair (the worst of its tests')."""

    COMPATIBLE = "compatible"
    SKIPPED = "skipped"
    FIXED = "fixed"
    KNOWN = "known"
    SAME_FAILURE = "same-failure"
    FLAKY = "flaky"
    CHANGED_FAILURE = "changed-failure"
    STALE_ENTRY = "stale-entry"
    LOST = "lost"
    INFRA = "infra"
    REGRESSED = "regressed"
    INDETERMINATE = "indeterminate"


class Status(StrEnum):
    """What an entry of a skip list asks for."""

    SKIP = "skip"
    EXPECTED_FAILURE = "expected-failure"
    FLAKY = "flaky"


class Commit(Record, frozen=True, kw_only=True):
    """A resolved ref: what was asked for and what it means in the repository."""

    asked: str
    ref: str
    """Full name of the tag or branch that was meant, or the commit itself."""
    sha: Sha
    """40 hex digits."""
    date: str
    """Committer date, YYYY-MM-DD, UTC."""
    line: str
    """Name of the release line whose data applies, for example `v0.6`."""
    version: Release
    """Nearest release as MAJOR.MINOR.PATCH; a commit on its way to a line counts as its .0."""
    dockerfile: Release
    """Nearest release of the Dockerfile frontend, in the same form."""

    @property
    def short(self) -> str:
        """First seven digits, as people write commits."""
        return self.sha[:7]

    def __str__(self) -> str:
        """`v0.6 → v0.6.4 (ebcef1f, 2020-02-21)`."""
        meant = f"{self.ref} ({self.short}, {self.date})"
        return meant if self.asked == self.ref else f"{self.asked} → {meant}"


class Pair(Record, frozen=True, kw_only=True):
    """A suite and the frontend under test, on one worker of one backend."""

    suite: Commit
    frontend: Commit
    suite_channel: Channel
    frontend_channel: Channel
    worker: str
    backend: str


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
    seconds: Seconds | None = None
    error: str = ""
    """The part of the output that says what went wrong; bounded in size."""
    fingerprint: str = ""
    """Digest of `error` without ids, times, ports, digests and paths; failing outcomes only."""
    suspicions: tuple[Suspicion, ...] = ()
    """What its daemon said that it should not have; passing outcomes only."""


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
    """What ended a leg before all its tests had: a crash or a hang of some of them."""

    words: str
    """What happened, in one clause."""
    culprits: tuple[str, ...]
    """The tests that did it, as far as that can be told."""
    began: bool
    """Whether every test had begun by then; if not, some were never heard of."""


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
    parents: dict[str, Outcome] = {}
    """Every other test that ended, so that the other leg's leaf can find its counterpart."""
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
    """Tell whether a side came to its end, in its main leg or in those that ran the rest of it."""
    begun = [(run, run.attempt if run.recovers is None else run.recovers) for run in legs]
    main = {attempt for run, attempt in begun if run.main}
    last = {(run.leg, attempt): run for run, attempt in begun if attempt in main}
    return any(run.whole for run in last.values())


class EntryRef(Record, frozen=True, kw_only=True):
    """The skip-list entry that decided a verdict, as a reader needs it."""

    where: str
    """file:line of the entry."""
    status: Status
    reason: str
    issue: str


class Tally(Record, frozen=True, kw_only=True):
    """How often a test failed on one side; attempts that say nothing do not count."""

    failed: Count = 0
    attempts: Count = 0


class Recent(Record, frozen=True, kw_only=True):
    """What a test did in the newest runs of its pair before this one, as the history had it."""

    runs: Count
    since: str
    """When the oldest of them began; UTC, ISO 8601."""
    control: Tally
    candidate: Tally
    failing: Count
    """How many of the newest runs in a row the candidate passed no attempt in."""


class Judgement(Record, frozen=True, kw_only=True):
    """The verdict on one test, with both sides it was drawn from."""

    name: str
    verdict: Verdict
    control: tuple[Result, ...]
    """One per attempt, the main run first."""
    candidate: tuple[Result, ...]
    entry: EntryRef | None = None
    recent: Recent | None = None
    """Kept where it may decide; None where the candidate passed, and if too little is known."""


class PatchRef(Record, frozen=True, kw_only=True):
    """A patch that was applied to a tree before it was built."""

    side: Side
    leg: Leg | None
    """None for the suite's tree; otherwise whose frontend it was applied to."""
    path: str
    """Below the patches folder."""
    sha256: str
    reason: str


class Host(Record, frozen=True, kw_only=True):
    """The machine, as far as results depend on it."""

    kernel: str
    cpus: Count
    memory: Bytes
    """Bytes."""
    tools: dict[str, str]
    """Version line of each program the run relied on."""


class Run(Record, frozen=True, kw_only=True):
    """The content of run.json: everything that a report is made from."""

    schema: int
    id: str
    harness: str
    """Version of this package."""
    command: tuple[str, ...]
    started: str
    seconds: Seconds
    pair: Pair
    offline: bool
    host: Host
    patches: tuple[PatchRef, ...]
    legs: tuple[LegRun, ...]
    judgements: tuple[Judgement, ...]
    unmatched: tuple[EntryRef, ...]
    """Entries that apply to this pair and matched no test."""
    verdict: Verdict
    counts: dict[Verdict, Count]
    exit_code: ExitStatus
    rerun: tuple[str, ...]
    """Arguments that run just the unexpected tests again; empty if there are none."""
    phases: dict[str, Seconds]
    """Seconds spent in each phase of the run."""
    interrupted: bool = False
    control: bool = True
    """Whether a control was asked for."""
    warnings: tuple[str, ...] = ()
