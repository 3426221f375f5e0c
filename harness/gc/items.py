"""What can be removed, and what became of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """What an item is."""

    ARTEFACT = "artefact"
    ORPHAN = "orphan"
    """What a killed process left half made, or half removed."""
    LOCK = "lock"
    CONTAINER = "container"
    IMAGE = "image"
    VOLUME = "volume"
    BUILD_CACHE = "build cache"

    @property
    def in_cache(self) -> bool:
        """Whether it takes space in the cache folder."""
        return self in {Kind.ARTEFACT, Kind.ORPHAN, Kind.LOCK}


@dataclass(frozen=True)
class Item:
    """One thing that can be removed."""

    kind: Kind
    name: str
    size: int
    """Bytes that go with it and with nothing else that stays; 0 where nobody can say."""
    used: float
    """When it was last used, in seconds since 1970."""
    remove: Callable[[], bool]
    """Remove it; False if it is in use. Raises OSError and CompatError if it cannot be removed."""
    busy: bool = False
    """Whether a live process used it when it was listed."""
    stray: bool = False
    """Whether nobody can use it any more, so that its age is nothing to wait for."""


class Fate(StrEnum):
    """What became of an item that was chosen."""

    REMOVED = "removed"
    PLANNED = "would go"
    IN_USE = "in use"
    FAILED = "failed"


@dataclass(frozen=True)
class Outcome:
    """An item that was chosen, and what became of it."""

    item: Item
    fate: Fate
    why: str = ""
    """Why it failed."""
