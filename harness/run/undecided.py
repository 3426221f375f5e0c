"""What is run again until it is decided, and in what company. Pure.

A test that fails now and then with the frontend under test alone may be a race of that frontend.
So it is tried until the evidence is enough or cannot become enough, by turns alone and with as
many others beside it as it had at first: a race may show in one of the two only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from harness.gotest.company import beside, neighbours, sandboxes
from harness.model import Evidence, Judgement, Leg, LegRun, Verdict
from harness.verdict.collate import known_names
from harness.verdict.evidence import open_to


@dataclass(frozen=True)
class Again:
    """One further attempt."""

    names: tuple[str, ...]
    alone: bool
    """One test at a time."""


def undecided(judged: Sequence[Judgement], further: int) -> list[Judgement]:
    """Return the tests that up to so many further attempts may decide."""
    return [
        row
        for row in judged
        if row.verdict is Verdict.FLAKY
        and row.evidence is not None
        and open_to(row.evidence.control, row.evidence.candidate, further)
    ]


def attempts(
    rows: Sequence[Judgement], judged: Sequence[Judgement], legs: Sequence[LegRun]
) -> list[Again]:
    """Return how these tests are run once more: one leg for those due alone, one for the others.

    Further attempts in the company of the first are at least as many as those in other company.
    """
    known = known_names(legs)
    first = next(leg for leg in legs if leg.leg is Leg.CANDIDATE and leg.main)
    names = sandboxes((row.name for row in rows), known)
    order = sandboxes((result.name for result in first.results), known)
    uneven = {row.name for row in judged if row.verdict is not Verdict.COMPATIBLE}
    eligible = set(order) - set(sandboxes(uneven, known))
    company = neighbours(names, order, eligible, first.parallel)
    had = min(beside(first, known) or 0, len(names) + len(company) - 1)
    due = [row.name for row in rows if had and row.evidence and _due_in_company(row.evidence, had)]
    alone = [row.name for row in rows if row.name not in due]
    found = [Again((*due, *company), alone=False)] if due else []
    return [*found, Again(tuple(alone), alone=True)] if alone else found


def _due_in_company(evidence: Evidence, had: int) -> bool:
    """Return whether no more of the further attempts had this company than had another."""
    further = evidence.candidate.attempts - 1
    same = sum(it.candidate.attempts for it in evidence.companies if it.beside >= had) - 1
    return same <= further - same
