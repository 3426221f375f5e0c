"""When an entry of a data file holds: versions, commits, worker, backend, channel, network.

The same keys everywhere, all optional, all of them must hold:

    when:
      daemon: ">=0.6,<0.9"        # nearest release of the suite's commit
      frontend: ">=0.11"          # nearest release of the frontend's commit
      tests: ">=0.20"             # nearest release of the tests' commit, mostly the daemon's own
      dockerfile: ">=1.5"         # nearest dockerfile/* release of the frontend's commit
      contains: {frontend: SHA}   # that side's commit has SHA in its history
      lacks: {daemon: [SHA, SHA]} # that side's commit has none of these in its history
      worker: [oci, containerd]   # one of them
      backend: native
      platform: windows/amd64     # of the daemon; one of them
      channel: labs               # of the frontend
      offline: true
      engine: true                # a container engine builds in the daemon's place

Versions are compared as packaging compares them (PEP 440), against MAJOR.MINOR.PATCH; a commit
on its way to a line counts as that line's .0 (harness.model.Commit.version).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Annotated, Self

from msgspec import Meta
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from harness.config.terms import Backend, PlatformName, Worker
from harness.config.yamlfile import Complaint
from harness.model import Channel, Commit, Record, Side
from harness.model.platforms import USUAL

MAX_RANGE = 200
"""Characters."""
RANGE_HINT = 'write comparisons joined by commas: ">=0.6,<0.9"'

Sha = Annotated[
    str,
    Meta(
        pattern=r"\A[0-9a-f]{40}\Z",
        description="a full commit id of 40 hex digits",
        examples=['"73ed6825c4b7569379ef89df0aedcdbe64473d31"'],
    ),
]
Word = Annotated[
    str,
    Meta(pattern=r"\A[a-z0-9][a-z0-9+._-]*\Z", description="a plain name", examples=["oci"]),
]


class Versions:
    """A range of versions, as `>=0.6,<0.9`; equal if written the same."""

    def __init__(self, text: str) -> None:
        """Check the range. Raises: Complaint."""
        self.text = text
        try:
            self._set = SpecifierSet(text[:MAX_RANGE])
        except InvalidSpecifier as error:
            raise Complaint(f"{text[:60]!r} is no range of versions", hint=RANGE_HINT) from error
        if not self._set or "===" in text or len(text) > MAX_RANGE:
            raise Complaint(f"{text[:60]!r} is no range of versions", hint=RANGE_HINT)
        self._answers: dict[str, bool] = {}
        """A matrix asks of few versions in thousands of cells."""
        bounds = [spec.version.removesuffix(".*") for spec in self._set]
        self._bounds = [(*Version(bound).release, 0, 0)[:3] for bound in bounds]
        if not any(_text(version) in self for version in self._edges()):
            hint = "no release can be in it: mend the bounds"
            raise Complaint(f"{text[:60]!r} holds no version", hint=hint)

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a range. Raises: Complaint."""
        return cls(text)

    def __contains__(self, version: str) -> bool:
        """Return whether a version lies in the range; prereleases count."""
        if version not in self._answers:
            try:
                self._answers[version] = self._set.contains(Version(version), prereleases=True)
            except InvalidVersion as error:
                raise ValueError(f"not a version: {version!r}") from error
        return self._answers[version]

    def meets(self, line: str) -> bool:
        """Return whether some MAJOR.MINOR.PATCH of a line lies in the range; `line` is `0.6`."""
        first = (*map(int, line.split(".")), 0)
        inside = [edge for edge in self._edges() if edge[:2] == first[:2]]
        return any(_text(version) in self for version in (first, *inside))

    def _edges(self) -> Iterator[tuple[int, ...]]:
        """Yield versions of which one lies in the range, if any version does.

        The least that lies in it is the least of all, a bound, or what follows one.
        """
        yield 0, 0, 0
        for major, minor, patch in self._bounds:
            yield major, minor, patch
            yield major, minor, patch + 1
            yield major, minor + 1, 0
            yield major + 1, 0, 0

    def __eq__(self, other: object) -> bool:
        """Compare the ranges as sets of comparisons."""
        return isinstance(other, Versions) and self._set == other._set

    def __hash__(self) -> int:
        """Hash to match equality."""
        return hash(self._set)

    def __repr__(self) -> str:
        """`Versions('>=0.6')`."""
        return f"Versions({self.text!r})"

    __str__ = __repr__


def _text(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))


