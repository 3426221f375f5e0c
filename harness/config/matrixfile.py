"""Matrices (matrices/*.yaml): which daemons are run against which frontends.

    description: Every line's newest release against what comes next.
    pairs:
      - daemons: [{lines: {since: v0.6}}, {branches: [master]}]
        frontends: [{candidate: true}]
        workers: [oci]
        platforms: [linux/amd64]
        timeout: 40m          # of each leg
        test_timeout: 5m      # of each test
    exclude:
      - {when: {daemon: "<0.7", worker: containerd}, reason: its tests do not know it}
    include:
      - {daemon: v0.20.1, frontend: v0.20.2}   # and `expect`: harness.config.expectations
    policy: {flaky_budget: 3}

A row of `pairs` is the product of its lists. Selectors name no commits: what they mean is found
in the repository when the matrix is planned (harness.plan).
"""

from __future__ import annotations

from difflib import get_close_matches
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from msgspec import Meta

from harness.config.amounts import Limit, Size
from harness.config.conditions import Condition, Versions, Word
from harness.config.datadir import Data
from harness.config.expectations import Expectation, functions_of
from harness.config.known import ANYTHING, Known
from harness.config.lines import Minor
from harness.config.policy import Policy
from harness.config.schema import load
from harness.config.series import Link
from harness.config.terms import PlatformName
from harness.config.yamlfile import Complaint, Place, Problems
from harness.errors import UsageError
from harness.model import Channel, Client, Record, Vary

SUFFIX = ".yaml"

NOT_MATRICES = frozenset({"lines", "images", "oracle", "engines"})
"""Files beside the matrices that are something else."""

TIMEOUT = Limit(1800)
MEMORY = Size(4 << 30)

DAEMON = "daemon"
FRONTEND = "frontend"
"""Names of tests that are not refs: whose commit is meant."""
SCENARIOS = "scenarios"
"""Name of tests that are no commit's: those of the data (harness.scenarios)."""
NO_REFS = frozenset({DAEMON, FRONTEND, SCENARIOS})
PREVIOUS = "previous"
"""Name of tests, a baseline or a client: the release before the head of `--branch`."""

Name = Annotated[
    str,
    Meta(
        pattern=r"\A[A-Za-z0-9][A-Za-z0-9._/+@~^-]{0,199}\Z",
        description="the name of a commit: a tag, branch, commit or release line",
        examples=["v0.12"],
    ),
]
Frontend = Annotated[
    str,
    Meta(
        pattern=r"\A((image|oci):[!-~]{1,500}|[A-Za-z0-9][A-Za-z0-9._/+@~^-]{0,199})\Z",
        description="the name of a commit, or of a published image (image:REF, oci:PATH)",
        examples=["v0.12"],
    ),
]
Count = Annotated[int, Meta(ge=1, le=999)]
ReleaseLine = Annotated[
    str,
    Meta(
        pattern=r"\Av(0|[1-9][0-9]{0,3})\.(0|[1-9][0-9]{0,3})\Z",
        description="a release line (vMAJOR.MINOR)",
        examples=["v0.6"],
    ),
]


class _Part(Record, frozen=True, kw_only=True):
    """A part of the release lines there are, told in one of three ways."""

    place: Place
    last: Count | None = None
    """The newest so many."""
    within: Versions | None = None
    """Those whose MAJOR.MINOR lies in the range."""

    def __post_init__(self) -> None:
        """Take one way. Raises: Complaint."""
        _one_of(self, ("since", "last", "within"))


class LinePart(_Part, frozen=True, kw_only=True):
    """Lines of BuildKit; of each, the newest patch release is meant."""

    since: ReleaseLine | None = None
    """This line and all that are newer."""


class DockerfilePart(_Part, frozen=True, kw_only=True):
    """Lines of the Dockerfile frontend; of each, the newest patch release is meant."""

    since: Minor | None = None
    """This line and all that are newer."""


class OfBranch(StrEnum):
    """Commits that the head of a release branch is held against, and itself."""

    HEAD = "head"
    """What is to be released next."""
    PREVIOUS = PREVIOUS
    """The newest release that the head has in its history, and is not."""
    OLDER = "older"
    """The newest release of each line that is older than the previous release's."""


class Selector(Record, frozen=True, kw_only=True):
    """Commits of one side, told in one way."""

    place: Place
    lines: LinePart | None = None
    dockerfile: DockerfilePart | None = None
    branches: tuple[str, ...] = ()
    refs: tuple[str, ...] = ()
    """Tags, branches, commits, release lines, as on the command line."""
    images: tuple[str, ...] = ()
    """Published images, as on the command line."""
    candidate: bool = False
    """What `--candidate` names."""
    release_branch: OfBranch | None = None
    """Commits of the branch that `--branch` names, and of what came before."""

    def __post_init__(self) -> None:
        """Take one way. Raises: Complaint."""
        _one_of(self, WAYS)


WAYS = ("lines", "dockerfile", "branches", "refs", "images", "candidate", "release_branch")


