"""From a stored run and a policy to a clean gate, or to the reasons why it is not; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from fnmatch import fnmatchcase

from msgspec.structs import replace

from harness.config.policy import Policy, Stance
from harness.model import EntryRef, Run, Verdict
from harness.model.matrix import CellResult, CellState, MatrixRun
from harness.reports.text import one_line, plural, visible
from harness.stored.gate.cell import Again, Cell
from harness.stored.gate.findings import Finding, Gate, Kind, Release

_REASON = 400


@dataclass(frozen=True)
class Results:
    """A stored run: what is known of all of it, and its cells one at a time."""

    matrix: MatrixRun
    cells: Iterable[tuple[CellResult, Run | None]]
    again: Again
    """The command that runs a cell once more, by its id."""


def evaluate(
    policy: Policy, results: Results, now: datetime, releases: tuple[Release, ...] = ()
) -> Gate:
    """Hold a stored run against a policy at a time.

    `now` has a zone. With `releases`, the cells must have tested those commits.
    """
    return _Evaluation(policy, results, now, releases).of(results.cells)


class _Evaluation:
    def __init__(
        self, policy: Policy, results: Results, now: datetime, releases: tuple[Release, ...]
    ) -> None:
        matrix = results.matrix
        self._policy = policy
        self._matrix = matrix
        self._again = results.again
        self._now = now
        self._releases = releases
        self._pairs = {cell.id: cell.pair for cell in matrix.plan.cells}
        self._unmatched: dict[str, tuple[EntryRef, int]] = {}
        self._matched: set[str] = set()
        self._tests: Counter[Verdict] = Counter()
        self._done: dict[str, str] = {}
        self._tested: set[str] = set()
        self._platforms: set[str] = set()

    def of(self, cells: Iterable[tuple[CellResult, Run | None]]) -> Gate:
        seen = set()
        found: list[Finding] = []
        for result, run in cells:
            seen.add(result.id)
            found += self._cell(result, run)
        for planned in self._matrix.plan.cells:
            if planned.id not in seen:
                found += self._cell(_absent(planned.id), None)
        found += [*self._whole(), *self._entries()]
        found = self._budgeted(found)
        order = list(Kind)
        return Gate(
            run=self._matrix.id,
            matrix=self._matrix.plan.matrix,
            checked=self._now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            releases=self._releases,
            cells=len(self._matrix.plan.cells),
            results=len(self._done),
            oldest=min(self._done.values(), default=""),
            tests=dict(self._tests),
            findings=tuple(sorted(found, key=lambda it: order.index(it.kind))),
        )

    def _cell(self, result: CellResult, run: Run | None) -> list[Finding]:
        cell = Cell(self._again, self._pairs[result.id], result, run)
        if cell.done:
            self._done[result.id] = cell.started
            self._tested |= {cell.pair.suite.sha, cell.pair.frontend.sha}
        if run is not None:
            if cell.done and not run.lacks:
                self._platforms.add(cell.pair.platform)
            self._tests.update(row.verdict for row in run.judgements)
            self._matched |= {row.entry.where for row in run.judgements if row.entry}
            for entry in run.unmatched:
                _, cells = self._unmatched.get(entry.where, (entry, 0))
                self._unmatched[entry.where] = (entry, cells + 1)
        return cell.findings(self._policy, self._now, self._releases)

    def _whole(self) -> Iterator[Finding]:
        """Find what concerns no single cell."""
        if not self._tests:
            yield _refused(Kind.NOTHING_RAN, "no test of this run came to a verdict")
        for release in self._releases:
            if not any(map(release.is_commit, self._tested)):
                yield _refused(
                    Kind.NOT_TESTED,
                    "no cell with a result has tested {name} ({sha})",
                    name=visible(release.name),
                    sha=release.sha[:7],
                )
        for glob in self._policy.require:
            if not any(fnmatchcase(cell, glob) for cell in self._done):
                says = "the policy requires {glob}, and no cell with a result is like that"
                yield _refused(Kind.REQUIRED, says, glob=glob)
        for platform in self._policy.platforms:
            if platform not in self._platforms:
                says = "the policy requires {platform}, and no cell was run on it"
                yield _refused(Kind.REQUIRED, says, platform=platform)

    def _entries(self) -> Iterator[Finding]:
        """Find entries that hold for some cells and matched no test in any."""
        for where, (entry, cells) in self._unmatched.items():
            if where not in self._matched:
                yield Finding(
                    kind=Kind.UNMATCHED_ENTRY,
                    refused=self._policy.stale_entries is Stance.REFUSE,
                    says="{entry} holds for {cells} and matched no test: {reason}",
                    words={
                        "entry": visible(where),
                        "cells": plural(cells, "cell"),
                        "reason": one_line(entry.reason, _REASON),
                    },
                    entry=entry,
                )

    def _budgeted(self, found: list[Finding]) -> list[Finding]:
        """Refuse flaky tests if there are more than the policy allows."""
        flaky = sum(it.kind is Kind.FLAKY for it in found)
        if flaky <= self._policy.flaky_budget:
            return found
        return [replace(it, refused=True) if it.kind is Kind.FLAKY else it for it in found]


def _absent(cell: str) -> CellResult:
    """Stand in for a cell that was planned and is not in the run at all."""
    return CellResult(id=cell, state=CellState.MISSING, verdict=Verdict.INDETERMINATE, exit_code=3)


def _refused(kind: Kind, says: str, **words: str) -> Finding:
    return Finding(kind=kind, refused=True, says=says, words=words)
