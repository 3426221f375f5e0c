"""A flaky entry excuses up to its budget, and four failures in a row are no flake."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from harness.config.skiplists import Entry, Signature
from harness.model import Reason, Recent, Status, Tally, Verdict
from harness.verdict.table import flake_rate, judge, tally
from tests.support.attempts import ENTRIES, MISSING, NEW, OLD, PASS, SKIP, entry, failing


def flaky(budget: float | None) -> Entry:
    return replace(entry(Status.FLAKY), budget=budget)


@pytest.mark.parametrize("side", ["control", "candidate"])
@pytest.mark.parametrize(
    ("budget", "failed", "attempts", "verdict"),
    [
        (None, 9, 10, Verdict.KNOWN),
        (0.25, 1, 2, Verdict.KNOWN),
        (0.25, 2, 3, Verdict.FLAKY),
        (0.25, 2, 8, Verdict.KNOWN),
        (0.25, 3, 8, Verdict.FLAKY),
        (0, 1, 3, Verdict.KNOWN),
        (0, 2, 3, Verdict.FLAKY),
    ],
)
def test_a_flaky_entry_excuses_up_to_its_budget(
    side: str, budget: float | None, failed: int, attempts: int, verdict: Verdict
) -> None:
    mixed = (*[NEW] * failed, *[PASS] * (attempts - failed))
    control, candidate = ((PASS,), mixed) if side == "candidate" else (mixed, (PASS,))
    assert judge(control, candidate, flaky(budget)) is verdict
    assert flake_rate(mixed) == (failed, attempts)


def test_four_failures_in_a_row_are_broken_and_no_flake() -> None:
    once = (NEW, PASS)
    assert judge((PASS,), (*once, NEW, NEW, NEW), None) is Verdict.FLAKY
    assert judge((PASS,), (*once, NEW, NEW, NEW, NEW), None) is Verdict.REGRESSED
    assert judge((PASS,), (*once, NEW, NEW, NEW, NEW), flaky(None)) is Verdict.REGRESSED
    assert judge((PASS,), (*once, NEW, NEW, NEW, NEW), ENTRIES["signature"]) is Verdict.KNOWN
    assert judge((*once, OLD, OLD, OLD, OLD), (OLD,), None) is Verdict.SAME_FAILURE
    assert judge((PASS,), (*once, NEW, NEW, NEW, NEW, PASS), None) is Verdict.FLAKY


def recent(failed: int, attempts: int, *, failing: int = 0) -> Recent:
    """Say the same of both sides in ten runs."""
    told = Tally(failed=failed, attempts=attempts)
    return Recent(
        runs=10, since="2026-11-01T03:17:00Z", control=told, candidate=told, failing=failing
    )


@pytest.mark.parametrize("side", ["control", "candidate"])
@pytest.mark.parametrize(
    ("before", "failed", "verdict"),
    [
        (None, 1, Verdict.KNOWN),
        (recent(1, 12), 1, Verdict.KNOWN),
        (recent(4, 12), 1, Verdict.FLAKY),
        (None, 2, Verdict.FLAKY),
        (recent(0, 10), 2, Verdict.KNOWN),
        (recent(3, 10), 2, Verdict.FLAKY),
    ],
)
def test_a_budget_is_counted_over_recent_runs_and_this_one(
    side: str, before: Recent | None, failed: int, verdict: Verdict
) -> None:
    mixed = (*[NEW] * failed, *[PASS] * (3 - failed))
    control, candidate = ((PASS,), mixed) if side == "candidate" else (mixed, (PASS,))
    assert judge(control, candidate, flaky(0.25), before) is verdict
    assert judge(control, candidate, None, before) is Verdict.FLAKY


def test_a_flaky_entry_with_a_signature_excuses_that_failure_alone() -> None:
    known = entry(Status.FLAKY, "new way")
    assert judge((PASS,), (NEW, PASS), known) is Verdict.KNOWN
    assert judge((PASS,), (OLD, PASS), known) is Verdict.FLAKY
    assert judge((PASS,), (NEW, OLD, PASS), known) is Verdict.FLAKY
    assert judge((OLD, PASS), (PASS,), known) is Verdict.FLAKY


NAMED = replace(entry(Status.FLAKY, "new way"), budget=0.25)


@pytest.mark.parametrize(
    ("known", "before", "verdict"),
    [
        (NAMED, recent(0, 10), Verdict.KNOWN),
        (NAMED, recent(1, 10, failing=1), Verdict.REGRESSED),
        (NAMED, recent(1, 16, failing=1), Verdict.KNOWN),
        (NAMED, recent(3, 40, failing=2), Verdict.KNOWN),
        (NAMED, recent(3, 40, failing=3), Verdict.REGRESSED),
        (NAMED, None, Verdict.REGRESSED),
        (replace(NAMED, budget=None), recent(0, 10), Verdict.REGRESSED),
        (replace(NAMED, signature=None), recent(0, 10), Verdict.REGRESSED),
        (replace(NAMED, signature=Signature("old way")), recent(0, 10), Verdict.REGRESSED),
        (ENTRIES["signature"], recent(9, 9, failing=9), Verdict.KNOWN),
        (None, recent(0, 10), Verdict.REGRESSED),
    ],
)
def test_a_test_that_only_failed_has_flaked_if_an_entry_names_that_and_its_budget_holds(
    known: Entry | None, before: Recent | None, verdict: Verdict
) -> None:
    assert judge((PASS,), (NEW, NEW, NEW), known, before) is verdict


def test_what_a_side_did_is_counted_without_what_says_nothing() -> None:
    silent = failing("no such host", Reason.NETWORK)
    assert tally((PASS, NEW, silent, MISSING)) == Tally(failed=1, attempts=2)
    assert tally((PASS, SKIP)) == Tally(failed=1, attempts=2)
    assert tally((SKIP, silent)) == tally(()) == Tally(failed=0, attempts=0)


def test_attempts_that_say_nothing_are_neither_in_the_row_nor_in_the_rate() -> None:
    silent = failing("no such host", Reason.NETWORK)
    row = (PASS, NEW, NEW, silent, NEW, NEW)
    assert judge((PASS,), row, None) is Verdict.REGRESSED
    assert flake_rate((PASS, silent, NEW)) == (1, 2)
    assert flake_rate((silent, PASS)) is None
    assert flake_rate(row) is None
