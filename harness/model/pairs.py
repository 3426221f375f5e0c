"""What is run against what, from what, and where."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta
from msgspec.structs import replace

from harness.model.platforms import USUAL, Platform
from harness.model.words import Bytes, Channel, Client, Count, Leg, Record, Release, Sha, Side, Vary

Digest = Annotated[str, Meta(pattern=r"\Asha256:[0-9a-f]{64}\Z")]

ADOPTED = "adopted"
"""The backend of a pair whose legs were run by somebody else, who gave their output."""


class Published(Record, frozen=True, kw_only=True):
    """An image that somebody published, which is run in the place of its commit's own build."""

    digest: Digest
    """Of its manifest for this platform."""
    platform: str
    """`linux/amd64`."""
    side: Side = Side.FRONTEND
    """What it has: a frontend, or a daemon; never tests."""
    commit: str = ""
    """The name that its commit was found by: a release, or the commit itself."""
    programs: tuple[str, ...] = ()
    """What was taken out of it."""
    version: str = ""
    """What it says of its version, by a label or by its tag."""
    channel: Channel | None = None
    """Which channel its version is of; None if it says nothing of that."""
    differs: tuple[str, ...] = ()
    """What it says of itself that its commit's own build does not."""

    @property
    def short(self) -> str:
        """First digits of the digest, as engines print them."""
        return self.digest.removeprefix("sha256:")[:12]


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
    image: Published | None = None
    """What is run in the place of what the commit builds; None for that."""

    @property
    def identity(self) -> str:
        """What makes two of them build or run the same, however they are called."""
        return f"{self.sha} {self.image.digest}" if self.image else self.sha

    @property
    def built(self) -> Commit:
        """The same commit as it is built here, without an image in its place."""
        if self.image is None:
            return self
        name = self.image.commit or self.sha
        return replace(self, asked=name, ref=name, image=None)

    @property
    def short(self) -> str:
        """First seven digits, as people write commits."""
        return self.sha[:7]

    def __str__(self) -> str:
        """`v0.6 → v0.6.4 (ebcef1f, 2020-02-21)`."""
        image = f"image {self.image.short} of " if self.image else ""
        meant = f"{self.ref} ({image}{self.short}, {self.date})"
        return meant if self.asked == self.ref else f"{self.asked} → {meant}"


class Source(Record, frozen=True, kw_only=True):
    """A commit, and the channel that it is built for."""

    commit: Commit
    channel: Channel


class Pair(Record, frozen=True, kw_only=True):
    """A daemon and the frontend under test, on one worker of one backend, and whose tests see it.

    None and defaults stand for the usual, so that two pairs that run the same things are equal.
    """

    suite: Commit
    frontend: Commit
    suite_channel: Channel
    frontend_channel: Channel
    worker: str
    backend: str
    vary: Vary = Vary.FRONTEND
    """What differs between control and candidate."""
    tests: Source | None = None
    """Whose tests are run; None for those of the daemon's commit."""
    baseline: Source | None = None
    """Whose frontend the control has; None for that of the tests' commit."""
    client: Client = Client.DAEMON
    """Whose buildctl is in PATH."""
    buildctl: Source | None = None
    """A third commit whose buildctl scenarios call; None for what `client` says."""
    scenarios: bool = False
    """Whether the folder of scenarios is run in the place of the tests' own."""

    engine: str = ""
    """Make and version of the container engine that builds in the place of the candidate's daemon;
    empty for the daemon itself. `suite` is the commit of the BuildKit inside, then."""
    platform: Platform = USUAL
    """What the daemon runs on: `linux/amd64`, `windows/amd64`."""

    @property
    def adopted(self) -> bool:
        """Whether its legs were run elsewhere, and not by this program."""
        return self.backend == ADOPTED

    @property
    def repeatable(self) -> bool:
        """Whether it is run again by its commits: an engine has none of its own."""
        return not (self.engine or self.adopted)

    @property
    def daemon(self) -> Source:
        """Whose daemon the candidate has."""
        return Source(commit=self.suite, channel=self.suite_channel)

    @property
    def built_daemon(self) -> Source:
        """Whose daemon is built for the candidate; beside an engine the control's will do."""
        return self.tested if self.engine else self.daemon

    @property
    def candidate(self) -> Source:
        """Whose frontend is under test."""
        return Source(commit=self.frontend, channel=self.frontend_channel)

    @property
    def tested(self) -> Source:
        """Whose tests are run."""
        return self.tests or self.daemon

    @property
    def control_daemon(self) -> Source:
        """Whose daemon the control has."""
        return self.tested if self.vary is Vary.DAEMON else self.daemon

    @property
    def control_frontend(self) -> Source:
        """Whose frontend the control has."""
        if self.vary is Vary.DAEMON:
            return self.candidate
        return self.baseline or self.tested

    @property
    def commits(self) -> tuple[Commit, ...]:
        """Every commit that it takes something of."""
        also = (self.tests, self.baseline, self.buildctl)
        return (self.suite, self.frontend, *(it.commit for it in also if it))

    @property
    def tests_asked(self) -> str | None:
        """Whose tests are to be asked for to run the same: `scenarios`, a ref, or None."""
        if self.scenarios:
            return "scenarios"
        return self.tests.commit.ref if self.tests else None

    @property
    def client_asked(self) -> str:
        """Whose client is to be asked for to run the same: `daemon`, `tests` or a ref."""
        return self.buildctl.commit.ref if self.buildctl else self.client

    @property
    def identity(self) -> tuple[str, ...]:
        """What makes two pairs run the same, however their commits are called."""
        sources = (self.daemon, self.candidate, self.tested, self.control_frontend)
        built = (word for it in sources for word in (it.commit.identity, it.channel))
        also = [*(["scenarios"] if self.scenarios else []), *filter(None, [self.engine])]
        also += [f"buildctl {self.buildctl.commit.identity}"] if self.buildctl else []
        also += [f"platform {self.platform}"] if self.platform != USUAL else []
        return (*built, self.vary, self.client, self.worker, self.backend, *also)

    @property
    def axes(self) -> tuple[str, ...]:
        """What was asked for beside daemon and frontend, as people read it: `tests master`.

        And the platform, if it is not the usual one.
        """
        told = {
            "tests": self.tests_asked,
            "vary": self.vary if self.vary is not Vary.FRONTEND else None,
            "baseline": self.baseline and self.baseline.commit.ref,
            "client": self.client_asked if self.client_asked != Client.DAEMON else None,
            "platform": self.platform if self.platform != USUAL else None,
        }
        return tuple(f"{name} {value}" for name, value in told.items() if value)


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
