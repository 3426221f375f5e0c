"""Containers as they are asked for and as they end, and what an engine can give to them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Power:
    """What the engine can give to a container."""

    absent: tuple[str, ...]
    """Capabilities that its kernel knows and it lacks; if there are any, it cannot give `all`."""
    known: tuple[str, ...]
    """Those of them that it knows by name: what it calls `all` holds them."""


@dataclass(frozen=True)
class Container:
    """A container to be run to its end."""

    image: str
    command: tuple[str, ...]
    labels: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    """For create_host_config of the Docker SDK."""
    unmasked: bool = False
    """Leave nothing of /proc and /sys hidden (systempaths=unconfined of the client program)."""
    files: tuple[tuple[str, Callable[[], Iterator[bytes]]], ...] = ()
    """Folders of the image, and what gives a tar that is unpacked there before the start."""
    results: tuple[tuple[str, Callable[[Iterator[bytes]], None]], ...] = ()
    """Folders of it, and what takes a tar of each once it has ended, unless we are to stop."""


@dataclass(frozen=True)
class Ended:
    """How a container ended."""

    status: int | None
    """None if it was killed."""
    timed_out: bool
    out_of_memory: bool
    seconds: float
