"""Published images as artefacts: they are taken into the store when a run is planned."""

from __future__ import annotations

from harness.backends.base import Artefact, Found
from harness.backends.leg import MARKING
from harness.errors import InfrastructureError
from harness.images import published
from harness.model import Commit, Published
from harness.store import Store


def found(store: Store, image: Published) -> Found:
    """Return the key of what was taken of an image, and whether the store has it."""
    there = published.find(store, image.side, image.digest)
    return Found(published.key(image.side, image.digest), there is not None)


def artefact(store: Store, commit: Commit, image: Published) -> Artefact:
    """Return what was taken of the image that stands in the place of a commit's own build.

    Raises InfrastructureError if it is not in the store any more.
    """
    if path := published.find(store, image.side, image.digest):
        return Artefact(path.name, path, cached=True, go_minor=MARKING)
    what = f"{commit.ref} ({image.short}) is not in {store.root} any more"
    raise InfrastructureError(what, hint="run it again: that gets it anew")
