"""What the types of a run are made of: its words, and what a value may be."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import msgspec
from msgspec import Meta

from harness.errors import ExitCode

BUILT_LENGTH = 2_000
MOST_BUILT = 8
"""Characters of a Dockerfile, and Dockerfiles of a test, that a run keeps."""

Dockerfile = Annotated[str, Meta(max_length=BUILT_LENGTH)]

MOST_SECONDS = 1e9
"""Thirty years: who claims to have taken longer is not believed."""

# What a file that anybody could have made may say. Writers keep to it without being checked.
Seconds = Annotated[float, Meta(ge=0, le=MOST_SECONDS)]
Count = Annotated[int, Meta(ge=0, le=10**9)]
Share = Annotated[float, Meta(ge=0, le=1)]
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
    """Base of the types of a run: immutable, keyword-only, compared by value.

    The two words are repeated on every class because type checkers ask for it.
    """


class Side(StrEnum):
    """Which half of a pair an artefact or a patch belongs to."""

    SUITE = "suite"
    FRONTEND = "frontend"


class Leg(StrEnum):
    """One run of the tests: with what is known to work, or with what is under test."""

    CONTROL = "control"
    CANDIDATE = "candidate"


class Vary(StrEnum):
    """What differs between the legs of a pair; the tests are the same."""

    FRONTEND = "frontend"
    """Same daemon, another frontend: what did the frontend change?"""
    DAEMON = "daemon"
    """Same frontend, another daemon: what does this daemon do otherwise?"""


class Client(StrEnum):
    """Whose buildctl the tests find; the library that they speak to a daemon with is their own."""

    DAEMON = "daemon"
    TESTS = "tests"


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
    UNAVAILABLE = "unavailable"
    """Not run: something that it needs, as a list says, was known to be lacking beforehand."""

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
    REFUSED = "refused"
    """The daemon says that it is too old for what it was asked."""
    WRONG = "wrong"
    """A scenario's build succeeded, and what came of it is not right."""
    UNCLEAR = "unclear"
    """A scenario's build failed, and its words do not say what is lacking."""
    INCOMPLETE = "incomplete"
    UNKNOWN = "unknown"
    DISK = "disk"
    NETWORK = "network"
    OOM = "oom"
    IMAGE_PULL = "image-pull"
    RATE_LIMIT = "rate-limit"
    """A registry or another server gives no more for a while; the daemon is not to blame."""
    ENGINE = "engine"
    CLOCK = "clock"
    LIMITS = "limits"
    """Descriptors, processes, ports: what a program needs of the machine beside room."""
    CONTAINER = "container"
    """Mounts, namespaces, control groups, a network: what this machine lets no container have."""

    @property
    def spurious(self) -> bool:
        """Whether the cause lies in this machine or the network, never in a frontend."""
        return self in {
            Reason.DISK,
            Reason.NETWORK,
            Reason.OOM,
            Reason.IMAGE_PULL,
            Reason.RATE_LIMIT,
            Reason.ENGINE,
            Reason.CLOCK,
            Reason.LIMITS,
            Reason.CONTAINER,
        }

    @property
    def momentary(self) -> bool:
        """Whether the cause is a state of this machine that somebody will mend.

        An offline machine lacks its network day after day, one without privileges its mounts, so
        two tests that fail for that fail alike. A full disk or an engine that was stopped is like
        nothing.
        """
        return self in {
            Reason.DISK,
            Reason.OOM,
            Reason.ENGINE,
            Reason.CLOCK,
            Reason.LIMITS,
            Reason.RATE_LIMIT,
        }


class Program(StrEnum):
    """Which program panicked, where the reason is a panic or a daemon that is gone."""

    FRONTEND = "frontend"
    """The external one, in its container; a built-in frontend is part of its daemon."""
    DAEMON = "daemon"
    TEST_BINARY = "test binary"
    RUNC = "runc"
    CONTAINERD = "containerd"
    REGISTRY = "registry"


class Format(StrEnum):
    """How events stand out from output, which is known of every binary by the Go that built it."""

    MARKED = "marked"
    """A binary run with -test.v=test2json (Go 1.20 to 1.26)."""
    ESCAPED = "escaped"
    """The same of Go 1.27 and newer: a test's own markers are escaped."""
    PLAIN = "plain"
    """A binary run with -test.v: a test's output can pretend to be an event."""


