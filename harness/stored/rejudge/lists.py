"""The entries that apply to a stored pair; a repository is asked only if one must be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from harness.config import skiplists
from harness.config.conditions import Facts
from harness.config.floors import NO_FLOORS, Floors
from harness.config.needs import Has
from harness.config.skiplists import Entry
from harness.errors import UsageError
from harness.model import Run
from harness.repository.ancestry import Ancestry
from harness.repository.git import GitFailed
from harness.repository.refs import Repository
from harness.store import Store


@dataclass(frozen=True)
class Lists:
    """Skip lists, and a repository that knows which commits are in which."""

    entries: tuple[Entry, ...]
    store: Store
    open: Callable[[], Repository]
    """Opens the repository."""
    floors: Floors = NO_FLOORS

    def of(self, run: Run) -> tuple[Entry, ...]:
        """Choose the entries whose conditions hold for a run's pair.

        Raises UsageError if the repository does not have its commits, and what opening raises.
        """
        pair = run.pair
        names = f"{pair.suite.ref} and {pair.frontend.ref}"
        facts = Facts(
            daemon=pair.suite,
            frontend=pair.frontend,
            worker=pair.worker,
            backend=pair.backend,
            channel=pair.frontend_channel,
            offline=run.offline,
            contains=self._ancestry.contains,
            tests=pair.tested.commit,
            platform=pair.platform,
            engine=bool(pair.engine),
        )
        try:
            return skiplists.applicable(self.entries, facts, Has(network=not run.offline))
        except GitFailed as error:
            raise UsageError(
                f"{self._repository.git.path} cannot tell which entries apply to {names}: {error}",
                hint="name the repository of that run with --repo",
            ) from error

    def is_ancestor(self, older: str, newer: str) -> bool:
        """Return what the repository says; what is in the cache's memory already is never asked."""
        return self._repository.graph.is_ancestor(older, newer)

    @cached_property
    def _ancestry(self) -> Ancestry:
        self.store.root.mkdir(parents=True, exist_ok=True)
        return Ancestry(self, self.store.root)

    @cached_property
    def _repository(self) -> Repository:
        return self.open()
