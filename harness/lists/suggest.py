"""Entries for skip lists, as far as a stored run and what is known of its culprits can write them.

What only a person knows is left empty, and an entry is refused until it is filled in.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from harness.bisect.causes import Cause, causes
from harness.config.skiplists import MAX_SIGNATURE, Signature
from harness.config.yamlfile import Complaint
from harness.gotest.fingerprint import normalise
from harness.journal import cells, read_culprits, read_matrix
from harness.model import Pair, Record, Verdict
from harness.model.culprits import Blame
from harness.reports.culprits import by_test
from harness.reports.text import visible
from harness.verdict.collate import key_of_test

_LONGEST = 160
"""Characters of a failure that are taken into a signature; what is escaped makes it longer."""
_LEFT_OUT = re.compile(r"<[a-z]+>")


class Suggestion(Record, frozen=True, kw_only=True):
    """An entry without a reason."""

    tests: tuple[str, ...]
    """Functions, or function/subtest."""
    params: dict[str, str]
    when: dict[str, dict[str, str] | str]
    """`contains` and `lacks` the commit that did it, else the versions that were seen."""
    signature: str
    """Empty if the failures have no words in common that can be searched for."""
    issue: str
    """The pull request that brought the commit in; empty if that is not known."""


def suggestions(folder: Path) -> list[Suggestion]:
    """Return an entry for each cause of a stored run and for what its tests have in common.

    What was lost has no failure to be known by, so there is none for that. Raises UsageError for
    a run that is damaged.
    """
    blames = by_test(read_culprits(folder, read_matrix(folder).id))
    asked = [it for it in causes(folder) if it.verdict is Verdict.REGRESSED]
    errors = _errors(folder, asked)
    return [it for cause in asked for it in _of(cause, blames, errors)]


def _errors(folder: Path, asked: Sequence[Cause]) -> dict[tuple[str, str], list[str]]:
    """Return what each of these tests said when it failed, by cell and name."""
    wanted = {(cell, name) for it in asked for cell, names in it.tests.items() for name in names}
    found: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for row, run in cells(folder):
        for judgement in run.judgements if run else ():
            if (row.id, judgement.name) in wanted:
                failed = (it.error for it in judgement.candidate if it.outcome.failing)
                found[row.id, judgement.name] += failed
    return found


def _of(
    cause: Cause,
    blames: Mapping[tuple[str, str], Blame],
    errors: Mapping[tuple[str, str], Sequence[str]],
) -> Iterator[Suggestion]:
    alike: defaultdict[tuple[tuple[str, str], ...], dict[str, None]] = defaultdict(dict)
    said: defaultdict[tuple[tuple[str, str], ...], list[str]] = defaultdict(list)
    for cell, names in cause.tests.items():
        for name in names:
            key = key_of_test(name, frozenset(names))
            alike[key.params][f"{key.function}/{key.subtest}".removesuffix("/")] = None
            said[key.params] += errors[cell, name]
    named = ((cell, name) for cell, names in cause.tests.items() for name in names)
    known = next((blames[one] for one in named if one in blames), None)
    suspects = known.suspects if known else ()
    sha = suspects[0].sha if len(suspects) == 1 else ""
    for params, tests in alike.items():
        yield Suggestion(
            tests=tuple(tests),
            params=dict(params),
            when=_since(sha) if sha else _seen(cause.pairs),
            signature=signature(cause.line, said[params]),
            issue=suspects[0].link if sha else "",
        )


def _since(sha: str) -> dict[str, dict[str, str] | str]:
    """Hold where the frontend has the commit and the tests are older."""
    return {"contains": {"frontend": sha}, "lacks": {"tests": sha}}


def _seen(pairs: Sequence[Pair]) -> dict[str, dict[str, str] | str]:
    """Hold for the version of the daemon that was seen, and frontends from the oldest one on."""
    pair = min(pairs, key=lambda it: [*map(int, it.frontend.version.split("."))])
    return {"daemon": f"=={pair.suite.version}", "frontend": f">={pair.frontend.version}"}


def signature(line: str, errors: Sequence[str]) -> str:
    """Return a regular expression for words that all failures have, or nothing.

    Tried are the line that says most of the first one, then its other lines, the longest first.
    """
    others = sorted(errors[0].split("\n") if errors else [], key=len, reverse=True)
    for words in (line, *others):
        pattern = _pattern(words)
        try:
            found = Signature(pattern) if pattern else None
        except Complaint:
            continue
        if found and all(map(found.found_in, errors)):
            return pattern
    return ""


def _pattern(words: str) -> str:
    """Return an expression for a line, without what changes from run to run."""
    kept = normalise(words)[:_LONGEST]
    parts = (re.sub(r"(\\ )+", r"\\s+", re.escape(it)) for it in _LEFT_OUT.split(kept))
    return r"\S*".join(parts).strip()[:MAX_SIGNATURE]


def as_yaml(found: Sequence[Suggestion]) -> str:
    """Return the entries as a skip list, with an empty reason each."""
    lines = ["entries:"] if found else ["entries: []"]
    for it in found:
        shown = [json.dumps(visible(test)) for test in it.tests]
        lines += ["  - test:", *(f"      - {test}" for test in shown)]
        if it.params:
            lines.append(f"    params: {json.dumps(it.params)}")
        lines += [
            "    when:",
            *(f"      {key}: {json.dumps(value)}" for key, value in it.when.items()),
        ]
        lines += [
            "    status: expected-failure",
            f"    signature: {_quoted(it.signature)}",
            '    reason: ""  # read the failure, and say why this is meant',
            f"    issue: {json.dumps(visible(it.issue))}",
        ]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """Write a text in single quotes, in which a backslash is one."""
    return "'" + visible(text).replace("'", "''") + "'"
