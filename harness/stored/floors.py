"""The floors that a stored run proposes, as data files hold them; pure."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import groupby

from msgspec.structs import replace

from harness.config.floors import Floors
from harness.gotest.names import parse as parsed
from harness.gotest.names import sandbox_name
from harness.model import Below, Judgement, Record, Run, Vary, Verdict
from harness.reports.text import visible
from harness.verdict.collate import known_names
from harness.verdict.floors import name_of
from harness.verdict.table import first_said, way

_EVERY = ("frontend", "gateway")
"""The matrix value that every test of a run has."""

_TELLING = {Verdict.COMPATIBLE, Verdict.REFUSED, Verdict.KNOWN, Verdict.REGRESSED}

_Key = tuple[str, tuple[tuple[str, str], ...]]


class Seen(Record, frozen=True, kw_only=True):
    """What a test did on the daemons of one line, where it passes with its own."""

    below: Below | None
    """How it failed; None if it passed."""
    lacks: str = ""


class Row(Record, frozen=True, kw_only=True):
    """A floor as it is written."""

    test: str
    params: dict[str, str]
    since: str
    below: Below | None = None
    cause: str = ""
    issue: str = ""

    def __str__(self) -> str:
        """One line of YAML."""
        words = [f"test: {_quoted(self.test)}"]
        if self.params:
            told = ", ".join(f"{key}: {_quoted(value)}" for key, value in self.params.items())
            words.append(f"params: {{{told}}}")
        words.append(f"since: {self.since}")
        if self.below:
            words.append(f"below: {self.below}")
        if self.cause or self.below is Below.WRONG:
            words.append(f"cause: {_quoted(self.cause)}")
        if self.issue:
            words.append(f"issue: {self.issue}")
        return f"  - {{{', '.join(words)}}}\n"


def propose(runs: Iterable[Run], floors: Floors) -> tuple[Row, ...]:
    """Return every floor as it should be by these runs, in order; others stay as they are.

    What somebody wrote of a cause stays as long as the test does the same below.
    """
    rows = {
        it.key: Row(
            test=it.test,
            params=dict(it.key[1]),
            since=it.since,
            below=it.below,
            cause=it.cause,
            issue=it.issue or "",
        )
        for it in floors.rows
    }
    for key, seen in _seen(runs).items():
        rows[key] = _row(key, seen, rows.get(key), floors.lines)
    at = floors.lines.index
    return tuple(sorted(rows.values(), key=lambda it: (at(it.since), it.test, str(it.params))))


def files(rows: Iterable[Row]) -> dict[str, str]:
    """Return the text of each file by its name: one for each line on which floors are."""
    return {
        f"{since}.yaml": "floors:\n" + "".join(map(str, found))
        for since, found in groupby(rows, key=lambda it: it.since)
    }


def _seen(runs: Iterable[Run]) -> dict[_Key, dict[str, Seen]]:
    found: dict[_Key, dict[str, Seen]] = {}
    for run in runs:
        known = known_names(run.legs) if run.pair.vary is Vary.DAEMON else frozenset()
        for row in run.judgements if run.pair.vary is Vary.DAEMON else ():
            if row.verdict in _TELLING and row.control:
                test = parsed(row.name, sandbox_name(row.name, known))
                params = tuple(pair for pair in test.params if pair != _EVERY)
                found.setdefault((name_of(test), params), {})[run.pair.suite.line] = _did(row)
    return found


def _did(row: Judgement) -> Seen:
    result = first_said(row.candidate)
    if not result.outcome.failing:
        return Seen(below=None)
    return Seen(below=way(result), lacks=visible(result.lacks))


def _row(key: _Key, seen: dict[str, Seen], old: Row | None, lines: tuple[str, ...]) -> Row:
    """Find the oldest line from which on nothing failed; between two that were seen, ask `old`."""
    failed = [at for at, line in enumerate(lines) if line in seen and seen[line].below]
    last = max(failed, default=-1)
    passed = [at for at, line in enumerate(lines) if line in seen and at > last]
    since = min(passed, default=len(lines) - 1)
    if old and last < lines.index(old.since) < since:
        since = lines.index(old.since)
    row = Row(test=key[0], params=dict(key[1]), since=lines[since], issue=old.issue if old else "")
    if last < 0 or last == since:
        return row
    did = seen[lines[last]]
    kept = old.cause if old and old.below is did.below else ""
    return replace(row, below=did.below, cause=kept or did.lacks)


def _quoted(text: str) -> str:
    plain = text.replace("/", "").replace(".", "").isalnum() and not text[0].isdigit()
    return text if plain and text not in {"true", "false", "null"} else json.dumps(text)
