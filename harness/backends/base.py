"""What a backend is: it builds a suite, builds a frontend image, and runs a selection."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Protocol, runtime_checkable

from harness.config.lines import Line, Lines
from harness.config.needs import Need
from harness.config.series import Patch
from harness.errors import UsageError
from harness.events import Listener
from harness.model import Channel, Client, Commit, Fault, Leaked, Side
from harness.repository.git import Git
from harness.store import Store

_LONGEST = 255

_REPOSITORY = re.compile(
    r"(?:localhost|(?=[^/]*[.:])[a-zA-Z0-9.-]+|\[[0-9a-fA-F:]+\])(?::\d{1,5})?"
    r"(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)+"
)
"""https://github.com/distribution/reference/blob/v0.6.0/reference.go, with a registry in front."""


class Privileges(StrEnum):
    """What a leg is given, where a backend can give more or less."""

    AUTO = "auto"
    PRIVILEGED = "privileged"
    EXPLICIT = "explicit"


@dataclass(frozen=True)
class Place:
    """What every backend is made with: its class is called with this alone."""

    store: Store
    git: Git
    """The repository whose commits it builds."""
    lines: Lines
    privileges: Privileges = Privileges.AUTO
    cache_repo: str = ""
    """REGISTRY/NAME that images come from and go to; empty to build everything here."""


def check_repository(name: str) -> str:
    """Return a repository's name back. Raises UsageError if it is none."""
    if name and (len(name) > _LONGEST or not _REPOSITORY.fullmatch(name)):
        raise UsageError(
            f"--cache-repo: {name!r} is no repository of a registry",
            hint="write REGISTRY/NAME without a tag, for example ghcr.io/you/compat",
        )
    return name


@dataclass(frozen=True)
class BuildRequest:
    """One commit to be built for one side of a pair."""

    commit: Commit
    line: Line
    channel: Channel
    patches: tuple[Patch, ...]


@dataclass(frozen=True)
class Artefact:
    """Something built once per commit and found again by its key."""

    key: str
    """Digest of everything that went into it."""
    path: Path
    """A folder of the store; never written to after publication."""
    cached: bool
    """True if it was there already."""
    go_minor: int
    """The minor version of Go 1 that compiled it; decides how tests can be selected."""


@dataclass(frozen=True)
class Found:
    """What is known of an artefact without building it."""

    key: str
    """The one that building it gives."""
    cached: bool
    """True if building it would find it."""


@dataclass(frozen=True)
class LegRequest:
    """One execution of tests against one daemon and one frontend."""

    suite: Artefact
    """Whose daemon runs."""
    tests: Artefact
    """Whose tests run; mostly the same."""
    frontend: Artefact
    worker: str
    select: str
    """For -test.run."""
    skip: str
    """For -test.skip; empty for none."""
    parallel: int
    procs: int
    """GOMAXPROCS of the test binary; the sandbox of most lines runs that many daemons at once."""
    timeout: float
    """Seconds for the whole leg; who asked for it says when they are over (see Overdue), and a
    while later they are over anyway."""
    offline: bool
    mirror: Path | None
    """Registry storage folder with seeded images."""
    folder: Path
    """Where diagnostics go; the raw output goes to `sink`."""
    environment: dict[str, str] = field(default_factory=dict)
    client: Client = Client.DAEMON
    """Whose buildctl is in PATH."""
    buildctl: Artefact | None = None
    """A third suite whose buildctl scenarios call; None for what `client` says."""
    scenarios: bool = False
    """Whether the tests are scenarios, which are Python."""
    engine: str = ""
    """Make and version of the container engine that builds in the daemon's place, or empty."""
    rootless: bool = False
    """Whether daemons run as another user."""
    programs: tuple[str, ...] = ()
    """Names of programs of the machine that the worker needs."""
    gateway: Artefact | None = None
    """A frontend that scenarios bring, compiled in the daemon's tree; None without one."""

    @property
    def own(self) -> bool:
        """Whether daemon and tests are of one artefact."""
        return self.suite.key == self.tests.key


@dataclass(frozen=True)
class LegExit:
    """How a leg ended."""

    status: int | None
    """Exit status of the test binary; None if it was killed."""
    timed_out: bool
    seconds: float
    notes: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()
    """What the machine did to it; never drawn from its output."""
    leaked: Leaked | None = None
    """What its suite left behind; None if nobody could look."""


Sink = Callable[[bytes], None]
"""Receives the test binary's combined output in chunks, as they come, from one thread."""


Overdue = Callable[[], bool]
"""Asked now and then while a leg runs, from the sink's thread: whether it is to be ended."""


def never() -> bool:
    """Run a leg to its end."""
    return False


@dataclass(frozen=True)
class Problem:
    """Something that keeps a backend from working on this machine."""

    what: str
    fix: str
    """The exact command, or a sentence if there is no command."""
    fatal: bool = True
    """False for what is only worth knowing: it runs nevertheless."""


class Candidate(Protocol):
    """What a backend says of this machine."""

    name: str

    def problems(self) -> list[Problem]:
        """Return what is missing here; empty if the backend can run."""

    def describe(self) -> str:
        """Return in a line what it would run with; called only if nothing is missing."""


class Backend(Candidate, Protocol):
    """Builds and runs; holds no state of a single pair."""

    def versions(self) -> dict[str, str]:
        """Return the version line of each program that results depend on."""

    def meets(self, need: Need) -> bool:
        """Return whether a leg will have what this machine, or an image, has or has not.

        What cannot be told before it runs is taken to be there.
        """

    def find(self, side: Side, request: BuildRequest) -> Found:
        """Return what building this would make and whether it is there; nothing is built."""

    def build_suite(self, request: BuildRequest, listener: Listener) -> Artefact:
        """Build daemon, client and compiled tests of one commit, or find them in the store."""

    def build_frontend(self, request: BuildRequest, listener: Listener) -> Artefact:
        """Build the frontend image of one commit, or find it in the store."""

    def run(self, leg: LegRequest, sink: Sink, overdue: Overdue = never) -> LegExit:
        """Run a selection and stream its output; nothing of it outlives this call.

        Once `overdue` says so, its programs are asked for their goroutines, and it is ended as at
        its time limit.

        Raises InfrastructureError if the machine or an engine failed, at the start or in the
        middle: what the sink was given by then stands.
        """


@runtime_checkable
class BuildsGateways(Protocol):
    """A backend that compiles a program of ours inside a commit's tree, with its packages."""

    def build_gateway(self, request: BuildRequest, sources: Path, listener: Listener) -> Artefact:
        """Build the image of a frontend from a folder of Go sources, or find it in the store."""
