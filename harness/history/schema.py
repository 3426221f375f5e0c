"""The tables of the history, as migrations: each entry brings a file from one version to the next.

What is kept stays small, because most of what a test does is pass:

- An observation is what came of one cell once. It has a row per test only for those that did
  not simply pass; which tests were to run at all stands in its roster, and cells of one suite
  share one roster night after night.
- Durations are counts in buckets, one row per bucket that was ever hit. Counts do not depend on
  the order in which runs are recorded.
"""

from __future__ import annotations

APPLICATION_ID = 0x626B6378
"""`bkcx` in SQLite's header, by which a database is known to be ours."""

MIGRATIONS: tuple[str, ...] = (
    """
    CREATE TABLE pairs (
        id INTEGER PRIMARY KEY,
        cell TEXT NOT NULL,
        suite TEXT NOT NULL,
        suite_line TEXT NOT NULL,
        frontend TEXT NOT NULL,
        channel TEXT NOT NULL,
        worker TEXT NOT NULL,
        backend TEXT NOT NULL,
        UNIQUE (cell, suite, suite_line, frontend, channel, worker, backend)
    );
    CREATE TABLE tests (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
    CREATE TABLE rosters (id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE);
    CREATE TABLE roster_tests (
        roster INTEGER NOT NULL REFERENCES rosters,
        test INTEGER NOT NULL REFERENCES tests,
        PRIMARY KEY (roster, test)
    ) WITHOUT ROWID;
    CREATE INDEX rosters_by_test ON roster_tests (test);
    CREATE TABLE observations (
        id INTEGER PRIMARY KEY,
        key TEXT NOT NULL UNIQUE,
        pair INTEGER NOT NULL REFERENCES pairs,
        run TEXT NOT NULL,
        started TEXT NOT NULL,
        suite_sha TEXT NOT NULL,
        frontend_sha TEXT NOT NULL,
        state TEXT NOT NULL,
        verdict TEXT NOT NULL,
        whole INTEGER NOT NULL,
        seconds REAL,
        roster INTEGER REFERENCES rosters
    );
    CREATE INDEX observations_by_time ON observations (pair, started, key);
    CREATE TABLE outcomes (
        observation INTEGER NOT NULL REFERENCES observations ON DELETE CASCADE,
        test INTEGER NOT NULL REFERENCES tests,
        verdict TEXT NOT NULL,
        mixed INTEGER NOT NULL,
        PRIMARY KEY (observation, test)
    ) WITHOUT ROWID;
    CREATE TABLE places (
        id INTEGER PRIMARY KEY,
        line TEXT NOT NULL,
        worker TEXT NOT NULL,
        backend TEXT NOT NULL,
        UNIQUE (line, worker, backend)
    );
    CREATE TABLE durations (
        place INTEGER NOT NULL REFERENCES places,
        test INTEGER NOT NULL REFERENCES tests,
        bucket INTEGER NOT NULL,
        count INTEGER NOT NULL,
        longest REAL NOT NULL,
        PRIMARY KEY (place, test, bucket)
    ) WITHOUT ROWID;
    CREATE TABLE builds (
        side TEXT NOT NULL,
        sha TEXT NOT NULL,
        channel TEXT NOT NULL,
        backend TEXT NOT NULL,
        seconds REAL NOT NULL,
        line TEXT NOT NULL,
        started TEXT NOT NULL,
        PRIMARY KEY (side, sha, channel, backend, seconds)
    ) WITHOUT ROWID;
    """,
    """
    ALTER TABLE observations ADD COLUMN control INTEGER NOT NULL DEFAULT 1;
    ALTER TABLE outcomes ADD COLUMN control_failed INTEGER;
    ALTER TABLE outcomes ADD COLUMN control_attempts INTEGER;
    ALTER TABLE outcomes ADD COLUMN candidate_failed INTEGER;
    ALTER TABLE outcomes ADD COLUMN candidate_attempts INTEGER;
    """,
    """
    CREATE TABLE causes (
        digest TEXT PRIMARY KEY,
        run TEXT NOT NULL,
        started TEXT NOT NULL
    ) WITHOUT ROWID;
    """,
    """
    CREATE TABLE culprits (
        digest TEXT PRIMARY KEY,
        kept TEXT NOT NULL
    ) WITHOUT ROWID;
    """,
)
"""Statements that make version N+1 of version N; never changed once they were released.

The key of a table without row ids comes first and in the order of its columns: else quick_check
of SQLite 3.40 finds empty values that are not there.
"""

SCHEMA_VERSION = len(MIGRATIONS)
"""Kept in SQLite's user_version; 0 is a file without tables."""
