"""The table of verdicts: every row, every combination, and what may never change one."""

from __future__ import annotations

from itertools import permutations, product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from harness.config.skiplists import Entry, Signature
from harness.config.yamlfile import Place
from harness.errors import ExitCode
from harness.model import Judgement, Outcome, Reason, Recent, Result, Status, Tally, Verdict
from harness.verdict import (
    MIN_EXECUTED,
    UNEXPECTED,
    WORST_FIRST,
    exit_code,
    flake_rate,
    judge,
    overall,
    tally,
)

NAME = "TestIntegration/TestCopy/worker=oci/frontend=gateway"


def result(outcome: Outcome, reason: Reason | None = None, error: str = "") -> Result:
    """Make a result whose fingerprint is its error."""
    fingerprint = error if outcome.failing else ""
    return Result(name=NAME, outcome=outcome, reason=reason, error=error, fingerprint=fingerprint)


def failing(error: str, reason: Reason = Reason.ASSERTION) -> Result:
    return result(Outcome.FAIL, reason, error)


def entry(status: Status, signature: str = "") -> Entry:
    return Entry(
        place=Place("skiplists/x.yaml", 3, 5),
        test=("TestCopy",),
        status=status,
        reason="a test",
        issue="https://example.com/1",
        signature=Signature(signature) if signature else None,
    )


PASS = result(Outcome.PASS)
SKIP = result(Outcome.SKIP)
MISSING = result(Outcome.MISSING)
OLD = failing("the old way")
NEW = failing("the new way")

SIDES: dict[str, tuple[Result, ...]] = {
    "none": (),
    "pass": (PASS, PASS),
    "old": (OLD,),
    "new": (NEW,),
    "skip": (SKIP,),
    "missing": (MISSING,),
    "mixed": (PASS, NEW),
}
ENTRIES = {
    "no-entry": None,
    "signature": entry(Status.EXPECTED_FAILURE, "new way"),
    "other": entry(Status.EXPECTED_FAILURE, "another way"),
    "flaky": entry(Status.FLAKY),
    "skip": entry(Status.SKIP),
}
COLUMNS = ("no-entry", "signature", "other", "flaky", "skip")

TABLE = """
    control candidate   no entry         signature        other            flaky            skip

    none    pass        compatible       stale-entry      stale-entry      compatible       skipped
    none    new         regressed        known            regressed        regressed        skipped
    none    skip        skipped          skipped          skipped          skipped          skipped
    none    missing     indeterminate    indeterminate    indeterminate    indeterminate    skipped
    none    mixed       flaky            flaky            flaky            known            skipped

    pass    pass        compatible       stale-entry      stale-entry      compatible       skipped
    pass    new         regressed        known            regressed        regressed        skipped
    pass    skip        lost             lost             lost             lost             skipped
    pass    missing     lost             lost             lost             lost             skipped
    pass    mixed       flaky            flaky            flaky            known            skipped

    old     pass        fixed            stale-entry      stale-entry      fixed            skipped
    old     old         same-failure     same-failure     same-failure     same-failure     skipped
    old     new         changed-failure  known            changed-failure  changed-failure  skipped
    new     new         same-failure     same-failure     same-failure     same-failure     skipped
    old     skip        changed-failure  changed-failure  changed-failure  changed-failure  skipped
    old     missing     lost             lost             lost             lost             skipped
    old     mixed       flaky            flaky            flaky            known            skipped

    skip    pass        compatible       stale-entry      stale-entry      compatible       skipped
    skip    new         changed-failure  known            changed-failure  changed-failure  skipped
    skip    skip        skipped          skipped          skipped          skipped          skipped
    skip    missing     indeterminate    indeterminate    indeterminate    indeterminate    skipped
    skip    mixed       flaky            flaky            flaky            known            skipped

    missing pass        compatible       stale-entry      stale-entry      compatible       skipped
    missing new         changed-failure  known            changed-failure  changed-failure  skipped
    missing skip        skipped          skipped          skipped          skipped          skipped
    missing missing     indeterminate    indeterminate    indeterminate    indeterminate    skipped
    missing mixed       flaky            flaky            flaky            known            skipped

    mixed   pass        flaky            flaky            flaky            known            skipped
    mixed   new         flaky            flaky            flaky            known            skipped
    mixed   skip        flaky            flaky            flaky            known            skipped
    mixed   missing     flaky            flaky            flaky            known            skipped
    mixed   mixed       flaky            flaky            flaky            known            skipped
"""
"""`=`: as without an entry. `old` and `new` are two failures that differ."""

