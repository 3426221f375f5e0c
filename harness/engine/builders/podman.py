"""Podman's client program, for an engine that is Podman: its API has no BuildKit session.

What builds there is Buildah, at the engine's end. It reads the same Dockerfiles, with stages,
build arguments and `RUN --mount=type=cache`; it takes no notice of `# syntax=`.
"""

from __future__ import annotations

import re
from pathlib import Path

from harness.engine.builders.base import Build, options, run_build
from harness.engine.buildlog import Fetch
from harness.engine.endpoint import Endpoint
from harness.errors import MissingToolError
from harness.tools.inherited import BUILDER, inherited
from harness.tools.process import Request, find, run

INSTALL = "apt-get install podman, or the package podman-remote"
_NAMES = ("podman", "podman-remote")

_HUB = "docker.io/"
"""What Docker's API means by a name without a host, also where Podman answers it.

By Podman's own program it would be localhost/, and the API would not find the image.
"""

_FETCH = re.compile(r"initializing source docker://(?P<image>[^\s:]\S*?): (?P<error>.*)")
_QUICK = 30.0


class PodmanClient:
    """Builds with the Buildah of one engine."""

    why = "Podman's API lacks the BuildKit session that docker's client needs"

    def __init__(self, program: Path, version: str, where: Endpoint) -> None:
        """Build on the engine there."""
        self.name = f"{program} {version}"
        self._path = program
        self._where = where

    def build(self, wanted: Build) -> str:
        """Build an image and return what the program said. Raises as Builder.build."""
        argv = [str(self._path), "--url", self._where.address, "build", "--format=docker"]
        # Buildah would keep an image per line, without our label; and name itself in the last.
        argv += ["--layers=false", "--identity-label=false", "--tag", f"{_HUB}{wanted.tag}"]
        argv += [*options(wanted), str(wanted.context)]
        return run_build(wanted, argv, inherited(BUILDER), _failed_fetch)


def find_client(where: Endpoint) -> PodmanClient:
    """Find the program. Raises MissingToolError if there is none, or it cannot get there."""
    if where.certificates:
        raise MissingToolError(
            f"Podman's client program speaks no TLS, so it cannot build at {where.host}",
            hint="name the same engine by ssh://, or by its socket",
        )
    for name in _NAMES:
        try:
            program = find(name)
        except MissingToolError:
            continue
        return PodmanClient(program, _version(program), where)
    raise MissingToolError(
        "the engine is Podman, and building there needs the program `podman`, which is not here",
        hint=INSTALL,
    )


def _version(program: Path) -> str:
    """Read `podman version 4.3.1`."""
    return run(Request([str(program), "--version"], timeout=_QUICK)).text.strip().split()[-1]


def _failed_fetch(log: str) -> Fetch | None:
    found = _FETCH.search(log)
    return Fetch(found["image"], found["error"]) if found else None
