"""The causes of a stored run that are to be looked into: what fails alike on one daemon."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from harness.gotest.fingerprint import normalise
from harness.journal import cells
from harness.model import Leg, Pair, Run, Verdict
from harness.model.matrix import CellResult
from harness.reports.summary import side_error
from harness.verdict.collate import is_suite

Apart = tuple[str, ...]
"""All of a pair but its frontend's commit."""


@dataclass
class Cause:
    """Tests that this frontend broke in one way on one daemon, in whatever cells."""

    verdict: Verdict
    line: str
    """What the first of them said; empty for tests that were lost."""
    tests: dict[str, list[str]] = field(default_factory=dict)
    """Full names, by the ids of cells."""
    pairs: list[Pair] = field(default_factory=list)
    """Of these cells."""
    passes: list[str] = field(default_factory=list)
    """Frontends of the same run that the first of these tests passes with, on this daemon."""

    racy: bool = False
    """Whether the first of them passed in some attempts."""

    @property
    def tried(self) -> str:
        """The test that stands for all."""
        return next(iter(self.tests.values()))[0]

    @property
    def number(self) -> int:
        """How many tests there are, each counted in each cell."""
        return sum(map(len, self.tests.values()))


def causes(folder: Path) -> list[Cause]:
    """Read a stored run for what is the frontend's doing; the cause with most tests first.

    Raises UsageError for a run that is damaged.
    """
    found: dict[tuple[Apart, Verdict, str], Cause] = {}
    for row, run in _runs(folder):
        for judgement in run.judgements:
            # The suite's own parent is no test that could be run apart.
            if not judgement.verdict.blames_frontend or is_suite(judgement.name):
                continue
            line = side_error(judgement, Leg.CANDIDATE)
            key = apart(run.pair), judgement.verdict, normalise(line)
            racy = judgement.evidence is not None
            cause = found.setdefault(key, Cause(judgement.verdict, line, racy=racy))
            cause.tests.setdefault(row.id, []).append(judgement.name)
            if run.pair not in cause.pairs:
                cause.pairs.append(run.pair)
    _passes(folder, found)
    return sorted(found.values(), key=lambda it: -it.number)


def _runs(folder: Path) -> Iterator[tuple[CellResult, Run]]:
    """Return the cells that can be run again by their commits: not an engine's, nor others'."""
    return ((row, run) for row, run in cells(folder) if run and run.pair.repeatable)


def apart(pair: Pair) -> Apart:
    """Return what two pairs share that differ in their frontend's commit alone."""
    daemon, tested = pair.daemon, pair.tested
    return (
        *(daemon.commit.sha, tested.commit.sha, pair.frontend_channel),
        *(
            pair.control_frontend.commit.sha,
            pair.vary,
            pair.client_asked,
            pair.worker,
            pair.backend,
        ),
    )


def _passes(folder: Path, found: dict[tuple[Apart, Verdict, str], Cause]) -> None:
    """Note which frontends of the same run the tests that are tried pass with."""
    tried: defaultdict[tuple[Apart, str], list[Cause]] = defaultdict(list)
    for (pair, _, _), cause in found.items():
        tried[pair, cause.tried].append(cause)
    for _, run in _runs(folder):
        for judgement in run.judgements:
            if judgement.verdict.passes:
                for cause in tried.get((apart(run.pair), judgement.name), ()):
                    cause.passes.append(run.pair.frontend.sha)
