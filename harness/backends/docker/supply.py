"""Where an image comes from: the engine that has it, a repository of the user's, or a build.

With `--cache-repo REGISTRY/NAME` machines share what they build, by any OCI registry, as

    REGISTRY/NAME:suite-KEY
    REGISTRY/NAME:frontend-KEY

KEY is the digest of all that went into an image, so that a tag never changes its meaning.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from harness.engine import transfers
from harness.engine.client import Engine
from harness.engine.inventory import lock_of
from harness.engine.registry_errors import ABSENT, DENIED, ImageRefused
from harness.engine.retry import persist
from harness.events import Listener, Said, Warned
from harness.store import Store


class How(StrEnum):
    """How an image came to be on the engine."""

    CACHED = "cached"
    PULLED = "pulled"
    BUILT = "built"


class Supply:
    """Brings images onto one engine."""

    def __init__(self, engine: Engine, store: Store, repository: str) -> None:
        """Keep one process of a store's at a time at work on an image.

        `repository` may be empty.
        """
        self._engine = engine
        self._store = store
        self._repository = repository
        self._takes = bool(repository)
        """Whether the repository has not yet refused a push."""

    def image(self, name: str, build: Callable[[], None], listener: Listener) -> How:
        """Check that the engine has an image: find it, else pull it, else build and push it.

        Raises ImageRefused if a registry stays out of reach, what `build` raises, EngineFailed
        and Interrupted. A push that fails is a warning: nothing here depends on it.
        """
        with self._store.locked(lock_of(name)):
            if self._engine.has_image(name):
                return How.CACHED
            if self._repository and self._pull(name, listener):
                return How.PULLED
            persist(build, lambda text: listener(Said(text)))
            if self._takes:
                self._push(name, listener)
            return How.BUILT

    def _pull(self, name: str, listener: Listener) -> bool:
        remote = self._remote(name)
        try:
            persist(
                lambda: transfers.pull(self._engine, remote, name),
                lambda text: listener(Said(text)),
            )
        except ImageRefused as error:
            if error.cause is DENIED:  # which is what some registries say of what is not there
                listener(Warned(f"{error}; so it is built here"))
            elif error.cause is not ABSENT:
                error.hint += "; without --cache-repo it is built here"
                raise
            return False
        return True

    def _push(self, name: str, listener: Listener) -> None:
        remote = self._remote(name)
        try:
            persist(
                lambda: transfers.push(self._engine, name, remote),
                lambda text: listener(Said(text)),
            )
        except ImageRefused as error:
            self._takes = False  # the next one would only wait for the same answer
            listener(Warned(f"{error}; nothing more is pushed"))

    def _remote(self, name: str) -> str:
        """Return the name in the repository: `compat/suite:KEY` is `REGISTRY/NAME:suite-KEY`."""
        kind, _, key = name.rpartition("/")[2].partition(":")
        return f"{self._repository}:{kind}-{key}"
