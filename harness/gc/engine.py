"""What an engine holds of ours, as items.

An image counts as used when the engine says so or the cache does, whichever is later: some
engines cannot be told of a use, and some are shared by several caches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from harness.gc.cache import Cache
from harness.gc.items import Item, Kind

if TYPE_CHECKING:  # the SDK behind it is slow to import, and most who need the cache have no engine
    from harness.engine.inventory import Labelled, Thing


def on_engine(there: Labelled, cache: Cache) -> Iterator[Item]:
    """List all that is ours on an engine. Raises EngineFailed."""
    others: tuple[tuple[Kind, Callable[[], list[Thing]], Callable[[Thing], bool]], ...] = (
        (Kind.CONTAINER, there.containers, there.remove_container),
        (Kind.VOLUME, there.volumes, there.remove_volume),
        (Kind.BUILD_CACHE, there.mounts, there.remove_mount),
    )
    for kind, things, remove in others:
        for thing in things():
            yield _item(kind, thing, thing.used, partial(remove, thing), busy=thing.busy)
    for thing in there.images():
        yield _image(there, cache, thing)


def _image(there: Labelled, cache: Cache, thing: Thing) -> Item:
    remove = partial(there.remove_image, thing)
    if not thing.lock:
        return _item(Kind.IMAGE, thing, thing.used, remove, busy=False)
    return _item(
        Kind.IMAGE,
        thing,
        max(thing.used, cache.last_use(thing.lock)),
        partial(cache.while_unused, thing.lock, remove),
        busy=cache.used(thing.lock),
    )


def _item(kind: Kind, thing: Thing, used: float, remove: Callable[[], bool], *, busy: bool) -> Item:
    return Item(kind, thing.name, thing.size, used, remove, busy=busy, stray=thing.stray)
