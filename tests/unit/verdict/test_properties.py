"""What holds of verdicts for every combination of attempts and entries."""

from __future__ import annotations

from itertools import permutations, product

from hypothesis import given
from hypothesis import strategies as st

from harness.config.skiplists import Entry
from harness.model import Outcome, Reason, Result, Verdict
from harness.verdict.table import judge
from tests.support.attempts import ENTRIES, PASS, SPURIOUS, result

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
    excused = {Verdict.UNAVAILABLE, Verdict.KNOWN, Verdict.STALE_ENTRY}
    for known in RUN:
        verdict = judge(control, candidate, known)
        assert verdict is without or verdict in excused


@given(st.lists(silent, min_size=1), st.booleans(), entries)
def test_attempts_that_say_nothing_are_no_flake(
    candidate: list[Result],
    controlled: bool,  # noqa: FBT001 - drawn, not passed
    known: Entry | None,
) -> None:
    verdict = judge([PASS] if controlled else [], candidate, known)
    told = {Verdict.LOST, Verdict.INFRA, Verdict.REGRESSED, Verdict.KNOWN, Verdict.UNAVAILABLE}
    assert verdict in (told if controlled else told | {Verdict.INDETERMINATE})