class Row(Record, frozen=True, kw_only=True):
    """All daemons against all frontends, on all workers."""

    place: Place
    daemons: tuple[Selector, ...]
    frontends: tuple[Selector, ...]
    workers: tuple[Word, ...] = ("oci",)
    platforms: tuple[PlatformName, ...] = ()
    """Of the daemons; none for that of the machine."""
    channels: tuple[Channel, ...] = ()
    """Of the frontend under test; none for labs or experimental, whichever its commit has."""
    timeout: Limit = TIMEOUT
    """Of each leg."""
    test_timeout: Limit | None = None
    """Of each test; None lets the history say."""
    memory: Size = MEMORY
    """That a cell may need while it runs."""
    tests: tuple[Name, ...] = (DAEMON,)
    """Whose: `daemon`, `frontend`, `scenarios`, `previous`, or a name as on the command line."""
    vary: Vary = Vary.FRONTEND
    """What differs between control and candidate."""
    baseline: Frontend | None = None
    """Whose frontend the control has, `previous` or a name; None for that of the tests' commit."""
    client: Name = Client.DAEMON.value
    """Whose buildctl: `daemon`, `tests`, or, by scenarios, that of `previous` or of a name."""

    def __post_init__(self) -> None:
        """Refuse a control that would be the candidate. Raises: Complaint."""
        _check_axes(self)


class Exclude(Record, frozen=True, kw_only=True):
    """Cells of `pairs` that are not run."""

    place: Place
    when: Condition
    reason: str
    issue: Link | None = None


class Include(Record, frozen=True, kw_only=True):
    """One more cell; nothing excludes it."""

    place: Place
    daemon: str
    frontend: str
    worker: Word = "oci"
    platform: PlatformName | None = None
    """Of the daemon; None for that of the machine."""
    channel: Channel | None = None
    timeout: Limit = TIMEOUT
    test_timeout: Limit | None = None
    memory: Size = MEMORY
    expect: tuple[Expectation, ...] = ()
    """What `compat selftest` holds it to; the cell runs no other tests then."""
    tests: Name = DAEMON
    """Whose: `daemon`, `frontend`, `scenarios`, `previous`, or a name as on the command line."""
    vary: Vary = Vary.FRONTEND
    """What differs between control and candidate."""
    baseline: Frontend | None = None
    """Whose frontend the control has, `previous` or a name; None for that of the tests' commit."""
    client: Name = Client.DAEMON.value
    """Whose buildctl: `daemon`, `tests`, or, by scenarios, that of `previous` or of a name."""

    def __post_init__(self) -> None:
        """Refuse a control that would be the candidate. Raises: Complaint."""
        _check_axes(self)

    @property
    def functions(self) -> tuple[str, ...]:
        """Globs over test functions; empty for whole suites."""
        return functions_of(self.expect)


class Matrix(Record, frozen=True, kw_only=True):
    """The content of a matrix file."""

    place: Place
    description: str
    pairs: tuple[Row, ...] = ()
    exclude: tuple[Exclude, ...] = ()
    include: tuple[Include, ...] = ()
    policy: Policy = Policy()

    def __post_init__(self) -> None:
        """Refuse a matrix without cells. Raises: Complaint."""
        if not self.pairs and not self.include:
            raise Complaint("holds neither `pairs` nor `include`", hint="add a row of pairs")


def load_matrix(path: Path, known: Known = ANYTHING) -> Matrix:
    """Read a matrix file; `known` is what exclusions and expectations can hold for.

    Raises ConfigError with every problem of the file and its place.
    """
    matrix = load(path, Matrix, words=known.words)
    problems = Problems()
    for index, one in enumerate(matrix.exclude):
        known.check(one.when, one.place, f"exclude[{index}].when", problems)
    for index, cell in enumerate(matrix.include):
        for number, wanted in enumerate(cell.expect):
            path_of = f"include[{index}].expect[{number}]"
            known.check_params(wanted.params, wanted.place, problems, path_of)
    problems.raise_any()
    return matrix


def names(data: Data) -> list[str]:
    """List the matrices of a data folder by name."""
    found = {path.stem for path in data.matrices.glob(f"*{SUFFIX}")}
    return sorted(found - NOT_MATRICES)


def find_matrix(data: Data, named: str) -> Path:
    """Find a matrix by its name in the data folder, or by its file.

    Raises UsageError that lists the names that there are.
    """
    if "/" in named or named.endswith((SUFFIX, ".yml")):
        return Path(named)
    known = names(data)
    if named in known:
        return data.matrices / f"{named}{SUFFIX}"
    near = get_close_matches(named, known, n=1)
    guess = f"; did you mean {near[0]}?" if near else ""
    raise UsageError(
        f"there is no matrix {named!r}{guess}",
        hint=f"{data.matrices} has: {', '.join(known) or 'none'}; or name a file with a slash",
    )


def _check_axes(where: Row | Include) -> None:
    own = where.tests in {DAEMON, (DAEMON,)}
    told = (where.tests,) if isinstance(where.tests, str) else where.tests
    if where.client not in {*Client} and set(told) != {SCENARIOS}:
        what = "has no say: none but scenarios call the client of a third commit"
        raise Complaint(what, key="client", hint="write daemon or tests, or `tests: scenarios`")
    if own and where.client != Client.DAEMON:
        what = "has no say: the tests are the daemon's own, and so is their client"
        raise Complaint(what, key="client", hint="say whose `tests`, for example [master]")
    if where.vary is not Vary.DAEMON:
        return
    if where.baseline is not None:
        what = "has no say with `vary: daemon`: both legs have one frontend"
        raise Complaint(what, key="baseline", hint="remove it, or vary the frontend")
    if own:
        what = "nothing varies: the control has the daemon of the tests' commit, which is the same"
        raise Complaint(what, key="vary", hint="say whose `tests`, for example [master]")


def _one_of(record: Record, keys: tuple[str, ...]) -> None:
    given = [key for key in keys if getattr(record, key) not in {None, (), False}]
    hint = f"give exactly one of: {', '.join(keys)}"
    if not given:
        raise Complaint("says nothing", hint=hint)
    if len(given) > 1:
        raise Complaint(f"stands beside {given[0]}", hint=hint, key=given[1])
