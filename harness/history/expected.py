"""How long cells and builds will take, going by what like ones took; planning asks this."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from statistics import median

from harness.model import Channel, Commit, Pair, Side

LAST = 5
"""Newest durations of which the median is taken."""

Key = tuple[str, ...]


class Expected:
    """Durations by what they were measured on, the exact first and then what is like it.

    Without a history nothing is expected: `Expected()` gives None for everything.
    """

    def __init__(
        self,
        cells: Iterable[tuple[Key, float]] = (),
        builds: Iterable[tuple[Key, float]] = (),
    ) -> None:
        """Take durations, newest first.

        The key of a cell is suite, line, frontend, channel, worker, backend; that of a build
        side, commit, line, channel.
        """
        self._cells = _by_likeness((keys, took) for key, took in cells if (keys := _cell(*key)))
        self._builds = _by_likeness((keys, took) for key, took in builds if (keys := _build(*key)))

    def cell(self, pair: Pair) -> float | None:
        """Seconds that a cell will run, reruns with it and builds aside.

        That of the same names; else of the suite with any frontend; else of any suite of its
        line. None if none of these ever ran on this worker and backend.
        """
        keys = _cell(
            *(name_of(pair), pair.tested.commit.line, pair.frontend.ref),
            *(pair.frontend_channel, pair.worker, pair.backend),
        )
        return _first(self._cells, keys)

    def build(self, side: Side, commit: Commit, channel: Channel) -> float | None:
        """Seconds that a build will take, on a machine that has not built it yet.

        That of the same commit; else of its line in this channel; else of any commit of that
        side. None if nothing of the side was ever built.
        """
        return _first(self._builds, _build(side, commit.sha, commit.line, channel))


def name_of(pair: Pair) -> str:
    """Return what the history calls a suite: its daemon, and whose tests see what of it."""
    return ", ".join((pair.suite.ref, *pair.axes))


def _cell(
    suite: str, line: str, frontend: str, channel: str, worker: str, backend: str
) -> tuple[Key, ...]:
    where = (worker, backend)
    return (
        ("pair", suite, frontend, channel, *where),
        ("suite", suite, *where),
        ("line", line, *where),
    )


def _build(side: str, sha: str, line: str, channel: str) -> tuple[Key, ...]:
    return (("commit", side, sha, channel), ("line", side, line, channel), ("side", side))


def _by_likeness(durations: Iterable[tuple[tuple[Key, ...], float]]) -> Mapping[Key, list[float]]:
    found: dict[Key, list[float]] = {}
    for keys, took in durations:
        for key in keys:
            last = found.setdefault(key, [])
            if len(last) < LAST:
                last.append(took)
    return found


def _first(durations: Mapping[Key, list[float]], keys: Iterable[Key]) -> float | None:
    return next((median(durations[key]) for key in keys if key in durations), None)
