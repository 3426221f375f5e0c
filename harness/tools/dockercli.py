"""Docker's client program, which builds: only it speaks the session that BuildKit asks for.

There can be several on PATH, and the first need not be able to: from 23.0 on, the program builds
with BuildKit only through its plugin buildx; before, since 18.09, by itself.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from packaging.version import Version

from harness.errors import BuildError, MissingToolError
from harness.tools.asking import EngineFull, full
from harness.tools.buildlog import failed_fetch
from harness.tools.process import CommandFailed, Request, clean_environment, redact, run
from harness.tools.refusals import ImageRefused, cause_of

INSTALL = "apt-get install docker.io, or Docker's docker-ce-cli with docker-buildx-plugin"
_PLACES = ("/usr/local/bin", "/usr/bin", "/bin")
_ALONE = (Version("18.9"), Version("23.0"))
"""Releases in between build with BuildKit without a plugin."""

_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")
_NUMBER = re.compile(r"\d+\.\d+(?:\.\d+)?")
_TAIL = 40
_QUICK = 30.0


@dataclass(frozen=True)
class Client:
    """A client program that can build with BuildKit."""

    path: Path
    version: str
    buildx: str
    """Version line of its plugin; empty if it builds by itself."""


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
    timeout: float = 3600.0


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


def build(client: Client, engine: Mapping[str, str], wanted: Build) -> str:
    """Build an image and give what the program said.

    `engine` is the environment that makes the program speak to one engine. Raises ImageRefused if
    a registry did not give an image that is needed, EngineFull for a full disk, else BuildError
    with the last lines.
    """
    argv = [str(client.path), "build", "--progress=plain", "--tag", wanted.tag]
    argv += ["--file", str(wanted.dockerfile)]
    argv += ["--target", wanted.target] if wanted.target else []
    for name, value in sorted(wanted.arguments.items()):
        argv += ["--build-arg", f"{name}={value}"]
    for name in _PROXIES:  # by name alone: the values may hold credentials
        argv += ["--build-arg", name] if os.environ.get(name) else []
    for name, value in sorted(wanted.labels.items()):
        argv += ["--label", f"{name}={value}"]
    environment = _environment(
        engine,
        DOCKER_BUILDKIT="1",
        BUILDX_BUILDER=_builder(engine),
        # They would make an index of an image, and name the machine that built it.
        BUILDX_NO_DEFAULT_ATTESTATIONS="1",
    )
    request = Request([*argv, str(wanted.context)], env=environment, timeout=wanted.timeout)
    try:
        done = run(request)
    except CommandFailed as error:
        last = "\n".join(redact(error.output).strip().splitlines()[-_TAIL:])
        if full(error.output):
            raise EngineFull(f"image {wanted.tag} does not build:\n{last}") from error
        if fetch := failed_fetch(error.output):
            cause = cause_of(fetch.error)
            raise ImageRefused("pull", fetch.image, cause, fetch.error) from error
        raise BuildError(f"image {wanted.tag} does not build:\n{last}") from error
    return (done.stdout + done.stderr).decode("utf-8", "replace")


def _builder(engine: Mapping[str, str]) -> str:
    # The builder that is the engine itself bears its context's name; any other keeps its
    # images to itself.
    return engine.get("DOCKER_CONTEXT", "default")


def _candidates() -> Iterator[Path]:
    folders = [*os.environ.get("PATH", os.defpath).split(os.pathsep), *_PLACES]
    seen = set()
    for folder in folders:
        path = Path(folder, "docker")
        if path.is_file() and os.access(path, os.X_OK) and path.resolve() not in seen:
            seen.add(path.resolve())
            yield path


def _examine(path: Path) -> Client:
    number = _NUMBER.search(_said(path, "--version"))
    plugin = _said(path, "buildx", "version")
    return Client(path, number[0] if number else "0", plugin if "buildx" in plugin else "")


def _said(path: Path, *words: str) -> str:
    """Give the first line that the program prints; nothing if it fails."""
    argv = [str(path), *words]
    try:
        text = run(Request(argv, env=_environment({}), timeout=_QUICK)).text.strip()
    except CommandFailed:
        return ""  # a plugin that is not there, or a program that is another docker
    return text.splitlines()[0] if text else ""


def _environment(engine: Mapping[str, str], **extra: str) -> dict[str, str]:
    ours = clean_environment(**extra)
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT"):
        ours.pop(name, None)
    return ours | dict(engine)
