"""What on an engine is ours: told by its label, with its size and the time of its last use.

Engines label neither build cache nor the mounts in it. One of these can be told all the same, by
the folder at which no Dockerfile but ours mounts it; the rest of the build cache is left alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from http import HTTPStatus
from typing import Any

from docker.api.client import APIClient
from docker.errors import APIError, NotFound

from harness.engine.client import OWNER, PROJECT, Engine
from harness.tools import clock, machine

GO_CACHE = "/compat/go-build"
"""Where our Dockerfiles mount the cache of Go's compiler."""

# An image's name here, and in a repository while it is on its way.
_IMAGE = re.compile(r"(?:.+/)?compat/(?:suite|frontend|pair):(?P<key>[0-9a-f]+)(?:-stage)?")
_SHARED = re.compile(r".+:(?:suite|frontend)-(?P<key>[0-9a-f]{24})")

_MOUNT = "exec.cachemount"

_STRANGER = 24 * 3600.0
"""Seconds after which a stopped container of another machine, or an earlier boot, is nobody's."""

_SHORT = 12


@dataclass(frozen=True)
class Thing:
    """A container, an image's name, a volume or a mount in the build cache."""

    id: str
    """What the engine takes for it."""
    name: str
    """What people call it."""
    size: int
    """Bytes that it adds to what it is built on; 0 if the engine does not say."""
    used: float
    """In seconds since 1970, as far as the engine knows."""
    busy: bool = False
    stray: bool = False
    """Whether whoever made it is gone."""
    lock: str = ""
    """The lock of the store that whoever uses an image has taken."""


def lock_of(image: str) -> str:
    """Name the store's lock for an image by its name; empty if we gave it no such name."""
    found = _IMAGE.fullmatch(image) or _SHARED.fullmatch(image)
    return f"engine-{found['key']}" if found else ""


class Labelled:
    """What is ours on one engine. Every call raises EngineFailed if the engine does not obey."""

    def __init__(self, engine: Engine) -> None:
        """Look at this engine."""
        self._engine = engine

    def containers(self) -> list[Thing]:
        """List containers; those whose process is gone are stray."""
        with self._engine.ask("list containers") as api:
            listed = api.containers(all=True, filters={"label": [PROJECT]})
        return [_container(one) for one in listed]

    def images(self) -> list[Thing]:
        """List the names that we gave to images, and those of our images that have none."""
        with self._engine.ask("list images") as api:
            listed = {one["Id"]: one for one in api.images()}
            details = {name: _details(api, name) for name in listed}
        sizes = {name: (_layers(details[name]), int(one["Size"])) for name, one in listed.items()}
        found: list[Thing] = []
        for name, one in listed.items():
            if PROJECT in (one.get("Labels") or {}):
                used = max(float(one["Created"]), _tagged(details[name]))
                found += _names(one, added(name, sizes), used)
        return found

    def volumes(self) -> list[Thing]:
        """List volumes."""
        with self._engine.ask("list volumes") as api:
            listed = api.volumes(filters={"label": [PROJECT]})["Volumes"] or []
        return [
            Thing(one["Name"], one["Name"], 0, _seconds(one.get("CreatedAt"))) for one in listed
        ]

    def mounts(self) -> list[Thing]:
        """List the mounts in the build cache that are ours."""
        return [
            Thing(
                one["ID"],
                f"Go's cache {one['ID'][:_SHORT]}",
                one["Size"],
                _seconds(one.get("LastUsedAt") or one.get("CreatedAt")),
                busy=one["InUse"],
            )
            for one in self._build_cache
            if one["Type"] == _MOUNT
            and one["Description"].startswith(f"cached mount {GO_CACHE} from ")
        ]

    def build_cache(self) -> int:
        """Return the bytes of the whole build cache, most of which have no known owner."""
        return sum(one["Size"] for one in self._build_cache)

    @cached_property
    def _build_cache(self) -> Sequence[Mapping[str, Any]]:
        with self._engine.ask("look at the build cache") as api:
            found: Sequence[Mapping[str, Any]] = api.df().get("BuildCache") or []
        return found

    def remove_container(self, thing: Thing) -> bool:
        """Remove a container, whatever it does."""
        with self._engine.ask(f"remove container {thing.name}") as api:
            return _gone(lambda: api.remove_container(thing.id, force=True, v=True))

    def remove_image(self, thing: Thing) -> bool:
        """Remove an image's name, and the image with its last; False if it was used meanwhile."""
        with self._engine.ask(f"remove image {thing.name}") as api:
            details = _details(api, thing.id)
            if _tagged(details) > thing.used:
                return False
            return _gone(lambda: api.remove_image(thing.id))

    def remove_volume(self, thing: Thing) -> bool:
        """Remove a volume; False if a container has it."""
        with self._engine.ask(f"remove volume {thing.name}") as api:
            return _gone(lambda: api.remove_volume(thing.id))

    def remove_mount(self, thing: Thing) -> bool:
        """Remove a mount from the build cache; False if a build has it."""
        with self._engine.ask(f"remove {thing.name}") as api:
            # The stubs know no filter but `until`.
            done = api.prune_builds(filters={"id": thing.id}, all=True)  # type: ignore[arg-type]
        return thing.id in (done.get("CachesDeleted") or [])


def added(name: str, images: Mapping[str, tuple[Sequence[str], int]]) -> int:
    """Return the bytes that an image adds to the largest that it is built on.

    `images` holds layers, from the lowest, and size of every image of an engine.
    """
    layers, size = images[name]
    below = (
        other
        for those, other in images.values()
        if len(those) < len(layers) and layers[: len(those)] == those
    )
    return max(0, size - max(below, default=0))


def _container(one: Mapping[str, Any]) -> Thing:
    owner = one["Labels"].get(OWNER, "")
    created = float(one["Created"])
    stray = machine.gone(owner)
    running = one["State"] in {"running", "paused", "restarting"}
    young = clock.timestamp() - created < _STRANGER
    name = one["Id"][:_SHORT]
    busy = not stray and (running or young or machine.alive(owner))
    return Thing(one["Id"], name, 0, created, busy=busy, stray=stray)


def _names(image: Mapping[str, Any], size: int, used: float) -> Iterator[Thing]:
    """Return our names of an image; a name that somebody else gave keeps the image."""
    tags = [tag for tag in image.get("RepoTags") or [] if tag != "<none>:<none>"]
    if not tags:
        yield Thing(image["Id"], image["Id"].removeprefix("sha256:")[:_SHORT], size, used)
    ours = [tag for tag in tags if lock_of(tag)]
    for number, tag in enumerate(ours):
        yield Thing(tag, tag, 0 if number else size, used, lock=lock_of(tag))


def _details(api: APIClient, name: str) -> Mapping[str, Any]:
    try:
        found: Mapping[str, Any] = api.inspect_image(name)  # type: ignore[no-untyped-call] # of its stubs
    except NotFound:
        return {}  # removed since it was listed
    return found


def _layers(details: Mapping[str, Any]) -> Sequence[str]:
    found: Sequence[str] = details.get("RootFS", {}).get("Layers") or ()
    return found


def _tagged(details: Mapping[str, Any]) -> float:
    return _seconds(details.get("Metadata", {}).get("LastTagTime"))


def _seconds(stamp: str | None) -> float:
    """Read a time as the engine writes it; what it does not know is long ago."""
    return datetime.fromisoformat(stamp).timestamp() if stamp else 0.0


def _gone(remove: Callable[[], object]) -> bool:
    try:
        remove()
    except NotFound:
        return True
    except APIError as error:
        if error.status_code == HTTPStatus.CONFLICT:
            return False
        raise
    return True
