"""The backend without an engine: Go toolchains, vendored sources, Linux namespaces."""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import chain
from pathlib import Path

from packaging.version import Version

from harness.backends.base import (
    Artefact,
    BuildRequest,
    Found,
    LegExit,
    LegRequest,
    Overdue,
    Place,
    Problem,
    Sink,
    never,
)
from harness.backends.native import build
from harness.backends.native.needs import meets
from harness.backends.native.sandbox import NAMESPACES, PROGRAMS, run_leg
from harness.backends.native.toolchain import choose, provide
from harness.backends.steps import ENVIRONMENT, Source, frontend_steps, go_directive, suite_steps
from harness.backends.taken import artefact, found
from harness.config.needs import Need
from harness.errors import CompatError, MissingToolError
from harness.events import Listener, PhaseEnded, PhaseStarted
from harness.model import Side
from harness.repository.checkout import tree
from harness.store import key_of
from harness.tools.clock import Stopwatch
from harness.tools.machine import architecture
from harness.tools.process import Request, find, run

_RECIPE = 2
"""Part of every key: raised when the way of building changes what is built."""

GATEWAY = "gateway"
"""Kind of what is compiled of sources of ours in a commit's tree."""

_Fill = Callable[[build.Compiler, Source, BuildRequest, Path], None]


class Native:
    """Builds with Go toolchains into the store and runs legs in namespaces; needs root."""

    name = "native"

    def __init__(self, place: Place) -> None:
        """Build commits of a repository by the data of its lines into the store."""
        self._place = place
        self._store = place.store

    def problems(self) -> list[Problem]:
        """Return what this machine lacks, and what is given and not used."""
        found = []
        for program in dict.fromkeys((*PROGRAMS.values(), *NAMESPACES)):
            try:
                find(program)
            except MissingToolError as error:
                found.append(Problem(str(error), error.hint))
        if os.geteuid() != 0:
            found.append(Problem("namespaces with mounts need root", "run as root, or use docker"))
        found = found or _namespace_problems()
        if self._place.cache_repo:
            what = f"{self._place.cache_repo} is not used: native builds no images"
            found.append(Problem(what, "leave --cache-repo out", fatal=False))
        return found

    def describe(self) -> str:
        """Name what legs run in."""
        return "runs in namespaces of this machine"

    def versions(self) -> dict[str, str]:
        """Return the versions of the programs that the legs run; every run records them."""
        return {program: _version_line(program) for program in sorted(set(PROGRAMS.values()))}

    def meets(self, need: Need) -> bool:
        """Return whether this machine has it."""
        return meets(need)

    def find(self, side: Side, request: BuildRequest) -> Found:
        """Return a build's key and whether the store has it."""
        if image := request.commit.image:
            return found(self._store, image)
        key = _key(side, request, choose(self._go(request)))
        return Found(key, self._store.find(side, key) is not None)

    def build_suite(self, request: BuildRequest, listener: Listener) -> Artefact:
        """Build daemon, client and tests, or find them; a daemon that was published is there."""
        if image := request.commit.image:
            return artefact(self._store, request.commit, image)
        return self._build(Side.SUITE, request, build.build_suite, listener)

    def build_frontend(self, request: BuildRequest, listener: Listener) -> Artefact:
        """Build the frontend image, or find it; one that was published is there."""
        if image := request.commit.image:
            return artefact(self._store, request.commit, image)
        return self._build(Side.FRONTEND, request, build.build_frontend, listener)

    def build_gateway(self, request: BuildRequest, sources: Path, listener: Listener) -> Artefact:
        """Build a frontend of ours in a commit's tree, or find it."""
        digest = key_of({it.name: it.read_text("utf-8") for it in sorted(sources.glob("*.go"))})

        def fill(
            compiler: build.Compiler, _source: Source, _request: BuildRequest, folder: Path
        ) -> None:
            with self._store.scratch() as working:
                build.build_gateway(compiler, sources, working, folder)

        return self._build(GATEWAY, request, fill, listener, sources=digest)

    def run(self, leg: LegRequest, sink: Sink, overdue: Overdue = never) -> LegExit:
        """Run a selection in namespaces of its own."""
        return run_leg(leg, sink, overdue)

    def packages(self, side: Side, request: BuildRequest) -> tuple[build.Package, ...]:
        """Ask Go which packages of a commit's tree one side is compiled from; nothing is built.

        Raises BuildError if Go cannot say, InfrastructureError if there is no Go.
        """
        with self._store.scratch() as working:
            compiler, source = self._compiler(request, working)
            steps = suite_steps if side is Side.SUITE else frontend_steps
            found = (compiler.packages(step) for step in steps(source, request))
            return tuple(dict.fromkeys(chain.from_iterable(found)))

    def _compiler(self, request: BuildRequest, working: Path) -> tuple[build.Compiler, Source]:
        folder = tree(self._store, self._place.git, request.commit.sha, request.patches).path
        source, toolchain = Source.of(folder), provide(self._store, self._go(request))
        return build.Compiler(self._store, toolchain, source, request, working), source

    def _build(
        self,
        kind: str,
        request: BuildRequest,
        fill: _Fill,
        listener: Listener,
        **also: str,
    ) -> Artefact:
        phase, watch = f"build {kind} {request.commit.ref}", Stopwatch()
        listener(PhaseStarted(phase))
        wanted = self._go(request)
        key = _key(kind, request, choose(wanted), **also)

        def make(folder: Path) -> None:
            working = folder.with_name(f"{folder.name}.go")  # goes with what is half made
            working.mkdir()
            compiler, source = self._compiler(request, working)
            fill(compiler, source, request, folder)

        try:
            published = self._store.publish(kind, key, make)
        except CompatError as error:
            error.add_context(phase)
            raise
        listener(PhaseEnded(phase, watch.seconds, "cached" if published.cached else "built"))
        return Artefact(key, published.path, published.cached, Version(wanted).minor)

    def _go(self, request: BuildRequest) -> str:
        go_mod = self._place.git.read(request.commit.sha, "go.mod") or ""
        return self._place.lines.toolchain_for(request.line, go_directive(go_mod))


def _key(kind: str, request: BuildRequest, go: str, **also: str) -> str:
    """Digest everything that goes into what is built."""
    return key_of(
        {
            "recipe": _RECIPE,
            "kind": kind,
            "commit": request.commit.sha,
            "named": [request.commit.version, request.commit.dockerfile],
            "patches": [patch.sha256 for patch in request.patches],
            "channel": request.channel,
            "go": [go, architecture(), ENVIRONMENT],
            "module": request.line.module,
            "daemon_tags": request.line.daemon_tags,
            "environment": request.line.environment,
            **also,
        }
    )


def _version_line(program: str) -> str:
    words = run(Request([str(find(program)), "--version"], timeout=30)).text
    return words.splitlines()[0] if words else ""


def _namespace_problems() -> list[Problem]:
    argv = ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "--net", "true"]
    try:
        run(Request(argv, timeout=30))
    except CompatError as error:
        return [Problem(f"namespaces do not work here: {error}", "run where unshare is allowed")]
    return []
