"""What commits are built from: neighbours for which that is the same are one candidate."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from harness.bisect.line import History, Step
from harness.bisect.matter import LANGUAGE, Matter, weight

Patches = Callable[[str], tuple[str, ...]]
"""Returns the digests of the patches that are applied to a commit's tree."""

_DIGITS = 24


@dataclass(frozen=True)
class Candidate:
    """Neighbours of a line that are built from the same: one answers for all."""

    commits: tuple[str, ...]
    """Oldest first; the first one is what made the difference."""
    weight: float

    @property
    def first(self) -> str:
        """The commit that made the difference, if this candidate turns the answer."""
        return self.commits[0]


@dataclass
class Content:
    """Tells commits apart by what one side of them is built from."""

    history: History
    matter: Matter
    patches: Patches
    _keys: dict[str, str] = field(default_factory=dict)

    def key(self, sha: str) -> str:
        """Return a digest of what is built from a commit; equal where nothing differs."""
        if sha not in self._keys:
            files = self.history.files(sha).items()
            taken = sorted(f"{path}\t{what}" for path, what in files if self.matter.takes(path))
            said = "\0".join((*taken, *self._language(sha), *self.patches(sha)))
            self._keys[sha] = hashlib.sha256(said.encode()).hexdigest()[:_DIGITS]
        return self._keys[sha]

    def candidates(self, old: str, steps: Sequence[Step]) -> list[Candidate]:
        """Join neighbours that are built from the same; the first candidate is the old end's."""
        kinds = self._kinds(old, steps)
        runs: list[tuple[list[str], float]] = [([old], 1.0)]
        for step in steps:
            taken = [path for path in step.paths if self.matter.takes(path)]
            commits, _ = runs[-1]
            if taken or kinds[step.sha] != kinds[commits[-1]]:
                runs.append(([step.sha], weight(taken)))
            else:
                commits.append(step.sha)
        return [Candidate(tuple(commits), weight) for commits, weight in runs]

    def _kinds(self, old: str, steps: Iterable[Step]) -> Mapping[str, tuple[str, ...]]:
        """Return language and patches of the commits of a line."""
        touching = [it.sha for it in steps if set(LANGUAGE) & set(it.paths)]
        self.history.look_ahead(touching, LANGUAGE)
        said = self._language(old)
        found = {old: (*said, *self.patches(old))}
        for step in steps:
            if set(LANGUAGE) & set(step.paths):
                said = self._language(step.sha)
            found[step.sha] = (*said, *self.patches(step.sha))
        return found

    def _language(self, sha: str) -> tuple[str, ...]:
        return self.matter.language({path: self.history.text(sha, path) for path in LANGUAGE})
