"""Docker Engine in the place of a daemon: `docker build` with `# syntax=` of the frontend.

What its client cannot ask for is refused, as by a daemon. Base image and frontend come from the
loopback's registry; the images that come out have names of ours and are removed.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from textwrap import dedent
from typing import Self

from kit import busybox
from kit.builds import LIMIT, Builds
from kit.images import Image, bare, read_archive, read_saved
from kit.live import FRONTEND, Live
from kit.outcomes import BuildFailedError, CannotAskError
from kit.trees import Files, write

ENGINE = "SCENARIO_ENGINE"
"""Environment variable with the engine's name and version, where one is to build."""

OURS = "buildkit-compat.example/scenario"
"""Repository of the images that scenarios leave in the engine until they end."""

_BASE = re.compile(
    r"(?im)(^FROM +(?:--platform=\S+ +)?|\bfrom=|^ARG +\w+=)busybox(?::latest)?(?![\w/.:@-])"
)
_SYNTAX = re.compile(rf"(?m)^(# *syntax *= *){re.escape(FRONTEND)}$")

_FLAGS = {
    "target": "--target",
    "force-network-mode": "--network",
    "shm-size": "--shm-size",
    "cgroup-parent": "--cgroup-parent",
    "platform": "--platform",
    "memory": "--memory",
    "cpushares": "--cpu-shares",
    "cpuquota": "--cpu-quota",
    "cpusetcpus": "--cpuset-cpus",
}
"""Options of the frontend, and what the client calls them."""

_LISTS = {"add-hosts": "--add-host", "ulimit": "--ulimit"}
"""Options whose values stand between commas, and the flag of one value."""

_MAPS = {"build-arg": "--build-arg", "label": "--label"}
_SHARED = {"--secret", "--ssh"}
"""Flags of both clients, each with a value."""

_EMPTY = "empty export"
"""What an engine says that cannot save an image without layers."""

_BARE = {("no-cache", ""): "--no-cache", ("image-resolve-mode", "pull"): "--pull"}


class Engine(Live):
    """The engine that DOCKER_HOST names, with the registry from which it is to take images."""

    def start(self) -> None:
        """Start the registry and ask the engine. Raises RuntimeError if one does not answer."""
        self.serve()
        self.restart()

    def alive(self) -> bool:
        """Say whether the engine answers."""
        return not self._asked().returncode

    def restart(self) -> None:
        """Wait for the engine, which is not ours to start. Raises RuntimeError without one."""
        asked = self._asked()
        if asked.returncode:
            raise RuntimeError(f"the engine does not answer: {asked.stderr.decode().strip()}")
        version = asked.stdout.decode().strip()
        if os.environ[ENGINE].split()[-1] != version:
            raise RuntimeError(f"{os.environ[ENGINE]} was planned, and {version} answers")

    @property
    def command(self) -> str:
        """The engine, as it calls itself."""
        return f"docker {os.environ[ENGINE]}"

    @staticmethod
    def _asked() -> subprocess.CompletedProcess[bytes]:
        argv = ["docker", "version", "--format", "{{.Server.Version}}"]
        return subprocess.run(argv, capture_output=True, check=False, timeout=LIMIT)


