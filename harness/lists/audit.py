"""What of the skip lists is stale: tests that were skipped or expected to fail, once they were run.

Each name in an entry is looked at for itself, over all pairs for which the entry holds. It is
needed if one of them shows the failure; what passes with all that tell is stale.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import chain

import click

from harness.config.skiplists import Entry, names_test
from harness.errors import ExitCode
from harness.gotest.names import TestKey
from harness.model import Judgement, Outcome, Record, Run, Status
from harness.reports.text import plural, visible
from harness.verdict.collate import key_of_test, known_names, matches

Told = Sequence[tuple[TestKey, Judgement]]
AUDITED = frozenset({Status.SKIP, Status.EXPECTED_FAILURE})


class Finding(StrEnum):
    """What came of one name in an entry."""

    NEEDED = "needed"
    PASSES = "passes"
    OTHERWISE = "fails otherwise"
    NOTHING = "does nothing"
    UNCLEAR = "cannot tell"

    @property
    def stale(self) -> bool:
        """Whether the entry is to be mended."""
        return self in {Finding.PASSES, Finding.OTHERWISE, Finding.NOTHING}


class Audited(Record, frozen=True, kw_only=True):
    """One name in an entry."""

    where: str
    """`skiplists/file.yaml:line`."""
    test: str
    """As the entry has it."""
    status: Status
    finding: Finding
    pairs: int
    """For which the entry holds."""


@dataclass
class Audit:
    """Collects what pairs show of the entries that hold for them."""

    _seen: dict[tuple[str, str], list[Finding]] = field(default_factory=dict)
    _status: dict[str, Status] = field(default_factory=dict)

    def add(self, entries: Iterable[Entry], told: Told | None) -> None:
        """Take what a pair did for which these entries hold; None if nothing came of it."""
        for entry in entries:
            self._status[entry.where] = entry.status
            for test in entry.test:
                found = Finding.UNCLEAR if told is None else _finding(entry, test, told)
                self._seen.setdefault((entry.where, test), []).append(found)

    def found(self) -> tuple[Audited, ...]:
        """Return what all pairs together say of each name."""
        return tuple(
            Audited(
                where=where,
                test=test,
                status=self._status[where],
                finding=_together(seen),
                pairs=len(seen),
            )
            for (where, test), seen in self._seen.items()
        )


def audited(entries: Iterable[Entry], worker: str) -> list[Entry]:
    """Return the entries that say `skip` or `expected-failure`, of those that hold for a pair."""
    return [it for it in entries if it.status in AUDITED and it.on_worker(worker)]


def functions(entries: Iterable[Entry], known: Iterable[str]) -> tuple[str, ...]:
    """Return the test functions that these entries name."""
    patterns = [test.partition("/")[0] for entry in entries for test in entry.test]
    return tuple(sorted(it for it in known if any(names_test(one, it, "") for one in patterns)))


def told(run: Run) -> Told:
    """Return what a run says of each test, by what its name is made of."""
    known = known_names(run.legs)
    return [(key_of_test(row.name, known), row) for row in run.judgements]


def _finding(entry: Entry, test: str, told: Told) -> Finding:
    named = [
        row
        for key, row in told
        if matches(entry, key) and names_test(test, key.function, key.subtest)
    ]
    return _together([_of(entry, row) for row in named])


def _of(entry: Entry, row: Judgement) -> Finding:
    failed = [it for it in (*row.candidate, *row.control) if it.outcome.failing]
    if any(it.reason and it.reason.spurious for it in failed):
        return Finding.UNCLEAR
    ours = [it for it in row.candidate if it.outcome.failing]
    if entry.status is Status.SKIP:
        failing = bool(failed)
        lost = any(it.outcome is Outcome.MISSING for it in row.candidate)
        return Finding.NEEDED if failing or lost else _passing(row)
    if not ours:
        return _passing(row)
    named = entry.signature is None or all(entry.signature.found_in(it.error) for it in ours)
    return Finding.NEEDED if named else Finding.OTHERWISE


def _passing(row: Judgement) -> Finding:
    passed = row.candidate and all(it.outcome is Outcome.PASS for it in row.candidate)
    return Finding.PASSES if passed else Finding.UNCLEAR


def _together(seen: Sequence[Finding]) -> Finding:
    """Return what several say: that one needs the entry, or cannot tell, is enough."""
    order = (Finding.NEEDED, Finding.UNCLEAR, Finding.OTHERWISE, Finding.PASSES)
    return next((one for one in order if one in seen), Finding.NOTHING)


def exit_code(found: Iterable[Audited]) -> ExitCode:
    """Return 2 if a name is stale, else 3 if one cannot tell, else 0."""
    findings = {it.finding for it in found}
    if any(it.stale for it in findings):
        return ExitCode.USAGE
    return ExitCode.INDETERMINATE if Finding.UNCLEAR in findings else ExitCode.COMPATIBLE


def render(found: Sequence[Audited], *, color: bool = False) -> str:
    """Return what was found as text, whose last line ends with a newline."""
    hints: Mapping[Finding, str] = {
        Finding.PASSES: "remove it, or narrow `when` to what still fails",
        Finding.OTHERWISE: "read the failure: mend the signature, or remove the entry",
        Finding.NOTHING: "no pair has such a test: mend the name, or remove it",
        Finding.UNCLEAR: "the machine, or the control, kept it from being told",
    }
    lines = list(
        chain.from_iterable(
            (
                visible(f"{it.where}: {it.test} ({it.status}): {it.finding}"),
                f"  hint: {hints[it.finding]}",
            )
            for it in found
            if it.finding in hints
        )
    )
    stale = sum(it.finding.stale for it in found)
    says = f"{stale} of {plural(len(found), 'name')} stale" if stale else "nothing is stale"
    lines.append(click.style(says, fg="red" if stale else "green", bold=True))
    text = "\n".join(lines) + "\n"
    return text if color else click.unstyle(text)
