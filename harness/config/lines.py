"""Release lines as data (matrices/lines.yaml): how the commits of each line are built and run.

A line takes its settings from `defaults`, then from every range that its version lies in, in
the order of the file, then from its own entry; later ones win.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Annotated

from msgspec import UNSET, Meta, UnsetType, convert, field
from packaging.version import InvalidVersion, Version

from harness.config.conditions import Versions, Word
from harness.config.needs import Kind, Need
from harness.config.schema import load
from harness.config.yamlfile import Complaint, Place, Problems
from harness.errors import ConfigError, InfrastructureError
from harness.model import Channel, Record

if TYPE_CHECKING:
    from pathlib import Path

MASTER = "master"
"""The line of commits that are on the way to the release after the newest line."""

Minor = Annotated[
    str,
    Meta(
        pattern=r"\A(0|[1-9][0-9]{0,3})\.(0|[1-9][0-9]{0,3})\Z",
        description="a version of the form MAJOR.MINOR",
        examples=['"1.21"'],
    ),
]
Full = Annotated[
    str,
    Meta(
        pattern=r"\A[1-9][0-9]{0,3}\.[0-9]{1,4}\.[0-9]{1,4}\Z",
        description="a Go version in full",
        examples=['"1.21.13"'],
    ),
]
LineName = Annotated[
    str,
    Meta(
        pattern=rf"\A(v(0|[1-9][0-9]{{0,3}})\.(0|[1-9][0-9]{{0,3}})|{MASTER})\Z",
        description=f"the name of a line (vMAJOR.MINOR or {MASTER})",
        examples=["v0.6"],
    ),
]
Below = Annotated[
    str,
    Meta(
        pattern=r"\A(?!.*(\A|/)\.\.?(/|\Z))[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*\Z",
        description="a path below the root of BuildKit's tree",
        examples=["hack/dockerfiles/test.buildkit.Dockerfile"],
    ),
]
Source = Annotated[
    str,
    Meta(
        pattern=r"\A(upstream|generic|auto)\Z",
        description="a source of the stage (upstream, generic or auto)",
        examples=["upstream"],
    ),
]
Base = Annotated[
    str,
    Meta(
        pattern=r"\A[a-z0-9][a-z0-9._/:-]*(\{go\}[A-Za-z0-9._-]*)?\Z",
        description="an image to build in ({go} stands for the Go release)",
        examples=["golang:{go}-bookworm"],
    ),
]
Variable = Annotated[
    str,
    Meta(
        pattern=r"\A[A-Z_][A-Z0-9_]*\Z",
        description="the name of an environment variable",
        examples=["BUILDKIT_RUN_NETWORK_INTEGRATION_TESTS"],
    ),
]
Image = Annotated[
    str,
    Meta(
        pattern=r"\A[a-z0-9][a-z0-9._/-]*(:[A-Za-z0-9_][A-Za-z0-9._-]*)?(@sha256:[0-9a-f]{64})?\Z",
        description="an image as the tests' mirror names it",
        examples=["library/busybox:latest"],
    ),
]


class Stage(Record, frozen=True, kw_only=True):
    """The Dockerfile stage that holds the integration tests of a line."""

    dockerfile: Below
    target: Word
    source: Source
    """`upstream`: the commit's own Dockerfile; `generic`: the harness's template, for commits
    whose own no longer builds; `auto`: the template where the own turns out not to build."""
    base: Base = "golang:{go}-bookworm"
    """The image that `generic` begins with; `{go}` stands for the Go release in full."""


class Worker(Record, frozen=True, kw_only=True):
    """What the tests' sandbox of a worker takes to be there."""

    rootless: bool = False
    """Whether its daemon runs as another user, whom a leg then has."""
    needs: tuple[Need, ...] = ()
    """What it cannot do without, beside what every leg needs."""

    @property
    def programs(self) -> tuple[str, ...]:
        """Names of the programs that it needs."""
        return tuple(it.name.partition(" ")[0] for it in self.needs if it.kind is Kind.PROGRAM)


class Line(Record, frozen=True, kw_only=True):
    """How the commits of one release line are built and which images their tests mirror."""

    name: str
    """`v0.6` or `master`."""
    version: str
    """`0.6`; master's is one past the newest line."""
    dockerfile: str
    """The MAJOR.MINOR of the frontend that was released with this line."""
    go: str
    """The least Go release that builds the line, MAJOR.MINOR."""
    module: bool
    """False if the tree is no Go module and must lie in a GOPATH."""
    channel: Channel
    """The frontend channel with the most features, which upstream tests."""
    stage: Stage
    workers: tuple[str, ...]
    """Workers that the tests know."""
    images: str
    """Name of an image set."""
    daemon_tags: tuple[str, ...]
    """Go build tags of buildkitd."""
    environment: dict[str, str]
    """Set for the test binary."""


class _Settings(Record, frozen=True, kw_only=True):
    """What a line may set, wherever it is set; the names are Line's."""

    go: Minor | UnsetType = UNSET
    module: bool | UnsetType = UNSET
    channel: Channel | UnsetType = UNSET
    stage: Stage | UnsetType = UNSET
    workers: tuple[Word, ...] | UnsetType = UNSET
    images: Word | UnsetType = UNSET
    daemon_tags: tuple[Word, ...] | UnsetType = UNSET
    environment: dict[Variable, str] | UnsetType = UNSET


class _Range(_Settings, frozen=True, kw_only=True):
    place: Place
    lines: Versions


class _Entry(_Settings, frozen=True, kw_only=True):
    place: Place
    name: LineName
    dockerfile: Minor


