"""Docker's client program: only it speaks the session that an engine's BuildKit asks for.

There can be several on PATH, and the first need not be able to: from 23.0 on, the program builds
with BuildKit only through its plugin buildx; before, since 18.09, by itself.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from packaging.version import Version

from harness.engine.builders.base import Build, options, run_build
from harness.engine.buildlog import failed_fetch
from harness.engine.endpoint import Endpoint
from harness.errors import MissingToolError
from harness.tools.inherited import BUILDER, inherited
from harness.tools.process import CommandFailed, Request, run

INSTALL = "apt-get install docker.io, or Docker's docker-ce-cli with docker-buildx-plugin"
_PLACES = ("/usr/local/bin", "/usr/bin", "/bin")

_ALONE = (Version("18.9"), Version("23.0"))
"""Releases in between build with BuildKit without a plugin."""

_NUMBER = re.compile(r"\d+\.\d+(?:\.\d+)?")
_QUICK = 30.0


@dataclass(frozen=True)
class Client:
    """A program called docker."""

    path: Path
    version: str
    buildx: str
    """Version line of its plugin; empty if it builds by itself."""


class DockerClient:
    """Builds with the BuildKit of one engine."""

    def __init__(self, client: Client, where: Endpoint) -> None:
        """Build on the engine there."""
        self.name = f"{client.path} {client.version} {client.buildx}".strip()
        self.why = f"the first that can build with BuildKit, {_means(client)}"
        self._path = client.path
        self._where = where

    def build(self, wanted: Build) -> str:
        """Build an image and return what the program said. Raises as Builder.build."""
        argv = [str(self._path), "build", "--progress=plain", "--tag", wanted.tag]
        environment = self._where.for_docker(
            DOCKER_BUILDKIT="1",
            # The builder that is the engine itself bears its context's name; any other keeps
            # its images to itself.
            BUILDX_BUILDER=self._where.context or "default",
            # They would make an index of an image, and name the machine that built it.
            BUILDX_NO_DEFAULT_ATTESTATIONS="1",
        )
        argv += [*options(wanted), str(wanted.context)]
        return run_build(wanted, argv, environment, failed_fetch)


def find_client() -> Client:
    """Choose the first program called docker that can build with BuildKit.

    Raises MissingToolError, naming those that cannot.
    """
    unfit = []
    for path in _candidates():
        client = _examine(path)
        if client.buildx or _ALONE[0] <= Version(client.version) < _ALONE[1]:
            return client
        unfit.append(f"{path} {client.version} lacks its plugin buildx")
    why = "; ".join(unfit) or "there is no program `docker`"
    raise MissingToolError(f"nothing here can build with BuildKit: {why}", hint=INSTALL)


def _means(client: Client) -> str:
    return "through its plugin" if client.buildx else "by itself"


def _candidates() -> Iterator[Path]:
    folders = [*os.environ.get("PATH", os.defpath).split(os.pathsep), *_PLACES]
    seen = set()
    for folder in folders:
        path = Path(folder, "docker")
        if path.is_file() and os.access(path, os.X_OK) and path.resolve() not in seen:
            seen.add(path.resolve())
            yield path


def _examine(path: Path) -> Client:
    number = _NUMBER.search(_first_line(path, "--version"))
    plugin = _first_line(path, "buildx", "version")
    return Client(path, number[0] if number else "0", plugin if "buildx" in plugin else "")


def _first_line(path: Path, *words: str) -> str:
    """Return the first line that the program prints; nothing if it fails.

    It must not look at the engine that is named: up to 20.10 it refuses ssh:// with a path.
    """
    try:
        asked = Request([str(path), *words], env=inherited(BUILDER), timeout=_QUICK)
        text = run(asked).text.strip()
    except CommandFailed:
        return ""  # a plugin that is not there, or a program that is another docker
    return text.splitlines()[0] if text else ""
