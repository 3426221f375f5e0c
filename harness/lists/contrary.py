"""Which parts of a condition contradict one another, by what the commits of a repository are.

A file alone does not tell it: whether a commit can have one change and lack another, or have a
change and be older than a release, is in the history.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

from msgspec.structs import replace

from harness.config.conditions import ALWAYS, Commits, Condition
from harness.lists.kinds import Kind

_SHOWN = 12
"""Digits of a commit."""


def contrary(when: Condition, side: str, kinds: Sequence[Kind]) -> str:
    """Return which part of a condition no commit meets, or which two none meets together.

    Empty if it is neither. `side` is `daemon`, `frontend` or `tests`.
    """
    met = {
        text: {at for at, kind in enumerate(kinds) if kind.meets(part, side)}
        for text, part in _parts(when.about(side), side)
    }
    for text, there in met.items():
        if not there:
            return f"no commit meets {text}"
    for one, other in combinations(met, 2):
        if not met[one] & met[other]:
            return f"no commit meets both {one} and {other}"
    return ""


def _parts(when: Condition, side: str) -> Iterator[tuple[str, Condition]]:
    for key in (side, "dockerfile"):
        if versions := getattr(when, key):
            yield f"`{key}: {versions.text}`", replace(ALWAYS, **{key: versions})
    for key in ("contains", "lacks"):
        for sha in getattr(getattr(when, key), side, ()):
            one = {key: Commits(**{side: (sha,)})}
            yield f"`{key}: {{{side}: {sha[:_SHOWN]}}}`", replace(ALWAYS, **one)