ROWS = [line.split() for line in TABLE.strip().splitlines()[1:] if line.strip()]


@pytest.mark.parametrize("cells", ROWS, ids="{0[0]}-{0[1]}".format)
def test_the_table(cells: list[str]) -> None:
    control, candidate, *verdicts = cells
    expected = [verdicts[0] if verdict == "=" else verdict for verdict in verdicts]
    found = [judge(SIDES[control], SIDES[candidate], ENTRIES[column]) for column in COLUMNS]
    assert found == expected


def test_the_table_leaves_no_combination_of_the_words_out() -> None:
    candidates = {"pass", "new", "skip", "missing", "mixed"}
    wanted = {*product({"none", "pass", "old", "skip", "missing", "mixed"}, candidates)}
    assert wanted <= {(control, candidate) for control, candidate, *_ in ROWS}


SPURIOUS = [reason for reason in Reason if reason.spurious]
MOMENTARY = [reason for reason in Reason if reason.momentary]


@pytest.mark.parametrize("reason", SPURIOUS)
@pytest.mark.parametrize("outcome", [Outcome.FAIL, Outcome.HANG, Outcome.CRASH])
def test_a_failure_of_the_machine_is_infra_unless_both_sides_fail_alike_or_it_is_known(
    outcome: Outcome, reason: Reason
) -> None:
    broken = (result(outcome, reason, "the new way"),)
    for control in ((), (PASS,), (OLD,), (SKIP,), (MISSING,)):
        assert judge(control, broken, None) is Verdict.INFRA
        assert judge(control, broken, ENTRIES["other"]) is Verdict.INFRA
        assert judge(control, broken, ENTRIES["signature"]) is Verdict.KNOWN
    alike = Verdict.INFRA if reason.momentary else Verdict.SAME_FAILURE
    assert judge(broken, broken, None) is alike


def test_what_somebody_will_mend_is_spurious() -> None:
    assert set(MOMENTARY) < set(SPURIOUS)


@pytest.mark.parametrize("reason", MOMENTARY)
@pytest.mark.parametrize("control", [(), (PASS,), (OLD,), (SKIP,), (MISSING,)])
def test_what_the_machine_kept_from_running_is_not_lost(
    control: tuple[Result, ...], reason: Reason
) -> None:
    kept = result(Outcome.MISSING, reason)
    assert judge(control, (kept,), None) is Verdict.INFRA
    assert judge(control, (kept, MISSING), None) is Verdict.INFRA
    assert judge((PASS,), (kept, PASS), None) is Verdict.COMPATIBLE
    assert judge((PASS,), (kept, NEW), None) is Verdict.REGRESSED


@pytest.mark.parametrize("reason", SPURIOUS)
def test_a_control_that_the_machine_failed_excuses_no_failure_and_blames_none(
    reason: Reason,
) -> None:
    broken = (failing("no route to host", reason),)
    assert judge(broken, (NEW,), None) is Verdict.INFRA
    assert judge(broken, (NEW,), ENTRIES["signature"]) is Verdict.KNOWN
    assert judge(broken, (PASS,), None) is Verdict.COMPATIBLE
    assert judge(broken, (SKIP,), None) is Verdict.CHANGED_FAILURE
    assert judge(broken, (MISSING,), None) is Verdict.LOST


def test_a_failure_that_both_sides_had_in_any_attempt_is_the_same() -> None:
    assert judge((OLD, NEW), (NEW,), None) is Verdict.SAME_FAILURE
    assert judge((OLD,), (NEW, OLD), None) is Verdict.SAME_FAILURE


def test_an_entry_explains_only_if_its_signature_is_in_every_attempt() -> None:
    assert judge((PASS,), (NEW, NEW), ENTRIES["signature"]) is Verdict.KNOWN
    assert judge((PASS,), (NEW, OLD), ENTRIES["signature"]) is Verdict.REGRESSED


