"""What is asked of the tables, in SQL."""

from __future__ import annotations

_MARK = "o.run, o.started, o.suite_sha, o.frontend_sha, o.state"
_ORDER = "o.started, o.key"

_COUNTS = "(o.whole OR o.state <> 'done')"
"""A run of a few tests says nothing about its cell; one that came to nothing does."""
_SPOKE = "(t.verdict IS NULL OR t.verdict NOT IN ('infra', 'indeterminate'))"
"""What befell a machine says nothing about whether a test works."""

OF_TEST = f"""
SELECT {_MARK}, coalesce(t.verdict, 'compatible'), coalesce(t.mixed, 0)
FROM pairs p
JOIN observations o ON o.pair = p.id
JOIN roster_tests r ON r.roster = o.roster AND r.test = :test
LEFT JOIN outcomes t ON t.observation = o.id AND t.test = :test
WHERE p.cell = :cell AND {_SPOKE}
ORDER BY {_ORDER}
"""  # noqa: S608 - parts of ours

OBSERVATIONS = f"""
SELECT o.id, o.roster, o.whole, {_MARK} FROM pairs p JOIN observations o ON o.pair = p.id
WHERE p.cell = :cell AND o.roster IS NOT NULL
ORDER BY {_ORDER}
"""  # noqa: S608 - ditto

OUTCOMES = """
SELECT t.test, t.observation, t.verdict, t.mixed FROM pairs p
JOIN observations o ON o.pair = p.id
JOIN outcomes t ON t.observation = o.id
WHERE p.cell = :cell
"""

RECENT = """
SELECT o.id, o.started, o.control, o.roster FROM pairs p JOIN observations o ON o.pair = p.id
WHERE p.suite = :suite AND p.frontend = :frontend AND p.channel = :channel
    AND p.worker = :worker AND p.backend = :backend
    AND o.roster IS NOT NULL AND o.started >= :since AND o.started < :before
ORDER BY o.started DESC, o.key DESC LIMIT :last
"""

TALLIES = f"""
SELECT t.test, {_SPOKE} AND t.candidate_attempts IS NOT NULL,
    t.control_failed, t.control_attempts, t.candidate_failed, t.candidate_attempts
FROM outcomes t WHERE t.observation = :observation
"""  # noqa: S608 - ditto

TELL = """
INSERT INTO causes VALUES (?, ?, ?)
ON CONFLICT (digest) DO UPDATE SET run = excluded.run, started = excluded.started
WHERE (excluded.started, excluded.run) < (started, run)
"""

ROSTER = "SELECT test FROM roster_tests WHERE roster = :roster"

STRIPS = f"""
SELECT cell, run, started, suite_sha, frontend_sha, state, verdict, seconds FROM (
    SELECT p.cell, {_MARK}, o.verdict, o.seconds, o.key, row_number() OVER (
        PARTITION BY p.cell ORDER BY o.started DESC, o.key DESC
    ) AS back
    FROM pairs p JOIN observations o ON o.pair = p.id
    WHERE {_COUNTS}
) WHERE back <= :last ORDER BY cell, back DESC
"""  # noqa: S608 - ditto

CELLS = """
SELECT DISTINCT p.cell FROM roster_tests r
JOIN observations o ON o.roster = r.roster
JOIN pairs p ON p.id = o.pair
WHERE r.test = :test ORDER BY p.cell
"""

PLACE = """
SELECT DISTINCT suite_line AS line, worker, backend FROM pairs WHERE cell = :cell
ORDER BY id DESC LIMIT 1
"""

DURATIONS = """
SELECT d.bucket, d.count, d.longest FROM durations d
JOIN places p ON p.id = d.place
JOIN tests n ON n.id = d.test
WHERE p.line = :line AND p.worker = :worker AND p.backend = :backend AND n.name = :name
"""

LONGEST = """
SELECT n.name, max(d.longest) FROM durations d
JOIN places p ON p.id = d.place
JOIN tests n ON n.id = d.test
WHERE p.line = :line AND p.worker = :worker AND p.backend = :backend
GROUP BY n.name HAVING sum(d.count) >= :enough
"""

CELL_SECONDS = """
SELECT suite, suite_line, frontend, channel, worker, backend, seconds FROM (
    SELECT p.*, o.seconds, o.started, row_number() OVER (
        PARTITION BY o.pair ORDER BY o.started DESC, o.key DESC
    ) AS back
    FROM pairs p JOIN observations o ON o.pair = p.id
    WHERE o.whole AND o.seconds > 0
) WHERE back <= :last ORDER BY started DESC
"""

BUILD_SECONDS = """
SELECT side, sha, line, channel, seconds FROM builds
WHERE :backend IS NULL OR backend = :backend
ORDER BY started DESC, sha, seconds
"""