class EngineBuilds(Builds):
    """Builds of one scenario with the engine's client."""

    def __init__(self, live: Live, folder: Path) -> None:
        """Build on an engine, and keep files in a folder."""
        super().__init__(live, folder)
        self.made: list[str] = []

    def image(self, dockerfile: str, files: Files | None = None, **more: object) -> Image:
        """Build, and return the image as the engine saves it."""
        output = str(more.pop("output", "type=oci"))
        if output != "type=oci":
            return read_archive(self.run(dockerfile, files, output=output, **more).read_bytes())  # type: ignore[arg-type] # run's own
        saved = self.run(dockerfile, files, output="", **more)  # type: ignore[arg-type] # run's own
        return read_saved(saved.read_bytes()) if saved.exists() else self._inspected()

    def run(  # noqa: PLR0913 - what a client may be told
        self,
        dockerfile: str,
        files: Files | None = None,
        *,
        output: str,
        opts: Mapping[str, str] | None = None,
        arguments: Sequence[str] = (),
        local: bool = True,
        environment: object = None,
        frontend: str = "",
        named: Files | None = None,
    ) -> Path:
        """Build and return the path of what came out. Raises BuildFailedError.

        Without an output that is the image, as the engine saves it. Raises CannotAskError too.
        """
        if environment or frontend or not local:
            raise CannotAskError("such a build")
        if output and output not in {"type=tar", "type=local"}:
            raise CannotAskError(f"--output {output}")
        number = next(self.numbers)
        self.note(dockerfile)
        dest = self.folder / f"out{number}"
        context = write(self.folder / f"context{number}", files or {})
        beside = {"Dockerfile": self._translated(dockerfile), **(named or {})}
        folder = write(self.folder / f"file{number}", beside)
        argv = ["build", "--progress", "plain", "--file", str(folder / "Dockerfile")]
        argv += [*self._flags(opts or {}), *_passed(arguments)]
        tag = f"{OURS}:{self.nonce}-{number}"
        argv += ["--output", f"{output},dest={dest}"] if output else ["--tag", tag]
        self._docker(*argv, str(context))
        if not output:
            self.made.append(tag)
            self._save(tag, dest)
        return dest

    def allow(self, *entitlements: str) -> list[str]:
        """Refuse: what is allowed is the engine's affair."""
        raise CannotAskError(f"--allow {entitlements[0]}")

    def ask(self, *arguments: str, environment: object = None) -> str:  # noqa: ARG002 - buildctl's
        """Refuse: it is buildctl that is asked."""
        raise CannotAskError(f"what buildctl {arguments[0]} does")

    def beside(self, name: str) -> Self:
        """Return builds that may run at the same time; their images end with these."""
        other = super().beside(name)
        other.made = self.made
        return other

    def end(self) -> None:
        """Remove the images that came out."""
        if self.made:
            self._docker("image", "rm", "--force", *self.made)

    def _save(self, tag: str, dest: Path) -> None:
        try:
            self._docker("save", "--output", str(dest), tag)
        except BuildFailedError as error:
            if _EMPTY not in error.words:
                raise

    def _inspected(self) -> Image:
        """Return the image that was built last, which has no layers and cannot be saved."""
        (said,) = json.loads(self._docker("image", "inspect", self.made[-1]))
        names = ("Created", "Author", "Architecture", "Os", "Config")
        return bare({name.lower(): said[name] for name in names})

    def _flags(self, opts: Mapping[str, str]) -> list[str]:
        argv = []
        for key, value in opts.items():
            kind, _, rest = key.partition(":")
            if (key, value) in _BARE:
                argv += [_BARE[key, value]]
            elif kind in _MAPS and rest:
                argv += [_MAPS[kind], f"{rest}={self._translated_name(rest, value)}"]
            elif key in _LISTS:
                argv += [it for one in value.split(",") for it in (_LISTS[key], _pair(key, one))]
            elif key in _FLAGS:
                argv += [_FLAGS[key], _one(value)]
            else:
                raise CannotAskError(key)
        return argv

    def _translated(self, dockerfile: str) -> str:
        """Return the Dockerfile with the frontend, and images, by their names on the loopback."""
        address = self.live.registry.address
        text = _BASE.sub(rf"\1{address}/{busybox.NAME}", dedent(dockerfile))
        asked, found = _SYNTAX.subn(rf"\1{address}/{FRONTEND}", text)
        if found:
            return asked
        mark = "\ufeff" if text.startswith("\ufeff") else ""
        return f"{mark}# syntax={address}/{FRONTEND}\n{text.removeprefix(mark)}"

    def _translated_name(self, argument: str, value: str) -> str:
        own = argument == "BUILDKIT_SYNTAX" and value == FRONTEND
        return f"{self.live.registry.address}/{FRONTEND}" if own else value

    def _docker(self, *words: str) -> str:
        """Call the client, and return what it printed. Raises BuildFailedError."""
        ended = subprocess.run(
            ["docker", *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=LIMIT,
            check=False,
            env={**os.environ, "DOCKER_BUILDKIT": "1"},
        )
        self.log = ended.stdout.decode(errors="replace")
        if ended.returncode:
            raise BuildFailedError(self.log)
        return self.log


def _passed(arguments: Sequence[str]) -> Sequence[str]:
    """Return the arguments that both clients have. Raises CannotAskError for another."""
    for flag in arguments[::2]:
        if flag not in _SHARED:
            raise CannotAskError(flag)
    return arguments


def _one(value: str) -> str:
    if "," in value:
        raise CannotAskError(f"several: {value}")
    return value


def _pair(key: str, value: str) -> str:
    """Return one value as the flag wants it: hosts stand before a colon."""
    return value.replace("=", ":", 1) if key == "add-hosts" else value