def test_an_attempt_that_ended_under_the_test_is_set_aside_for_one_that_says_something() -> None:
    incomplete = result(Outcome.CRASH, Reason.INCOMPLETE, "did not end")
    assert judge((PASS,), (incomplete, PASS), None) is Verdict.COMPATIBLE
    assert judge((PASS,), (incomplete, NEW), None) is Verdict.REGRESSED
    assert judge((PASS,), (incomplete,), None) is Verdict.REGRESSED


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


outcomes = st.sampled_from(list(Outcome))
reasons = st.none() | st.sampled_from(list(Reason))
results = st.builds(result, outcomes, reasons, st.sampled_from(["", "the old way", "the new way"]))
attempts = st.lists(results, max_size=4).map(tuple)
RUN = [known for name, known in ENTRIES.items() if name != "skip"]
"""A test with the other entry is not run."""
entries = st.sampled_from(RUN)


@given(attempts, attempts, entries)
def test_every_combination_has_a_verdict(
    control: tuple[Result, ...], candidate: tuple[Result, ...], known: Entry | None
) -> None:
    assert judge(control, candidate, known) in set(Verdict)


def test_every_pair_of_outcomes_and_reasons_has_a_verdict() -> None:
    every = [result(o, r, "x") for o, r in product(Outcome, (None, *Reason))]
    for control, candidate, known in product([None, *every], every, ENTRIES.values()):
        assert isinstance(judge([control] if control else [], [candidate], known), Verdict)


@given(attempts, attempts, entries)
def test_the_order_of_attempts_does_not_matter(
    control: tuple[Result, ...], candidate: tuple[Result, ...], known: Entry | None
) -> None:
    verdicts = {
        judge(ours, theirs, known)
        for ours in permutations(control)
        for theirs in permutations(candidate)
    }
    assert len(verdicts) == 1


telling = st.builds(
    result,
    st.sampled_from([Outcome.PASS, Outcome.SKIP, Outcome.FAIL, Outcome.HANG, Outcome.CRASH]),
    st.sampled_from([r for r in Reason if not r.spurious and r is not Reason.INCOMPLETE]),
    st.sampled_from(["the old way", "the new way"]),
)
silent = st.builds(result, st.just(Outcome.MISSING)) | st.builds(
    result,
    st.sampled_from([Outcome.FAIL, Outcome.HANG, Outcome.CRASH]),
    st.sampled_from([*SPURIOUS, Reason.INCOMPLETE]),
    st.text(max_size=5),
)


@given(st.lists(telling, min_size=1), st.lists(telling, min_size=1), silent, entries)
def test_an_attempt_that_says_nothing_changes_no_verdict_that_others_gave(
    control: list[Result], candidate: list[Result], nothing: Result, known: Entry | None
) -> None:
    verdict = judge(control, candidate, known)
    assert judge([*control, nothing], candidate, known) is verdict
    assert judge(control, [*candidate, nothing], known) is verdict


@given(attempts, entries)
def test_a_candidate_that_does_as_the_control_did_is_never_blamed(
    same: tuple[Result, ...], known: Entry | None
) -> None:
    verdict = judge(same, same, known)
    if any(r.outcome is not Outcome.MISSING for r in same):
        assert verdict not in {Verdict.REGRESSED, Verdict.CHANGED_FAILURE}
        mended = any(r.reason is not None and r.reason.momentary for r in same)
        assert mended or verdict is not Verdict.INFRA


@given(attempts, attempts)
def test_an_entry_never_makes_a_verdict_worse_than_stale(
    control: tuple[Result, ...], candidate: tuple[Result, ...]
) -> None:
    without = judge(control, candidate, None)
    for known in RUN:
        verdict = judge(control, candidate, known)
        assert verdict is without or verdict in {Verdict.KNOWN, Verdict.STALE_ENTRY}


@given(st.lists(silent, min_size=1), st.booleans(), entries)
def test_attempts_that_say_nothing_are_no_flake(
    candidate: list[Result],
    controlled: bool,  # noqa: FBT001 - drawn, not passed
    known: Entry | None,
) -> None:
    verdict = judge([PASS] if controlled else [], candidate, known)
    told = {Verdict.LOST, Verdict.INFRA, Verdict.REGRESSED, Verdict.KNOWN}
    assert verdict in (told if controlled else told | {Verdict.INDETERMINATE})