@dataclass(frozen=True)
class Facts:
    """What a condition is asked about: one pair, where and how it runs."""

    daemon: Commit
    frontend: Commit
    worker: str
    backend: str
    channel: Channel
    """Of the frontend."""
    offline: bool
    contains: Callable[[str, str], bool]
    """Given a side's commit and a sha: whether the first has the second in its history."""
    tests: Commit | None = None
    """Whose tests are run; None for those of the daemon's commit."""
    platform: str = USUAL
    """Of the daemon."""
    engine: bool = False
    """Whether a container engine builds in the daemon's place."""

    @property
    def tested(self) -> Commit:
        """Whose tests are run."""
        return self.tests or self.daemon


class Commits(Record, frozen=True, kw_only=True):
    """Commits to look for in the history of daemon, frontend and tests."""

    daemon: tuple[Sha, ...] = ()
    frontend: tuple[Sha, ...] = ()
    tests: tuple[Sha, ...] = ()

    def __post_init__(self) -> None:
        """Refuse the empty mapping. Raises: Complaint."""
        if not (self.daemon or self.frontend or self.tests):
            raise Complaint("names no commit", hint="write {daemon: SHA} or {frontend: SHA}")

    def about(self, side: str) -> Commits | None:
        """Return those of one side; None if there are none."""
        own = getattr(self, side)
        return Commits(**{side: own}) if own else None

    def found(self, facts: Facts) -> list[bool]:
        """Return of each commit whether its side has it."""
        asked = (
            *((facts.daemon, sha) for sha in self.daemon),
            *((facts.frontend, sha) for sha in self.frontend),
            *((facts.tested, sha) for sha in self.tests),
        )
        return [facts.contains(commit.sha, sha) for commit, sha in asked]


class Condition(Record, frozen=True, kw_only=True):
    """All that is given must hold; an empty condition always does."""

    daemon: Versions | None = None
    frontend: Versions | None = None
    dockerfile: Versions | None = None
    contains: Commits | None = None
    lacks: Commits | None = None
    worker: tuple[Worker, ...] = ()
    backend: tuple[Backend, ...] = ()
    channel: tuple[Channel, ...] = ()
    offline: bool | None = None
    tests: Versions | None = None
    platform: tuple[PlatformName, ...] = ()
    engine: bool | None = None

    def __post_init__(self) -> None:
        """Refuse what no commit is like. Raises: Complaint."""
        for side in Commits.__struct_fields__:
            there = getattr(self.contains, side, ())
            for sha in getattr(self.lacks, side, ()):
                if sha in there:
                    what = f"no {side} lacks {sha[:12]} and contains it, as `contains` asks"
                    raise Complaint(what, key="lacks", hint="remove one of the two")

    def matches(self, facts: Facts) -> bool:
        """Return whether the condition holds; history is asked last, as it may cost a process."""
        versions = (
            (self.daemon, facts.daemon.version),
            (self.frontend, facts.frontend.version),
            (self.dockerfile, facts.frontend.dockerfile),
            (self.tests, facts.tested.version),
        )
        choices = (
            (self.worker, facts.worker),
            (self.backend, facts.backend),
            (self.channel, facts.channel),
            (self.platform, facts.platform),
        )
        return (
            all(wanted is None or version in wanted for wanted, version in versions)
            and all(not wanted or value in wanted for wanted, value in choices)
            and self.offline in {None, facts.offline}
            and self.engine in {None, facts.engine}
            and (self.contains is None or all(self.contains.found(facts)))
            and (self.lacks is None or not any(self.lacks.found(facts)))
        )

    def about(self, side: str) -> Condition:
        """Return what it asks of one side's commit alone: `daemon`, `frontend` or `tests`."""
        keys = (side, "dockerfile") if side == "frontend" else (side,)
        return Condition(
            **{key: getattr(self, key) for key in keys},
            contains=self.contains and self.contains.about(side),
            lacks=self.lacks and self.lacks.about(side),
        )

    @property
    def named(self) -> frozenset[str]:
        """The commits that it names."""
        given = (it for it in (self.contains, self.lacks) if it)
        return frozenset(sha for it in given for sha in (*it.daemon, *it.frontend, *it.tests))

    def beyond(self, side: Side) -> list[str]:
        """List the keys that one side's commit, channel and backend do not decide alone."""
        others = ("frontend" if side is Side.SUITE else "daemon", "tests")
        given = [
            key
            for key in ("worker", "offline", "tests", "platform", "engine")
            if getattr(self, key) not in {(), None}
        ]
        given += [
            f"{key}.{other}"
            for key in ("contains", "lacks")
            for other in others
            if self._asks(key, other)
        ]
        foreign = {Side.SUITE: ("frontend", "dockerfile", "channel"), Side.FRONTEND: ("daemon",)}
        return given + [key for key in foreign[side] if getattr(self, key)]

    def _asks(self, key: str, side: str) -> bool:
        commits: Commits | None = getattr(self, key)
        return commits is not None and bool(getattr(commits, side))


ALWAYS = Condition()
