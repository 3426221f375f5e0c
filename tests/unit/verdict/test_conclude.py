"""What a pair comes to: which tests are judged, how it ends, and what to run again."""

from __future__ import annotations

from dataclasses import replace

import pytest
from msgspec.structs import replace as changed

from harness.config.skiplists import Entry
from harness.errors import ExitCode
from harness.model import EntryRef, Leg, LegRun, Outcome, Reason, Result, Status, Verdict
from harness.verdict.conclude import Asked, Conclusion, conclude
from tests.support.factories import full_name, leg_run, result
from tests.support.played import entry

COMMAND = ("compat-run", "v0.1", "master")
ASKED = Asked(command=COMMAND, sides=tuple(Leg), whole=True, worker="oci")
COPY, RUN = full_name("TestCopy"), full_name("TestRun")
INFRA = Result(name=RUN, outcome=Outcome.MISSING, reason=Reason.INCOMPLETE)


def legs(control: tuple[Result, ...], candidate: tuple[Result, ...]) -> list[LegRun]:
    return [leg_run(Leg.CONTROL, control), leg_run(Leg.CANDIDATE, candidate)]


def concluded(
    control: tuple[Result, ...],
    candidate: tuple[Result, ...],
    *entries: Entry,
    asked: Asked = ASKED,
) -> Conclusion:
    return conclude(legs(control, candidate), entries, asked, {})


GOOD = (result(COPY), result(RUN))
BAD = (result(COPY), result(RUN, Outcome.FAIL, "wrong mode"))


def test_what_regressed_is_named_for_another_run() -> None:
    found = concluded(GOOD, BAD)
    assert (found.verdict, found.exit_code) == (Verdict.REGRESSED, ExitCode.REGRESSION)
    assert found.counts == {Verdict.COMPATIBLE: 1, Verdict.REGRESSED: 1}
    assert found.rerun == (*COMMAND, "--tests", "TestRun")


def test_after_a_good_run_there_is_nothing_to_run_again() -> None:
    found = concluded(GOOD, GOOD)
    assert (found.verdict, found.exit_code, found.rerun) == (Verdict.COMPATIBLE, 0, ())


@pytest.mark.parametrize(
    ("candidate", "verdict"), [(GOOD, Verdict.INDETERMINATE), (BAD, Verdict.REGRESSED)]
)
def test_a_part_of_a_run_can_show_a_regression_and_nothing_else(
    candidate: tuple[Result, ...], verdict: Verdict
) -> None:
    found = concluded(GOOD, candidate, asked=replace(ASKED, interrupted=True))
    assert (found.verdict, found.exit_code) == (verdict, ExitCode.INTERRUPTED)


def test_of_an_interrupted_run_only_what_ended_on_both_sides_is_judged() -> None:
    asked = replace(ASKED, interrupted=True)
    found = concluded(GOOD, (result(COPY), INFRA), asked=asked)
    assert [row.name for row in found.judgements] == [COPY]
    alone = conclude([leg_run(Leg.CANDIDATE, GOOD)], (), replace(asked, sides=(Leg.CANDIDATE,)), {})
    assert [row.name for row in alone.judgements] == [COPY, RUN]


def test_entries_without_a_test_are_told_of_whole_runs_alone() -> None:
    idle = entry("TestNobodyHas", Status.EXPECTED_FAILURE, "wrong mode")
    assert [it.where for it in concluded(GOOD, GOOD, idle).unmatched] == [idle.where]
    for asked in (replace(ASKED, whole=False), replace(ASKED, interrupted=True)):
        assert concluded(GOOD, GOOD, idle, asked=asked).unmatched == ()
    elsewhere = changed(idle, worker=("containerd",))
    assert concluded(GOOD, GOOD, elsewhere).unmatched == ()


def test_a_skip_that_takes_out_what_the_sources_have_is_not_idle() -> None:
    skip = entry("TestMount", Status.SKIP)
    sources = frozenset({"TestCopy", "TestRun", "TestMount"})
    assert concluded(GOOD, GOOD, skip, asked=replace(ASKED, functions=sources)).unmatched == ()
    without = replace(ASKED, functions=sources - {"TestMount"})
    assert [it.where for it in concluded(GOOD, GOOD, skip, asked=without).unmatched] == [skip.where]


def test_a_judgement_says_which_entry_explains_it_and_why() -> None:
    known = entry("TestRun", Status.EXPECTED_FAILURE, "wrong mode")
    found = concluded(GOOD, BAD, known)
    assert [row.verdict for row in found.judgements] == [Verdict.COMPATIBLE, Verdict.KNOWN]
    assert [row.entry for row in found.judgements] == [
        None,
        EntryRef(
            where=known.where,
            status=Status.EXPECTED_FAILURE,
            reason=known.reason,
            issue=known.issue,
        ),
    ]


def test_an_entry_for_another_worker_or_parameter_explains_nothing() -> None:
    known = entry("TestRun", Status.EXPECTED_FAILURE, "wrong mode")
    for other in (
        changed(known, worker=("containerd",)),
        changed(known, test=("TestRun[frontend=builtin]",)),
    ):
        assert concluded(GOOD, BAD, other).verdict is Verdict.REGRESSED


def test_attempts_of_both_sides_are_weighed_together() -> None:
    runs = [
        changed(run, attempt=attempt, folder=f"{attempt}/{run.leg}", parallel=parallel)
        for attempt, parallel in enumerate((4, 1, 1))
        for run in legs(GOOD, BAD if attempt < 2 else GOOD)
    ]
    (row,) = [row for row in conclude(runs, (), ASKED, {}).judgements if row.name == RUN]
    assert row.evidence is not None
    assert [
        (
            it.beside,
            (it.control.failed, it.control.attempts),
            (it.candidate.failed, it.candidate.attempts),
        )
        for it in row.evidence.companies
    ] == [(0, (0, 2), (1, 2)), (1, (0, 1), (1, 1))]


@pytest.mark.parametrize(
    ("offline", "verdict", "code"),
    [(False, Verdict.INFRA, ExitCode.INFRASTRUCTURE), (True, Verdict.COMPATIBLE, 0)],
)
def test_what_met_a_limited_rate_is_counted_apart_and_tried_again(
    offline: bool,  # noqa: FBT001 - a case
    verdict: Verdict,
    code: int,
) -> None:
    limited = changed(result(RUN, Outcome.FAIL, "429"), reason=Reason.RATE_LIMIT)
    asked = replace(ASKED, offline=offline)
    found = concluded(GOOD, (result(COPY), limited), asked=asked)
    assert found.counts == {Verdict.COMPATIBLE: 1, Verdict.UNAVAILABLE: 1}
    assert (found.verdict, found.exit_code) == (verdict, code)
    assert found.rerun == (*COMMAND, "--tests", "TestRun")
