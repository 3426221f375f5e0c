"""What builds images on an engine: a client program, and what it is asked for."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from harness.engine.buildlog import Fetch
from harness.engine.errors import EngineFull
from harness.engine.registry_errors import ImageRefused, cause_of
from harness.errors import BuildError
from harness.tools.disks import full
from harness.tools.inherited import PROXIES
from harness.tools.process import CommandFailed, Request, run
from harness.tools.redaction import redact

_TAIL = 40


@dataclass(frozen=True)
class Build:
    """An image to be built."""

    tag: str
    context: Path
    dockerfile: Path
    """Need not lie in the context."""
    target: str = ""
    arguments: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    afresh: bool = False
    """Use no layer of an earlier build."""
    timeout: float = 3600.0


class Builder(Protocol):
    """A client program that builds on the engine that it was chosen for."""

    name: str
    """The program and its version."""
    why: str
    """What made it the one."""

    def build(self, wanted: Build) -> str:
        """Build an image and return what the program said.

        Raises ImageRefused if a registry did not give an image that is needed, EngineFull for a
        full disk, else BuildError with the last lines.
        """


def options(wanted: Build) -> list[str]:
    """Return the part of a command line that every client program understands alike."""
    argv = ["--file", str(wanted.dockerfile)]
    argv += ["--target", wanted.target] if wanted.target else []
    argv += ["--no-cache"] if wanted.afresh else []
    for name, value in sorted(wanted.arguments.items()):
        argv += ["--build-arg", f"{name}={value}"]
    for name in PROXIES:  # by name alone: the values may hold credentials
        argv += ["--build-arg", name] if os.environ.get(name) else []
    for name, value in sorted(wanted.labels.items()):
        argv += ["--label", f"{name}={value}"]
    return argv


def run_build(
    wanted: Build,
    argv: Sequence[str],
    environment: Mapping[str, str],
    failed_fetch: Callable[[str], Fetch | None],
) -> str:
    """Run a client program that builds an image, and return what it said.

    `failed_fetch` reads its output for an image that it could not get. Raises as Builder.build.
    """
    try:
        done = run(Request(argv, env=environment, timeout=wanted.timeout))
    except CommandFailed as error:
        last = "\n".join(redact(error.output).strip().splitlines()[-_TAIL:])
        if full(error.output):
            raise EngineFull(f"image {wanted.tag} does not build:\n{last}") from error
        if fetch := failed_fetch(error.output):
            cause = cause_of(fetch.error)
            raise ImageRefused("pull", fetch.image, cause, fetch.error) from error
        raise BuildError(f"image {wanted.tag} does not build:\n{last}") from error
    return (done.stdout + done.stderr).decode("utf-8", "replace")
