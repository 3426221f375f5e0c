"""What the verdicts of tests come to: that of a pair, and of a matrix. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from harness.errors import ExitCode
from harness.model import Judgement, Outcome, Result, Verdict
from harness.verdict.table import telling_part

MIN_EXECUTED = 0.5
"""Least share of a pair's tests that were to run which must have run to an end on both sides."""


def of_pair(judgements: Iterable[Judgement]) -> Verdict:
    """Return a pair's verdict: the worst of its tests', or indeterminate if too little ran."""
    rows = list(judgements)
    worst = _worst((row.verdict for row in rows), Verdict.COMPATIBLE)
    told = worst.blames_frontend or worst.says_nothing or _enough(rows)
    return worst if told else Verdict.INDETERMINATE


def of_matrix(cells: Iterable[Verdict]) -> Verdict:
    """Return a matrix's verdict: the worst of its cells', or indeterminate if it has none.

    Cells that cannot be run here have no say where others ran.
    """
    found = list(cells)
    nothing = Verdict.UNAVAILABLE if Verdict.UNAVAILABLE in found else Verdict.INDETERMINATE
    return _worst(found, nothing)


def exit_code_of(overall: Verdict, codes: Iterable[int]) -> ExitCode:
    """Return the exit code of a matrix with this verdict; `codes` are those of its cells.

    A cell that a registry's limited rate left out of a run with network has no say in the verdict.
    """
    left_out = ExitCode.INFRASTRUCTURE in codes and not overall.blames_frontend
    return ExitCode.INFRASTRUCTURE if left_out else overall.exit_code


def _worst(verdicts: Iterable[Verdict], otherwise: Verdict) -> Verdict:
    found = (verdict for verdict in verdicts if verdict.of_pairs)
    return min(found, key=lambda it: it.weight, default=otherwise)


def _enough(rows: Sequence[Judgement]) -> bool:
    """Return whether enough ran to vouch for a pair, and anything at all worked on the old side."""
    wanted = [row for row in rows if row.verdict.ran]
    sides = [
        (telling_part(row.control or row.candidate), telling_part(row.candidate)) for row in wanted
    ]
    executed = sum(all(map(_executed, side)) for side in sides)
    passed = (before and all(it.outcome is Outcome.PASS for it in before) for before, _ in sides)
    return any(passed) and executed >= MIN_EXECUTED * len(wanted)


def _executed(results: Sequence[Result]) -> bool:
    return any(it.outcome is Outcome.PASS or it.outcome.failing for it in results)
