"""What an engine is, by its own answer to GET /version."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from packaging.version import InvalidVersion, Version

_PODMAN = "Podman Engine"

_BUILDKIT = Version("1.39")
"""The API that brought BuildKit's session, with Docker 18.09."""


@dataclass(frozen=True)
class Product:
    """A make of engine, in one version."""

    name: str
    version: str
    architecture: str
    """As Go names it, which is the same for all makes."""
    buildkit: bool
    """Whether it builds with BuildKit for Docker's client program."""

    @property
    def podman(self) -> bool:
        """Whether it is Podman, which answers Docker's API in its own way."""
        return self.name == _PODMAN

    def __str__(self) -> str:
        """Write it for people."""
        return f"{self.name} {self.version}"


def product(said: Mapping[str, Any]) -> Product:
    """Read the answer to GET /version."""
    components = [str(part.get("Name")) for part in said.get("Components") or ()]
    version = str(said.get("Version", "of unknown version"))
    architecture = str(said.get("Arch", "unknown"))
    if _PODMAN in components:
        return Product(_PODMAN, version, architecture, buildkit=False)
    return Product("Docker Engine", version, architecture, _api(said) >= _BUILDKIT)


def _api(said: Mapping[str, Any]) -> Version:
    try:
        return Version(str(said.get("ApiVersion", "0")))
    except InvalidVersion:
        return Version("0")
