"""Writes a batch into the history, in one transaction; what is there already stays as it is."""

from __future__ import annotations

import hashlib
import sqlite3
from array import array
from collections.abc import Iterable
from dataclasses import astuple

from harness.history.batch import Batch, Observation
from harness.history.database import writing
from harness.history.durations import bucket_of
from harness.history.expected import name_of
from harness.model import Pair
from harness.model.matrix import CellState

_Tally = dict[tuple[int, int, int], tuple[int, float]]
"""How often, and the longest, by place, test and bucket."""

_PAIR = "(cell, suite, suite_line, frontend, channel, worker, backend)"
_OBSERVE = """
INSERT INTO observations
    (key, pair, run, started, suite_sha, frontend_sha, state, verdict, whole, seconds, roster,
        control)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (key) DO NOTHING
"""
_COUNT = """
INSERT INTO durations VALUES (?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE
SET count = count + excluded.count, longest = max(longest, excluded.longest)
"""


def write(database: sqlite3.Connection, batch: Batch) -> int:
    """Add a batch and return how many of its observations were new."""
    with writing(database):
        return _Writer(database, batch).write()


class _Writer:
    def __init__(self, database: sqlite3.Connection, batch: Batch) -> None:
        self._database = database
        self._batch = batch
        self._tests: list[int] = []
        self._rosters: dict[bytes, int] = {}
        self._tally: _Tally = {}

    def write(self) -> int:
        self._tests = self._intern_tests(self._batch.names)
        new = sum(self._observe(it) for it in self._batch.observations)
        self._database.executemany(
            _COUNT, ((*key, count, longest) for key, (count, longest) in self._tally.items())
        )
        self._database.executemany(
            "INSERT OR IGNORE INTO builds VALUES (?, ?, ?, ?, ?, ?, ?)",
            map(astuple, self._batch.builds),
        )
        return new

    def _observe(self, seen: Observation) -> bool:
        """Add an observation unless it is known. A result takes the place of there being none."""
        done = seen.state is CellState.DONE
        pair = self._intern(f"pairs {_PAIR}", _pair_columns(seen.cell, seen.pair))
        if done:
            self._database.execute(
                "DELETE FROM observations WHERE key = ?", (f"{self._batch.run}/{seen.cell}",)
            )
        elif self._is_done(pair, seen.run):
            return False
        roster = self._roster(seen.roster) if done else None
        row = (
            *(seen.key, pair, seen.run, seen.started),
            *(seen.pair.suite.sha, seen.pair.frontend.sha),
            *(seen.state, seen.verdict, seen.whole, seen.seconds, roster, seen.control),
        )
        added = self._database.execute(_OBSERVE, row)
        if not added.rowcount:
            self._settle(seen)
            return False
        self._database.executemany(
            "INSERT INTO outcomes VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                (
                    *(added.lastrowid, self._tests[it.test], it.verdict, it.mixed),
                    *(it.control.failed, it.control.attempts),
                    *(it.candidate.failed, it.candidate.attempts),
                )
                for it in seen.outcomes
            ),
        )
        self._time(seen)
        return True

    def _settle(self, seen: Observation) -> None:
        """Make an observation that came in several runs, or anew, read the same in any order."""
        if seen.state is CellState.DONE:
            # A shard and what it was merged into hold the same executions.
            self._database.execute(
                "UPDATE observations SET run = ?1 WHERE key = ?2 AND run > ?1", (seen.run, seen.key)
            )
        else:
            self._database.execute(
                "UPDATE observations SET started = ?, state = ?, verdict = ? WHERE key = ?",
                (seen.started, seen.state, seen.verdict, seen.key),
            )

    def _is_done(self, pair: int, run: str) -> bool:
        found = self._database.execute(
            "SELECT 1 FROM observations WHERE pair = ? AND run = ? AND state = ?",
            (pair, run, CellState.DONE),
        )
        return found.fetchone() is not None

    def _time(self, seen: Observation) -> None:
        pair = seen.pair
        place = self._intern(
            "places (line, worker, backend)",
            (pair.tested.commit.line, pair.worker, pair.backend),
        )
        for number, seconds in zip(seen.timed, seen.took, strict=True):
            key = (place, self._tests[number], bucket_of(seconds))
            count, longest = self._tally.get(key, (0, 0.0))
            self._tally[key] = (count + 1, max(longest, seconds))

    def _roster(self, numbers: array[int]) -> int:
        tests = sorted({self._tests[number] for number in numbers})
        digest = hashlib.sha256(array("Q", tests).tobytes()).digest()
        if digest not in self._rosters:
            before = self._database.total_changes
            roster = self._intern("rosters (digest)", (digest,))
            if self._database.total_changes > before:
                self._database.executemany(
                    "INSERT INTO roster_tests VALUES (?, ?)", ((roster, test) for test in tests)
                )
            self._rosters[digest] = roster
        return self._rosters[digest]

    def _intern_tests(self, names: Iterable[str]) -> list[int]:
        return [self._intern("tests (name)", (name,)) for name in names]

    def _intern(self, table: str, values: tuple[object, ...]) -> int:
        """Return the id of a row, made if it is missing; `table` names it and its columns."""
        name, _, columns = table.partition(" ")
        given = ", ".join("?" * len(values))
        self._database.execute(
            f"INSERT INTO {table} VALUES ({given}) ON CONFLICT DO NOTHING",  # noqa: S608 - ours
            values,
        )
        (row,) = self._database.execute(
            f"SELECT id FROM {name} WHERE {columns} = ({given})",  # noqa: S608 - ours
            values,
        ).fetchone()
        return int(row)


def _pair_columns(cell: str, pair: Pair) -> tuple[str, ...]:
    return (
        *(cell, name_of(pair), pair.tested.commit.line, pair.frontend.ref),
        *(pair.frontend_channel, pair.worker, pair.backend),
    )
