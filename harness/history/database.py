"""The file: opened with suspicion, changed in one transaction at a time, never replaced.

Not in WAL mode. A nightly restores the file from a CI cache, records once and saves it again, so
the file must be whole by itself whenever nobody writes; WAL keeps what is newest in a second
file beside it, and cannot be used on network folders. Writers are rare and take a second, so
readers can wait for them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

from harness.errors import DiskFull, UsageError
from harness.history.schema import APPLICATION_ID, MIGRATIONS
from harness.tools.disks import full

PATIENCE = 30.0
"""Seconds to wait for another process that writes."""


class HistoryError(UsageError):
    """The history cannot be used as it is; it was left alone."""


class HistoryFull(HistoryError, DiskFull):  # noqa: N818 - a state, named as one
    """There is no space left for the history; what it held before is still there."""

    exit_code = DiskFull.exit_code


@contextmanager
def history_errors(file: Path, patience: float) -> Iterator[None]:
    """Turn SQLite's errors into a HistoryError that names the file and what to do."""
    try:
        yield
    except sqlite3.Error as error:
        raise _explained(file, error, patience) from error


def connect(file: Path, *, create: bool, patience: float = PATIENCE) -> sqlite3.Connection:
    """Open a history and bring it to the newest version; with `create`, make it if missing.

    `patience` is in seconds and holds for every later wait too. Raises HistoryError if there is
    none, if it is none of ours or of a newer version, damaged, or locked for too long.
    """
    if create:
        _make_folder(file.parent)
    elif not file.is_file():
        hint = "name it with --history or COMPAT_HISTORY; `compat matrix` records into it"
        raise HistoryError(f"{file}: there is no history", hint=hint)
    address = f"file:{quote(str(file.absolute()))}?mode={'rwc' if create else 'rw'}"
    with history_errors(file, patience):
        database = sqlite3.connect(address, uri=True, timeout=patience, isolation_level=None)
        try:
            _prepare(file, database, MIGRATIONS)
        except BaseException:
            database.close()
            raise
    return database


@contextmanager
def writing(database: sqlite3.Connection) -> Iterator[None]:
    """Commit all that the block does, or nothing; no other process writes meanwhile."""
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
        database.execute("COMMIT")
    except BaseException:
        if database.in_transaction:
            database.execute("ROLLBACK")
        raise


def check(file: Path, database: sqlite3.Connection) -> None:
    """Check that the file is sound before anything is written into it. Raises HistoryError."""
    (found,) = database.execute("PRAGMA quick_check(1)").fetchone()
    if found != "ok":
        raise damaged(file, str(found))


def _prepare(file: Path, database: sqlite3.Connection, migrations: Sequence[str]) -> None:
    database.execute("PRAGMA foreign_keys = ON")
    if _version(file, database, len(migrations)) == len(migrations):
        return
    with writing(database):
        # Another process may have been faster.
        for script in migrations[_version(file, database, len(migrations)) :]:
            for statement in filter(str.strip, script.split(";")):
                database.execute(statement)
        database.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        database.execute(f"PRAGMA user_version = {len(migrations)}")


def _version(file: Path, database: sqlite3.Connection, newest: int) -> int:
    (application,) = database.execute("PRAGMA application_id").fetchone()
    (version,) = database.execute("PRAGMA user_version").fetchone()
    (tables,) = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
    if tables and application != APPLICATION_ID:
        hint = "name another file with --history"
        raise HistoryError(f"{file}: a database, but no history of ours", hint=hint)
    if version > newest:
        raise HistoryError(
            f"{file}: written with schema version {version}, this harness knows {newest}",
            hint="upgrade the harness, or name another file with --history",
        )
    return int(version)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        where = error.filename or folder
        raise (HistoryFull if full(error) else HistoryError)(
            f"the history's folder {where} cannot be made: {error.strerror}",
            hint="name another file with --history or COMPAT_HISTORY",
        ) from error


def _explained(file: Path, error: sqlite3.Error, patience: float) -> HistoryError:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
        hint = "another process writes to it (fuser names it); wait for it, or end it"
        return HistoryError(f"{file}: locked, for over {patience:g} s now", hint=hint)
    if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
        return damaged(file, str(error))
    return (HistoryFull if code == sqlite3.SQLITE_FULL else HistoryError)(
        f"{file}: cannot be used: {error}",
        hint="check that it is a writable file with free space beside it (df -h)",
    )


def damaged(file: Path, what: str) -> HistoryError:
    """Return the error for a history that holds what none writes."""
    hint = "move it away or restore a copy; it was left as it is"
    return HistoryError(f"{file}: damaged, or no history at all: {what}", hint=hint)
