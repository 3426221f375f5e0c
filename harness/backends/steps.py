"""What is compiled of one commit, the same whatever compiles it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from harness.backends.base import BuildRequest
from harness.backends.leg import BINARY, FRONTEND
from harness.errors import UsageError

TESTS = "./frontend/dockerfile"
PROGRAM = "./frontend/dockerfile/cmd/dockerfile-frontend"
FRONTEND_DOCKERFILE = "frontend/dockerfile/cmd/dockerfile-frontend/Dockerfile"
RELEASES = "frontend/dockerfile/release"

GATEWAY = "./cmd/scenario-gateway"
"""Where a frontend that scenarios bring is compiled; no commit has it."""

FRONTEND_TAGS = ("netgo", "static_build", "osusergo")
"""What every frontend Dockerfile of upstream adds to the channel's tags."""

ENVIRONMENT = {
    "CGO_ENABLED": "0",
    "GO111MODULE": "on",
    "GO386": "sse2",
    "GOAMD64": "v1",
    "GOARM64": "v8.0",
    "GOENV": "off",
    "GOFIPS140": "off",
    "GOFLAGS": "-mod=vendor -trimpath -buildvcs=false",
    "GOPROXY": "off",
    "GOSUMDB": "off",
    "GOTELEMETRY": "off",
    "GOTOOLCHAIN": "local",
    "GOWORK": "off",
}
"""Makes Go build offline, from vendored sources, without cgo, for any processor of its kind.

It is all that Go reads of an environment and that changes what is built, so that neither a
toolchain's own go.env nor an image has a say; only the platform is the machine's.
"""

BEFORE_MODULES = {"GO111MODULE": "off", "GOFLAGS": "-trimpath -buildvcs=false"}
"""Over ENVIRONMENT, for a tree that is no module; it must lie in a GOPATH."""

_PACKAGE = re.compile(r"^module\s+(\S+)", re.MULTILINE)
_GO = re.compile(r"^go\s+(\d+\.\d+(?:\.\d+)?)\s*$", re.MULTILINE)
_DEFAULT_PACKAGE = "github.com/moby/buildkit"


def go_directive(go_mod: str) -> str:
    """Return the go directive of a go.mod's text, or an empty string."""
    found = _GO.search(go_mod)
    return found[1] if found else ""


@dataclass(frozen=True)
class Source:
    """A tree that is ready to be built, and what its go.mod says."""

    folder: Path
    package: str
    """Its import path."""

    @classmethod
    def of(cls, folder: Path) -> Source:
        """Read a tree."""
        file = folder / "go.mod"
        text = file.read_text("utf-8") if file.is_file() else ""
        package = _PACKAGE.search(text)
        return cls(folder, package[1] if package else _DEFAULT_PACKAGE)


def channel_tags(folder: Path, channel: str) -> list[str]:
    """Return the Go build tags of a release channel, as the tree's own file lists them.

    Raises UsageError naming the channels that this commit has.
    """
    file = folder / RELEASES / channel / "tags"
    if not file.is_file():
        there = sorted(path.parent.name for path in (folder / RELEASES).glob("*/tags"))
        raise UsageError(
            f"this commit has no frontend channel {channel!r}",
            hint=f"--channel takes one of: {', '.join(there) or 'none'}",
        )
    return file.read_text("utf-8").split()


@dataclass(frozen=True)
class Step:
    """One run of the Go compiler."""

    package: str
    """Below the tree."""
    name: str
    """Of the program that comes out."""
    tags: tuple[str, ...]
    ldflags: str
    tests: bool = False
    """Compile the package's tests, not the package."""
    overlay: str = ""
    """A file that says which files of ours are in the tree, too; empty for none."""

    @property
    def arguments(self) -> list[str]:
        """Return the words after `go`, but for the file to write and the package."""
        # Vetting an old commit by a newer Go finds faults that are not asked for here.
        verb = ["test", "-c", "-vet=off"] if self.tests else ["build"]
        verb += ["-overlay", self.overlay] if self.overlay else []
        return [*verb, "-tags", " ".join(self.tags), "-ldflags", self.ldflags]


def suite_steps(source: Source, request: BuildRequest) -> list[Step]:
    """List the programs of a suite: daemon, client, tests. Raises UsageError for the channel."""
    commit, package = request.commit, source.package
    version = f"-X {package}/version.Version=v{commit.version}"
    ldflags = f"-w {version} -X {package}/version.Revision={commit.sha}"
    return [
        Step("./cmd/buildkitd", "buildkitd", request.line.daemon_tags, ldflags),
        Step("./cmd/buildctl", "buildctl", (), ldflags),
        tests_step(source, request),
    ]


def tests_step(source: Source, request: BuildRequest) -> Step:
    """Return the compilation of a suite's tests alone. Raises UsageError for the channel."""
    tags = channel_tags(source.folder, request.channel)
    return Step(TESTS, BINARY, tuple(tags), "-w", tests=True)


def frontend_steps(source: Source, request: BuildRequest) -> list[Step]:
    """List the programs of a frontend. Raises UsageError for the channel."""
    commit = request.commit
    tags = channel_tags(source.folder, request.channel)
    ldflags = (
        f"-w -X main.Version={commit.dockerfile}-{request.channel} "
        f"-X main.Revision={commit.sha} -X main.Package={source.package}"
    )
    return [Step(PROGRAM, FRONTEND, (*tags, *FRONTEND_TAGS), ldflags)]