def row(
    verdict: Verdict, control: tuple[Result, ...] = (PASS,), candidate: Result = PASS
) -> Judgement:
    return Judgement(name=NAME, verdict=verdict, control=control, candidate=(candidate,))


COMPATIBLE = row(Verdict.COMPATIBLE)
rows = st.sampled_from([row(v) for v in Verdict if v is not Verdict.INDETERMINATE])


@pytest.mark.parametrize("verdict", WORST_FIRST)
def test_a_pair_is_as_bad_as_its_worst_test(verdict: Verdict) -> None:
    better = WORST_FIRST[WORST_FIRST.index(verdict) :]
    assert overall([*map(row, better), COMPATIBLE]) is verdict


@pytest.mark.parametrize("verdict", [Verdict.SKIPPED, Verdict.FIXED, Verdict.SAME_FAILURE])
def test_what_is_nobodys_fault_taints_no_pair(verdict: Verdict) -> None:
    assert overall([row(verdict), COMPATIBLE]) is Verdict.COMPATIBLE


def badness(verdict: Verdict) -> int:
    return -WORST_FIRST.index(verdict)


@given(st.lists(rows, min_size=1), rows)
def test_one_test_more_never_makes_a_pair_that_ran_better(
    rows: list[Judgement], more: Judgement
) -> None:
    # Every side passed in every row, so there is always enough to judge by.
    ran = [COMPATIBLE, *rows]
    assert badness(overall([*ran, more])) >= badness(overall(ran))


@given(st.lists(rows))
def test_the_order_of_tests_does_not_matter(rows: list[Judgement]) -> None:
    assert overall(rows) is overall(rows[::-1])


def test_nothing_run_is_not_success() -> None:
    assert overall([]) is Verdict.INDETERMINATE
    assert overall([row(Verdict.SKIPPED, (SKIP,), SKIP)] * 9) is Verdict.INDETERMINATE


def test_too_little_run_is_not_success_either() -> None:
    absent = row(Verdict.COMPATIBLE, (MISSING,))
    share = int(1 / MIN_EXECUTED)
    assert overall([COMPATIBLE] + [absent] * (share - 1)) is Verdict.COMPATIBLE
    assert overall([COMPATIBLE] + [absent] * share) is Verdict.INDETERMINATE


def test_a_pair_of_which_nothing_passes_is_not_vouched_for() -> None:
    both = row(Verdict.SAME_FAILURE, (OLD,), OLD)
    assert overall([both] * 9) is Verdict.INDETERMINATE
    assert overall([both] * 9 + [COMPATIBLE]) is Verdict.COMPATIBLE


def test_a_regression_is_told_however_little_ran() -> None:
    absent = row(Verdict.LOST, (PASS,), MISSING)
    assert overall([absent] * 9) is Verdict.LOST
    assert overall([row(Verdict.REGRESSED, (), NEW)]) is Verdict.REGRESSED


def test_without_a_control_the_candidate_itself_has_to_have_run() -> None:
    assert overall([row(Verdict.COMPATIBLE, ())]) is Verdict.COMPATIBLE
    assert overall([row(Verdict.KNOWN, (), NEW)]) is Verdict.INDETERMINATE


@pytest.mark.parametrize("verdict", list(Verdict))
def test_every_verdict_has_its_exit_code(verdict: Verdict) -> None:
    codes = {
        Verdict.REGRESSED: ExitCode.REGRESSION,
        Verdict.LOST: ExitCode.REGRESSION,
        Verdict.INFRA: ExitCode.INFRASTRUCTURE,
        Verdict.INDETERMINATE: ExitCode.INDETERMINATE,
    }
    assert exit_code(verdict) is codes.get(verdict, ExitCode.COMPATIBLE)


def test_what_is_rerun_is_what_surprises() -> None:
    assert UNEXPECTED.isdisjoint(
        {Verdict.COMPATIBLE, Verdict.KNOWN, Verdict.SAME_FAILURE, Verdict.SKIPPED, Verdict.FLAKY}
    )
    assert {Verdict.REGRESSED, Verdict.LOST, Verdict.INFRA} < UNEXPECTED