class Verdict(StrEnum):
    """What the new frontend did to one test, or to a pair (the worst of its tests')."""

    # Worst first, and every report lists them in this order: what blames the frontend; what says
    # nothing about it, since the rest may hide behind that; what a maintainer has to look at;
    # what is explained or fine. What follows from a verdict is a property here; how it looks
    # stands in harness/reports/words.py.
    REGRESSED = "regressed"
    LOST = "lost"
    INFRA = "infra"
    INDETERMINATE = "indeterminate"
    STALE_ENTRY = "stale-entry"
    CHANGED_FAILURE = "changed-failure"
    FLAKY = "flaky"
    UNAVAILABLE = "unavailable"
    REFUSED = "refused"
    KNOWN = "known"
    SAME_FAILURE = "same-failure"
    FIXED = "fixed"
    COMPATIBLE = "compatible"
    SKIPPED = "skipped"

    @property
    def weight(self) -> int:
        """Place in the order, from 0 for the worst: the key to sort by."""
        return _WEIGHTS[self]

    @property
    def exit_code(self) -> ExitCode:
        """Exit code of a run with this verdict."""
        if self.blames_frontend:
            return ExitCode.REGRESSION
        if self.says_nothing:
            infra = self is Verdict.INFRA
            return ExitCode.INFRASTRUCTURE if infra else ExitCode.INDETERMINATE
        return ExitCode.COMPATIBLE

    @property
    def blames_frontend(self) -> bool:
        """Whether it speaks against the frontend under test."""
        return self in {Verdict.REGRESSED, Verdict.LOST}

    @property
    def says_nothing(self) -> bool:
        """Whether it leaves open what the frontend does."""
        return self in {Verdict.INFRA, Verdict.INDETERMINATE}

    @property
    def deserves_detail(self) -> bool:
        """Whether reports show each such test, and the reason, without being asked."""
        doubtful = {Verdict.STALE_ENTRY, Verdict.CHANGED_FAILURE, Verdict.FLAKY}
        return self.blames_frontend or self.says_nothing or self in doubtful

    @property
    def passes(self) -> bool:
        """Whether the test passes with the frontend under test."""
        return self in {Verdict.COMPATIBLE, Verdict.FIXED, Verdict.STALE_ENTRY}

    @property
    def plain(self) -> bool:
        """Whether there is nothing to add: it passes with both, or is not run."""
        return self in {Verdict.COMPATIBLE, Verdict.SKIPPED}

    @property
    def unexpected(self) -> bool:
        """Whether it is worth another attempt on both sides before it is believed."""
        return self is Verdict.FIXED or (self.deserves_detail and self is not Verdict.FLAKY)

    @property
    def of_pairs(self) -> bool:
        """Whether a pair can have it; what it cannot have in a test leaves the pair compatible."""
        quiet = {Verdict.REFUSED, Verdict.KNOWN, Verdict.COMPATIBLE}
        return self.deserves_detail or self in quiet

    @property
    def ran(self) -> bool:
        """Whether the test was to run on either side."""
        return self not in {Verdict.SKIPPED, Verdict.UNAVAILABLE}

    @property
    def of_lists(self) -> bool:
        """Whether only an entry of a skip list can bring it about."""
        return self in {Verdict.KNOWN, Verdict.STALE_ENTRY, Verdict.UNAVAILABLE}

    @property
    def fails_anew(self) -> bool:
        """Whether the test fails with the frontend under test, and not so with its own."""
        return self in {Verdict.REGRESSED, Verdict.CHANGED_FAILURE}


_WEIGHTS = {verdict: weight for weight, verdict in enumerate(Verdict)}


class Below(StrEnum):
    """What a test does on a daemon that is too old for it."""

    REFUSED = "refused"
    """The daemon says so, and names what it lacks."""
    WRONG = "wrong"
    """The build succeeds, and what comes of it is wrong; or nothing says why it fails."""
    CRASH = "crash"
    """It comes to no end: the daemon dies, or the test hangs."""


class Status(StrEnum):
    """What an entry of a skip list asks for."""

    SKIP = "skip"
    EXPECTED_FAILURE = "expected-failure"
    FLAKY = "flaky"
    UNAVAILABLE = "unavailable"
