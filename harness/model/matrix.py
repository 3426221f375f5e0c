"""The words of a matrix run as frozen types: what is planned, and what came of each cell.

plan.json holds a Plan and matrix.json a MatrixRun; what the tests of a cell did is in the cell's
own run.json. Nothing here imports anything of ours but the types of a single run.
"""

from __future__ import annotations

import hashlib
import re
from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from harness.model import (
    Bytes,
    Channel,
    Commit,
    Count,
    ExitStatus,
    Host,
    Inside,
    Pair,
    Record,
    Seconds,
    Side,
    Verdict,
)

MATRIX_SCHEMA_VERSION = 1
"""Version of plan.json and matrix.json."""

MOST_SHARDS = 256
"""GitHub runs no more jobs of one matrix."""

CellId = Annotated[
    str,
    Meta(
        pattern=r"\A[A-Za-z0-9][A-Za-z0-9._+=@~-]{0,199}\Z",
        description="What a file of any system may be called.",
    ),
]

_UNSAFE = re.compile(r"[^A-Za-z0-9.+-]+")
_USUAL = re.compile(r"[A-Za-z0-9._+/-]*")


def words_of(pair: Pair) -> tuple[str, ...]:
    """Return what a pair is told apart by, as names of refs."""
    axes = (word.replace(" ", "-") for word in pair.axes)
    return (pair.suite.ref, pair.frontend.ref, pair.frontend_channel, pair.worker, *axes)


def id_of(pair: Pair) -> str:
    """Name a pair's cell by its refs; not a CellId yet where they are long.

    What no file may be called becomes a dash; where it is more than slashes, a digest of the
    refs tells `fix#12` from `fix@12`, whatever else is planned.
    """
    words = words_of(pair)
    name = "_".join(_UNSAFE.sub("-", word) for word in words).lstrip("._+-")
    if all(map(_USUAL.fullmatch, words)):
        return name
    digest = hashlib.sha256("\0".join(words).encode()).hexdigest()
    return f"{name}_{digest[:8]}"


class PlannedBuild(Record, frozen=True, kw_only=True):
    """Something that is built once, however many cells need it."""

    id: str
    """For people and as a key of the plan: `suite v0.6.4`, `frontend dockerfile/1.4.3 labs`."""
    side: Side
    commit: Commit
    channel: Channel
    key: str
    """The artefact's key in the store; equal keys are one build."""
    cached: bool
    expected: Seconds | None = None
    """Seconds it will take by history; None if it was never built."""


class PlannedCell(Record, frozen=True, kw_only=True):
    """A pair to be run."""

    id: CellId
    """Name of its folder, its shard's row and its page: stable while its refs have these names."""
    pair: Pair
    suite: str
    """Ids of builds."""
    control: str
    candidate: str
    timeout: Seconds
    """Seconds for a leg."""
    test_timeout: Seconds | None = None
    """Seconds that any test may be at work; None lets the history decide, test by test."""
    memory: Bytes
    """Bytes that the cell may need while it runs."""
    tests: tuple[str, ...] = ()
    """Globs over test functions; empty for those of the plan."""
    expected: Seconds | None = None
    """Seconds it will take by history, builds aside; None if it never ran."""
    tested: str = ""
    """Id of the build whose tests are run; empty for those of `suite`."""
    client: str = ""
    """Id of the build whose client scenarios call; empty for that of the daemon."""

    @property
    def needs(self) -> tuple[str, ...]:
        """Ids of its builds, in the order in which they are best begun."""
        found = (self.suite, self.tested or self.suite, self.candidate, self.control)
        return tuple(dict.fromkeys((*found, *filter(None, [self.client]))))


class Plan(Record, frozen=True, kw_only=True):
    """Everything that a matrix asks for, in the order of its file."""

    schema: int
    matrix: str
    """Name of the matrix: its file without the suffix."""
    digest: str
    """Of what is run, not of what is expected or cached: shards of one plan agree on it."""
    harness: str
    created: str
    """UTC, ISO 8601."""
    repository: str
    """Where the commits are, without credentials."""
    offline: bool
    reruns: Count
    most_reruns: Count = 0
    """For tests that fail now and then; 0 in plans that are older than these attempts."""
    tests: tuple[str, ...] = ()
    """Globs over test functions; empty for whole suites."""
    candidate: str = ""
    """What `--candidate` named; empty if nothing was."""
    branch: str = ""
    """What `--branch` named; empty if nothing was."""
    pair: bool = False
    """Whether one pair was asked for, not a matrix: its only cell lies in the run's own folder."""
    builds: tuple[PlannedBuild, ...]
    cells: tuple[PlannedCell, ...]


ShardNumber = Annotated[int, Meta(ge=1, le=MOST_SHARDS)]


class Shard(Record, frozen=True, kw_only=True):
    """A part of a plan: `3/20`."""

    index: ShardNumber
    """From 1."""
    total: ShardNumber

    def __str__(self) -> str:
        """As people write it."""
        return f"{self.index}/{self.total}"


class CellState(StrEnum):
    """How far a cell came."""

    DONE = "done"
    """There is a run.json; what it says is another matter."""
    FAILED = "failed"
    """Building or running failed, so there is none."""
    INTERRUPTED = "interrupted"
    """It was stopped; there may be a run.json with a part of it."""
    MISSING = "missing"
    """Nothing came of it: never begun, or its shard never arrived. Never counted as green."""


class CellResult(Record, frozen=True, kw_only=True):
    """What came of one planned cell."""

    id: CellId
    state: CellState
    verdict: Verdict
    """The run's; infra for a failed cell, indeterminate for one that is missing or was stopped."""
    exit_code: ExitStatus
    counts: dict[Verdict, Count] = msgspec.field(default_factory=dict)
    run: Inside = ""
    """The run's folder relative to matrix.json; empty if there is none."""
    started: str = ""
    seconds: Seconds = 0.0
    error: str = ""
    """Of a failed cell: what a user would have read."""
    hint: str = ""
    reused: str = ""
    """Name of the run whose result it is, if nothing was run for it; `started` is that one's."""


class MatrixRun(Record, frozen=True, kw_only=True):
    """The content of matrix.json."""

    schema: int
    id: str
    plan: Plan
    shard: Shard | None
    """None for a whole plan and for shards that were merged."""
    started: str
    seconds: Seconds
    host: Host | None
    """None if shards of several machines were merged, or workers of a scheduler ran it."""
    builds: dict[str, Seconds]
    """Seconds each build took, by its id; those that were found are not here."""
    cells: tuple[CellResult, ...]
    """One for every cell of the plan, or of the shard, in the plan's order."""
    verdict: Verdict
    exit_code: ExitStatus
    interrupted: bool = False
    warnings: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    """What asks for the run again, whole; `--resume` reads its options. Empty where shards were
    merged."""