class _File(Record, frozen=True, kw_only=True):
    toolchains: tuple[Full, ...]
    image_sets: dict[Word, dict[Image, Word]]
    params: dict[Word, tuple[str, ...]] = field(default_factory=dict)
    workers: dict[Word, Worker] = field(default_factory=dict)
    defaults: _Settings
    ranges: tuple[_Range, ...]
    lines: tuple[_Entry, ...]

    def __post_init__(self) -> None:
        """Hold the order that versions are derived from. Raises: Complaint."""
        names = [entry.name for entry in self.lines]
        if MASTER not in names[1:] or names.index(MASTER) != len(names) - 1:
            hint = "list release lines from old to new, then master"
            raise Complaint("the last line is not master", key="lines", hint=hint)
        versions = [Version(name.removeprefix("v")) for name in names[:-1]]
        for older, newer in pairwise(versions):
            if newer <= older:
                hint = "list each line once, from old to new"
                raise Complaint(f"v{newer} stands behind v{older}", key="lines", hint=hint)
        layers: tuple[_Settings, ...] = (self.defaults, *self.ranges, *self.lines)
        listed = {name for it in layers if it.workers is not UNSET for name in it.workers}
        for name in sorted({*self.workers} - listed):
            hint = "add it to the `workers` of lines, or remove it"
            raise Complaint(f"no line has the worker {name!r}", key="workers", hint=hint)


class Lines(Record, frozen=True, kw_only=True):
    """All lines, from old to new, with what they share."""

    file: str
    lines: tuple[Line, ...]
    toolchains: tuple[str, ...]
    """Go releases in full, from old to new."""
    image_sets: dict[str, dict[str, str]]
    """Per set: name in the mirror → name of a recipe in matrices/images.yaml."""
    params: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Key of a matrix value → the values that tests of any line have; empty: not known."""
    workers: dict[str, Worker] = field(default_factory=dict)
    """Those that need anything beside what every leg needs."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the lines, from old to new."""
        return tuple(line.name for line in self.lines)

    def line(self, name: str) -> Line:
        """Find a line by its name.

        Raises:
            ConfigError: There is no such line.

        """
        for line in self.lines:
            if line.name == name:
                return line
        raise ConfigError(f"{self.file}: lines: there is no line {name}", hint="add an entry")

    def worker(self, name: str) -> Worker:
        """Return what a worker takes to be there; nothing where the file does not say."""
        return self.workers.get(name, Worker())

    def images(self, line: Line) -> dict[str, str]:
        """Return the image set of a line: name in the mirror → name of a recipe."""
        return self.image_sets[line.images]

    def toolchain_for(self, line: Line, go_directive: str) -> str:
        """Choose the least known Go release that builds a commit of the line.

        `go_directive` is what the commit's go.mod says (`1.26.3`), or empty if it says nothing.

        Raises:
            ConfigError: No known release is new enough.
            InfrastructureError: The directive is no version.

        """
        try:
            wanted = max(Version(line.go), Version(go_directive or "0"))
        except InvalidVersion as error:
            what = f"a commit of {line.name} asks for Go {go_directive[:40]!r}, which is no version"
            raise InfrastructureError(what, hint="see the `go` line of its go.mod") from error
        for toolchain in self.toolchains:
            if Version(toolchain) >= wanted:
                return toolchain
        raise ConfigError(
            f"{self.file}: toolchains: none is as new as Go {wanted}, "
            f"which a commit of {line.name} needs",
            hint=f'add a Go release of at least {wanted} to `toolchains`, for example "{wanted}"',
        )


def load_lines(path: Path) -> Lines:
    """Read lines.yaml.

    Raises:
        ConfigError: With every problem of the file and its place.

    """
    file = load(path, _File)
    problems = Problems()
    newest = Version(file.lines[-2].name.removeprefix("v"))
    versions = [entry.name.removeprefix("v") for entry in file.lines[:-1]]
    versions.append(f"{newest.major}.{newest.minor + 1}")
    for index, layer in enumerate(file.ranges):
        if not any(version in layer.lines for version in versions):
            hint = "remove the range, or mend its bounds"
            problems.add(layer.place, f"ranges[{index}].lines", "no line lies in it", hint)
    pairs = zip(file.lines, versions, strict=True)
    lines = [_line(file, entry, version, problems) for entry, version in pairs]
    problems.raise_any()
    return Lines(
        file=str(path),
        lines=tuple(line for line in lines if line is not None),
        toolchains=tuple(sorted(file.toolchains, key=Version)),
        image_sets=file.image_sets,
        params=file.params,
        workers=file.workers,
    )


def _line(file: _File, entry: _Entry, version: str, problems: Problems) -> Line | None:
    layers = (file.defaults, *(r for r in file.ranges if version in r.lines), entry)
    settings = {
        name: value
        for layer in layers
        for name in _Settings.__struct_fields__
        if (value := getattr(layer, name)) is not UNSET
    }
    path = f"lines.{entry.name}"
    missing = [name for name in _Settings.__struct_fields__ if name not in settings]
    for name in missing:
        hint = "set it here, in a range, or in defaults"
        problems.add(entry.place, path, f"`{name}` is set nowhere", hint)
    images = settings.get("images")
    if images is not None and images not in file.image_sets:
        hint = f"known sets: {', '.join(file.image_sets)}"
        problems.add(entry.place, path, f"there is no image set {images!r}", hint)
    if missing:
        return None
    given = {"name": entry.name, "version": version, "dockerfile": entry.dockerfile}
    return convert(given | settings, Line)
