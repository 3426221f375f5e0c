"""Builds of one commit without an engine: the suite's programs, or the frontend's image."""

from __future__ import annotations

import re
import secrets
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from harness.backends.base import BuildRequest
from harness.backends.leg import ARCHIVE, FRONTEND
from harness.backends.native.toolchain import Toolchain
from harness.backends.steps import (
    BEFORE_MODULES,
    FRONTEND_DOCKERFILE,
    FRONTEND_TAGS,
    GATEWAY,
    TESTS,
    Source,
    Step,
    frontend_steps,
    suite_steps,
)
from harness.errors import BuildError
from harness.images.dockerfile import describe
from harness.images.oci import pack_frontend
from harness.store import Store
from harness.tools.process import CommandFailed, Request, run

_TIMEOUT = 3600.0
_TAIL = 30
_BETWEEN = re.compile(r"^\}\n\{", re.MULTILINE)
"""What stands between two packages that `go list` prints."""


@dataclass(frozen=True)
class Package:
    """A package of a commit's tree."""

    folder: str
    """Below the tree."""
    embedded: tuple[str, ...]
    """Files that are compiled in as they are, below the tree."""


class _Listed(msgspec.Struct, rename="pascal"):
    """What `go list -json` says of a package, as far as we read it: https://pkg.go.dev/cmd/go."""

    dir: str
    standard: bool = False
    embeds: tuple[str, ...] = msgspec.field(default=(), name="EmbedFiles")
    test_embeds: tuple[str, ...] = msgspec.field(default=(), name="TestEmbedFiles")
    outer_test_embeds: tuple[str, ...] = msgspec.field(default=(), name="XTestEmbedFiles")


class Compiler:
    """Runs one toolchain over one tree."""

    def __init__(
        self,
        store: Store,
        toolchain: Toolchain,
        source: Source,
        request: BuildRequest,
        working: Path,
    ) -> None:
        """Prepare an environment; trees older than modules are reached through a GOPATH.

        `working` is an empty folder for Go's own, which nobody removes if Go is killed.
        """
        self._go = toolchain.go
        self._source = source
        self._env = toolchain.environment(store, GOTMPDIR=str(working), **request.line.environment)
        self._cwd = source.folder
        if not request.line.module:
            gopath = store.root / "tmp" / f"gopath-{source.folder.name}"
            self._cwd = _link_into(gopath, source)
            self._env |= {
                **BEFORE_MODULES,
                "GOPATH": str(gopath),
                "PWD": str(self._cwd),
            }

    def compile(self, step: Step, folder: Path) -> None:
        """Compile a program or tests into `folder`. Raises BuildError with Go's last lines."""
        dest = folder / step.name
        argv = [str(self._go), *step.arguments, "-o", str(dest), step.package]
        try:
            run(Request(argv, cwd=self._cwd, env=self._env, timeout=_TIMEOUT))
        except CommandFailed as error:
            last = "\n".join(error.output.strip().splitlines()[-_TAIL:])
            raise BuildError(f"{step.package} does not build:\n{last}") from error
        if not dest.is_file():
            raise BuildError(f"{step.package} has no tests in this commit")

    def overlay(self, sources: Path, package: str, working: Path) -> Path:
        """Write which Go files of ours are in the tree as a package of it, and return the file."""
        where = self._cwd / package
        added = {str(where / it.name): str(it) for it in sorted(sources.glob("*.go"))}
        file = working / "overlay.json"
        file.write_bytes(msgspec.json.encode({"Replace": added}))
        return file

    def packages(self, step: Step) -> Iterator[Package]:
        """Yield the packages that a step compiles, those of Go itself left out.

        Raises BuildError with Go's last lines.
        """
        tags = ("-tags", " ".join(step.tags))
        argv = [str(self._go), "list", "-deps", *(["-test"] if step.tests else []), "-json", *tags]
        try:
            done = run(
                Request([*argv, step.package], cwd=self._cwd, env=self._env, timeout=_TIMEOUT)
            )
        except CommandFailed as error:
            last = "\n".join(error.output.strip().splitlines()[-_TAIL:])
            raise BuildError(f"what {step.package} is made of cannot be told:\n{last}") from error
        # Go names folders as its working folder is called: by PWD if that is said, else as it is.
        root = self._env.get("PWD") or self._cwd.resolve()
        for one in msgspec.json.decode(f"[{_BETWEEN.sub('},{', done.text)}]", type=list[_Listed]):
            if not one.standard:
                where = Path(one.dir).relative_to(root)
                files = (*one.embeds, *one.test_embeds, *one.outer_test_embeds)
                yield Package(where.as_posix(), tuple((where / it).as_posix() for it in files))


def build_suite(compiler: Compiler, source: Source, request: BuildRequest, dest: Path) -> None:
    """Fill `dest` with bin/{buildkitd,buildctl,dockerfile.test} and the tests' own folder."""
    programs = dest / "bin"
    programs.mkdir()
    for step in suite_steps(source, request):
        compiler.compile(step, programs)
    shutil.copytree(source.folder / TESTS, dest / "src", symlinks=True)


def build_frontend(compiler: Compiler, source: Source, request: BuildRequest, dest: Path) -> None:
    """Fill `dest` with dockerfile-frontend and frontend.tar, the image as an OCI archive."""
    for step in frontend_steps(source, request):
        compiler.compile(step, dest)
    own = describe((source.folder / FRONTEND_DOCKERFILE).read_text("utf-8"))
    pack_frontend(dest / FRONTEND, own.labels, own.entrypoint, dest / ARCHIVE)


def build_gateway(compiler: Compiler, sources: Path, working: Path, dest: Path) -> None:
    """Fill `dest` with the image of a frontend of ours, compiled in the commit's tree."""
    overlay = compiler.overlay(sources, GATEWAY, working)
    step = Step(GATEWAY, FRONTEND, FRONTEND_TAGS, "-w", overlay=str(overlay))
    compiler.compile(step, dest)
    pack_frontend(dest / FRONTEND, {}, (f"/{FRONTEND}",), dest / ARCHIVE)


def _link_into(gopath: Path, source: Source) -> Path:
    link = gopath / "src" / source.package
    link.parent.mkdir(parents=True, exist_ok=True)
    # Another build of the same tree may be using the link: it is there at every moment.
    new = link.with_name(f"{link.name}.{secrets.token_hex(4)}")
    new.symlink_to(source.folder)
    new.replace(link)
    return link
