"""Whether one commit has another in its history: found out once, then remembered.

It takes 200 ms to read BuildKit's history, and the skip lists ask dozens of questions of every
pair. An answer never changes, as a commit's id covers its history, so it is kept in a small
database of the cache; without one the history is read again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Protocol

from harness.errors import DiskFull, InfrastructureError
from harness.tools.disks import full

FILE = "ancestry.sqlite3"

_PATIENCE = 30.0
"""Seconds to wait for another run that writes an answer."""

_TABLE = """
CREATE TABLE IF NOT EXISTS ancestry (
    newer TEXT NOT NULL, older TEXT NOT NULL, holds INTEGER NOT NULL, PRIMARY KEY (newer, older)
) WITHOUT ROWID
"""
_ASK = "SELECT holds FROM ancestry WHERE newer = ? AND older = ?"
_KEEP = "INSERT OR IGNORE INTO ancestry VALUES (?, ?, ?)"


class Source(Protocol):
    """Who knows: git, or a graph of its commits."""

    def is_ancestor(self, older: str, newer: str) -> bool:
        """Return whether `older` is `newer` or an ancestor of it. Raises GitFailed."""


class Ancestry:
    """The answers for one repository; safe to use from several processes at once."""

    def __init__(self, source: Source, folder: Path) -> None:
        """Remember in `folder`, which exists."""
        self._source = source
        self._file = folder / FILE
        self._known: dict[tuple[str, str], bool] = {}

    def contains(self, newer: str, older: str) -> bool:
        """Return whether `newer` is `older` or has it in its history; both are full ids.

        Raises GitFailed if git cannot say (then nothing is remembered), InfrastructureError if
        the database is damaged or locked for too long.
        """
        if (newer, older) not in self._known:
            self._known[newer, older] = self._find(newer, older)
        return self._known[newer, older]

    def _find(self, newer: str, older: str) -> bool:
        with self._database() as database:
            if row := database.execute(_ASK, (newer, older)).fetchone():
                return bool(row[0])
            holds = self._source.is_ancestor(older, newer)
            with database:
                database.execute(_KEEP, (newer, older, holds))
            return holds

    @contextmanager
    def _database(self) -> Iterator[sqlite3.Connection]:
        try:
            with closing(sqlite3.connect(self._file, timeout=_PATIENCE)) as database:
                database.execute(_TABLE)
                yield database
        except sqlite3.Error as error:
            if full(error):
                raise DiskFull(
                    f"cannot write {self._file}: {error}",
                    hint=f"check that {self._file.parent} is on a disk with free space (df -h)",
                ) from error
            raise InfrastructureError(
                f"{self._file} cannot be used: {error}", hint=f"rm {self._file}; it is only a cache"
            ) from error
