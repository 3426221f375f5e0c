"""A run: its legs, what they come to, and the verdict."""

from __future__ import annotations

from harness.model.legs import LegRun, Result
from harness.model.pairs import Host, Pair, PatchRef
from harness.model.scenarios import Scenarios
from harness.model.words import Below, Count, ExitStatus, Record, Seconds, Share, Status, Verdict

SCHEMA_VERSION = 1
"""Version of run.json; raised when a reader of the older version would misread a newer file."""


class EntryRef(Record, frozen=True, kw_only=True):
    """The skip-list entry that decided a verdict, as a reader needs it."""

    where: str
    """file:line of the entry."""
    status: Status
    reason: str
    issue: str


class FloorRef(Record, frozen=True, kw_only=True):
    """What a floor says of a test on the daemon of a pair."""

    where: str
    """file:line of the floor."""
    since: str
    """The oldest line from which the test passes with the newest frontend."""
    holds: bool
    """Whether that is this daemon's line or an older one, so that the test is to pass here."""
    below: Below | None
    """What the test does on older lines; None if nobody has seen it."""
    cause: str
    """Why it does that: a capability, or what somebody found."""
    issue: str
    dies: bool = False
    """Whether the floor says that this daemon may die of the test, whatever is `below`."""


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


class Company(Record, frozen=True, kw_only=True):
    """How often a test failed on both sides where it ran with so many others beside it."""

    beside: Count
    """Others at work at the same time, at most; 0 where it ran alone."""
    control: Tally
    candidate: Tally


class Evidence(Record, frozen=True, kw_only=True):
    """How often a test failed on both sides, where the attempts of either differ."""

    control: Tally
    candidate: Tally
    confidence: Share
    """Probability that it fails more often with the frontend under test; rounded down."""
    decided: bool
    """Whether that is enough to blame this frontend for a test that passes now and then."""
    companies: tuple[Company, ...] = ()
    """The attempts by the company that the test had in them, as far as it is known."""


class Judgement(Record, frozen=True, kw_only=True):
    """The verdict on one test, with both sides it was drawn from."""

    name: str
    verdict: Verdict
    control: tuple[Result, ...]
    """One per attempt, the main run first."""
    candidate: tuple[Result, ...]
    entry: EntryRef | None = None
    floor: FloorRef | None = None
    """Where the daemon varies; None for a test without one."""
    recent: Recent | None = None
    """Kept where it may decide; None where the candidate passed, and if too little is known."""
    evidence: Evidence | None = None
    """None where each side did the same in every attempt, and if there is no side to compare."""


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
    scenarios: Scenarios | None = None
    """What was run in the place of a commit's tests; None for these."""
    lacks: tuple[str, ...] = ()
    """What the pair needs and was not there, so that nothing was run: `program rootlesskit`."""
    limited: bool = False
    """Whether that is a registry's limited rate, which may be over the next time."""
