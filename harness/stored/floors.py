"""The floors that a stored run proposes, as data files hold them; pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from functools import reduce
from itertools import groupby

from harness.config.floors import Floor, Floors
from harness.gotest.names import TestKey, sandbox_name
from harness.gotest.names import parse as parsed
from harness.gotest.selection import asks_for_all
from harness.model import Below, Record, Run, Vary, came_to_end
from harness.model.platforms import USUAL
from harness.reports.text import visible
from harness.scenarios.inside.events import SCENARIO
from harness.verdict.collate import key_of_test, known_names
from harness.verdict.floors import PASSED, Did, name_of, seen

_EVERY = ("frontend", "gateway")
"""The matrix value that every test of a run has."""

_PLAIN = re.compile(r"[A-Za-z][\w./()=-]*(?:#\d+)?")
"""Text that is the same in YAML without quotes."""

_Key = tuple[str, tuple[tuple[str, str], ...], str]
"""Test, its matrix values, and the platform, empty for all that have no floor of their own."""


class Row(Record, frozen=True, kw_only=True):
    """A floor as it is written."""

    test: str
    params: dict[str, str]
    since: str
    below: Below | None = None
    cause: str = ""
    issue: str = ""
    dies: tuple[str, ...] = ()
    platform: str = ""

    def __str__(self) -> str:
        """One line of YAML."""
        words = [f"test: {_quoted(self.test)}"]
        if self.params:
            told = ", ".join(f"{key}: {_quoted(value)}" for key, value in self.params.items())
            words.append(f"params: {{{told}}}")
        words.append(f"since: {self.since}")
        if self.below:
            words.append(f"below: {self.below}")
        if self.dies:
            words.append(f"dies: [{', '.join(self.dies)}]")
        if self.cause or self.below is Below.WRONG:
            words.append(f"cause: {_quoted(self.cause)}")
        if self.issue:
            words.append(f"issue: {self.issue}")
        if self.platform:
            words.append(f"platform: {self.platform}")
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
            dies=it.dies,
            platform=it.platform or "",
        )
        for it in floors.rows
    }
    for key, lines in _seen(runs).items():
        row = _row(key, lines, rows.get(key), floors.lines)
        if row is not None:
            rows[key] = row
    at = floors.lines.index
    order = sorted(
        rows.values(), key=lambda it: (at(it.since), it.test, str(it.params), it.platform)
    )
    return tuple(sorted(order, key=lambda it: _scenario(it.test)))


def idle(runs: Iterable[Run | None], floors: Floors) -> tuple[Floor, ...]:
    """Return the floors of tests that no pair of a whole run has, and none was told to skip.

    None where that cannot be known: a pair has no result or ran only a part of its tests, or no
    daemon varies. A run of scenarios says nothing of other tests' floors, nor those of scenarios.
    """
    left, varies, ran, platforms = list(floors.rows), False, set[bool](), set[str | None]([None])
    for run in runs:
        if run is None or run.interrupted or not asks_for_all(run) or not came_to_end(run.legs):
            return ()
        varies |= run.pair.vary is Vary.DAEMON
        ran.add(run.pair.scenarios)
        platforms.add(run.pair.platform)
        known = known_names(run.legs)
        keys = [key_of_test(name, known) for name in {*known, *(it.name for it in run.judgements)}]
        skipped = " ".join(leg.skipped for leg in run.legs)
        left = [it for it in left if not _met(it, keys) and not _named(it, skipped)]
    about = (it for it in left if _scenario(it.test) in ran and it.platform in platforms)
    return tuple(about) if varies else ()


def _met(floor: Floor, keys: Iterable[TestKey]) -> bool:
    wanted = floor.params.items()
    return any(
        floor.test in {key.function, name_of(key)} and wanted <= dict(key.params).items()
        for key in keys
    )


def _named(floor: Floor, patterns: str) -> bool:
    function = re.escape(floor.test.partition("/")[0])
    return re.search(rf"\b{function}\b", patterns) is not None


def files(rows: Iterable[Row]) -> dict[str, str]:
    """Return the text of each file by its name."""
    return {
        name: "floors:\n" + "".join(map(str, found)) for name, found in groupby(rows, key=file_of)
    }


def file_of(floor: Floor | Row) -> str:
    """Return the file that a floor belongs into: that of its line, or the one of all scenarios."""
    return "scenarios.yaml" if _scenario(floor.test) else f"{floor.since}.yaml"


def _scenario(test: str) -> bool:
    return test.startswith(SCENARIO)


def _seen(runs: Iterable[Run]) -> dict[_Key, dict[str, Did]]:
    """Return what each test did on each line, the worst of it; on its own daemon's it passes."""
    found: dict[_Key, dict[str, Did]] = {}
    for run in runs:
        known = known_names(run.legs) if run.pair.vary is Vary.DAEMON else frozenset()
        platform = run.pair.platform if run.pair.platform != USUAL else ""
        for row in run.judgements if run.pair.vary is Vary.DAEMON else ():
            test = parsed(row.name, sandbox_name(row.name, known))
            params = tuple(pair for pair in test.params if pair != _EVERY)
            for daemon, it in seen(row, run.pair):
                lines = found.setdefault((name_of(test), params, platform), {})
                lines[daemon.line] = lines.get(daemon.line, it).worse(it)
    return found


def _row(key: _Key, on: dict[str, Did], old: Row | None, lines: tuple[str, ...]) -> Row | None:
    """Find the oldest line from which on nothing failed; between two that were seen, ask `old`.

    Of what the test does below, the worst is told; of what is alike, what the newest line does.
    What `old` says is worse stays, if any line is older: it was seen on one that is not among
    these. So do the lines whose daemon dies of what is wrong on others.

    None, for what there is to stay, where the test is not seen to pass above its last failure,
    and where it is seen to pass alone, from no other line on than `old` says.
    """
    failed = [at for at, line in enumerate(lines) if line in on and on[line].below]
    last = max(failed, default=-1)
    passed = [at for at, line in enumerate(lines) if line in on and at > last]
    if not passed:
        return None
    since = min(passed)
    if old and last < lines.index(old.since) < since:
        since = lines.index(old.since)
    if last < 0 and old and old.since == lines[since]:
        return None
    worst = reduce(Did.worse, (on[lines[at]] for at in reversed(failed)), PASSED)
    told = old if since else None
    before = Did(below=told.below) if told else PASSED
    worst = worst.worse(before)
    kept = told.cause if told and before.below is worst.below else ""
    dies = _dying(on, old, lines) if worst.below is Below.WRONG else set[str]()
    return Row(
        test=key[0],
        params=dict(key[1]),
        since=lines[since],
        below=worst.below,
        cause=kept or visible(worst.lacks),
        issue=told.issue if told else "",
        dies=tuple(it for it in lines[:since] if it in dies),
        platform=key[2],
    )


def _dying(on: dict[str, Did], old: Row | None, lines: tuple[str, ...]) -> set[str]:
    """Return the lines whose daemon dies of a test, and those of which `old` says so."""
    died = {line for line, it in on.items() if it.below is Below.CRASH}
    if old is None:
        return died
    if old.below is Below.CRASH:
        return died.union(it for it in lines[: lines.index(old.since)] if it not in on)
    return died.union(old.dies)


def _quoted(text: str) -> str:
    plain = _PLAIN.fullmatch(text) is not None and text not in {"true", "false", "null"}
    return text if plain else json.dumps(text)
