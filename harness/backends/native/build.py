"""Builds of one commit without an engine: the suite's programs, or the frontend's image."""

from __future__ import annotations

import re
import secrets
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from harness.backends.base import BuildRequest
from harness.backends.native.toolchain import Toolchain
from harness.errors import BuildError, UsageError
from harness.images.dockerfile import describe
from harness.images.oci import pack_frontend
from harness.store import Store
from harness.tools.process import CommandFailed, Request, run

TESTS = "./frontend/dockerfile"
FRONTEND = "./frontend/dockerfile/cmd/dockerfile-frontend"
FRONTEND_DOCKERFILE = "frontend/dockerfile/cmd/dockerfile-frontend/Dockerfile"
RELEASES = "frontend/dockerfile/release"
FRONTEND_TAGS = ("netgo", "static_build", "osusergo")
"""What every frontend Dockerfile of upstream adds to the channel's tags."""
_TIMEOUT = 3600.0
_TAIL = 30
_PACKAGE = re.compile(r"^module\s+(\S+)", re.MULTILINE)
_GO = re.compile(r"^go\s+(\d+\.\d+(?:\.\d+)?)\s*$", re.MULTILINE)
_DEFAULT_PACKAGE = "github.com/moby/buildkit"


def go_directive(go_mod: str) -> str:
    """Give the go directive of a go.mod's text, or an empty string."""
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
    """Give the Go build tags of a release channel, as the tree's own file lists them.

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


class Compiler:
    """Runs one toolchain over one tree."""

    def __init__(
        self, store: Store, toolchain: Toolchain, source: Source, request: BuildRequest
    ) -> None:
        """Prepare an environment; trees older than modules are reached through a GOPATH."""
        self._go = toolchain.go
        self._source = source
        self._env = toolchain.environment(store, **request.line.environment)
        self._cwd = source.folder
        if not request.line.module:
            gopath = store.root / "tmp" / f"gopath-{source.folder.name}"
            self._cwd = _link_into(gopath, source)
            self._env |= {
                "GO111MODULE": "off",
                "GOFLAGS": "-trimpath -buildvcs=false",
                "GOPATH": str(gopath),
                "PWD": str(self._cwd),
            }

    def build(self, package: str, dest: Path, tags: Sequence[str], ldflags: str) -> None:
        """Compile a program. Raises BuildError with the compiler's last lines."""
        self._compile(["build"], package, dest, tags, ldflags)

    def build_tests(self, package: str, dest: Path, tags: Sequence[str]) -> None:
        """Compile a package's tests. Raises BuildError with the compiler's last lines."""
        self._compile(["test", "-c"], package, dest, tags, "-w")
        if not dest.is_file():
            raise BuildError(f"{package} has no tests in this commit")

    def _compile(
        self, verb: list[str], package: str, dest: Path, tags: Sequence[str], ldflags: str
    ) -> None:
        argv = [str(self._go), *verb, "-tags", " ".join(tags), "-ldflags", ldflags]
        argv += ["-o", str(dest), package]
        try:
            run(Request(argv, cwd=self._cwd, env=self._env, timeout=_TIMEOUT))
        except CommandFailed as error:
            last = "\n".join(error.output.strip().splitlines()[-_TAIL:])
            raise BuildError(f"{package} does not build:\n{last}") from error


def build_suite(compiler: Compiler, source: Source, request: BuildRequest, dest: Path) -> None:
    """Fill `dest` with bin/{buildkitd,buildctl,dockerfile.test} and the tests' own folder."""
    programs = dest / "bin"
    programs.mkdir()
    commit, package = request.commit, source.package
    version = f"-X {package}/version.Version=v{commit.version}"
    ldflags = f"-w {version} -X {package}/version.Revision={commit.sha}"
    tags = channel_tags(source.folder, request.channel)
    compiler.build("./cmd/buildkitd", programs / "buildkitd", request.line.daemon_tags, ldflags)
    compiler.build("./cmd/buildctl", programs / "buildctl", (), ldflags)
    compiler.build_tests(TESTS, programs / "dockerfile.test", tags)
    shutil.copytree(source.folder / TESTS, dest / "src", symlinks=True)


def build_frontend(compiler: Compiler, source: Source, request: BuildRequest, dest: Path) -> None:
    """Fill `dest` with dockerfile-frontend and frontend.tar, the image as an OCI archive."""
    commit = request.commit
    tags = channel_tags(source.folder, request.channel)
    ldflags = (
        f"-w -X main.Version={commit.dockerfile}-{request.channel} "
        f"-X main.Revision={commit.sha} -X main.Package={source.package}"
    )
    binary = dest / "dockerfile-frontend"
    compiler.build(FRONTEND, binary, [*tags, *FRONTEND_TAGS], ldflags)
    own = describe((source.folder / FRONTEND_DOCKERFILE).read_text("utf-8"))
    pack_frontend(binary, own.labels, own.entrypoint, dest / "frontend.tar")


def _link_into(gopath: Path, source: Source) -> Path:
    link = gopath / "src" / source.package
    link.parent.mkdir(parents=True, exist_ok=True)
    # Another build of the same tree may be using the link: it is there at every moment.
    new = link.with_name(f"{link.name}.{secrets.token_hex(4)}")
    new.symlink_to(source.folder)
    new.replace(link)
    return link
