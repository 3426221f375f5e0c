"""A gate is clean only if everything ran and nothing broke, but for what its policy allows."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from harness.config.amounts import Age
from harness.config.policy import Policy, Stance
from harness.errors import ExitCode
from harness.model import Judgement, Leg, Pair, Run, Verdict
from harness.model.matrix import CellResult, CellState, Shard
from harness.stored.gate import CODES, Kind, Results, evaluate
from harness.stored.gate.findings import worst
from tests.support import factories, nights
from tests.support.gates import (
    NOW,
    OTHER,
    PAIR,
    UNMATCHED,
    again,
    gate,
    judged,
    kinds,
    ran,
    run_of,
    undone,
)

TELL = Policy(
    flaky_budget=99, changed_failures=Stance.TELL, stale_entries=Stance.TELL, max_age=Age(3600 * 24)
)


# What is found


@pytest.mark.parametrize(
    ("verdict", "kind", "code"),
    [
        (Verdict.REGRESSED, Kind.REGRESSED, 1),
        (Verdict.LOST, Kind.LOST, 1),
        (Verdict.CHANGED_FAILURE, Kind.CHANGED_FAILURE, 1),
        (Verdict.STALE_ENTRY, Kind.STALE_ENTRY, 1),
        (Verdict.FLAKY, Kind.FLAKY, 1),
        (Verdict.INFRA, Kind.INFRA, 4),
    ],
)
def test_a_test_that_stands_in_the_way(verdict: Verdict, kind: Kind, code: int) -> None:
    found = gate(ran(judged("TestFoo", verdict)))
    assert kinds(found) == [kind]
    assert not found.clean
    assert found.exit_code == code
    (finding,) = found.findings
    assert finding.test == factories.full_name("TestFoo")
    assert finding.cell == nights.cell_id(PAIR)
    assert finding.reproduce == ("compat-run", "v0.6", "master", "--tests", "TestFoo")


@pytest.mark.parametrize(
    ("offline", "stance", "refused"),
    [
        (True, Stance.TELL, False),
        (True, Stance.REFUSE, True),
        (False, Stance.TELL, True),
        (False, Stance.REFUSE, True),
    ],
)
def test_what_was_lacking_is_in_the_way_with_network_or_if_the_policy_says_so(
    offline: bool,  # noqa: FBT001 - a case, not passed
    stance: Stance,
    refused: bool,  # noqa: FBT001 - a case, not passed
) -> None:
    result, run = ran(factories.lacking("TestFoo"))
    found = gate((result, replace(run, offline=offline)), policy=Policy(unavailable=stance))
    assert kinds(found, refused=refused) == [Kind.UNAVAILABLE]
    assert found.exit_code == (4 if refused else 0)
    assert "is not covered in" in found.findings[0].sentence()
    assert "it needs network" in found.findings[0].sentence()


@pytest.mark.parametrize("offline", [True, False])
@pytest.mark.parametrize("stance", list(Stance))
def test_a_worker_that_could_not_run_is_told_or_in_the_way_as_the_policy_says(
    stance: Stance,
    offline: bool,  # noqa: FBT001 - a case, not passed
) -> None:
    result, run = ran()
    nothing = {"legs": (), "lacks": ("program sudo",), "verdict": Verdict.UNAVAILABLE}
    run = replace(run, offline=offline, exit_code=0, **nothing)
    found = gate((result, run), policy=Policy(unavailable=stance))
    refused = stance is Stance.REFUSE
    assert kinds(found, refused=refused) == [Kind.UNAVAILABLE]
    assert found.exit_code == (4 if refused else 0)
    assert (
        found.findings[0]
        .sentence()
        .endswith("is not covered: its worker needs what was not there: program sudo")
    )


@pytest.mark.parametrize("offline", [True, False])
@pytest.mark.parametrize("stance", list(Stance))
def test_an_image_that_a_limited_rate_kept_back_is_in_the_way_with_network(
    stance: Stance,
    offline: bool,  # noqa: FBT001 - a case, not passed
) -> None:
    result, run = ran()
    lacks = ("a higher rate limit of docker.io",)
    nothing = {"legs": (), "lacks": lacks, "limited": True, "verdict": Verdict.UNAVAILABLE}
    run = replace(run, offline=offline, exit_code=0 if offline else 4, **nothing)
    found = gate((result, run), policy=Policy(unavailable=stance))
    refused = stance is Stance.REFUSE or not offline
    assert kinds(found, refused=refused) == [Kind.UNAVAILABLE]
    assert found.exit_code == (4 if refused else 0)
    said = "is not covered: a registry gave no more images for a while: it needs a higher rate"
    assert said in found.findings[0].sentence()


@pytest.mark.parametrize(
    "verdict",
    [
        *(Verdict.COMPATIBLE, Verdict.SKIPPED, Verdict.FIXED),
        *(Verdict.KNOWN, Verdict.SAME_FAILURE),
    ],
)
def test_a_test_that_does_not(verdict: Verdict) -> None:
    found = gate(ran(judged("TestFoo", verdict)))
    assert found.findings == ()
    assert found.clean
    assert found.exit_code is ExitCode.COMPATIBLE


@pytest.mark.parametrize(
    ("state", "kind", "code"),
    [
        (CellState.FAILED, Kind.FAILED, 4),
        (CellState.INTERRUPTED, Kind.INTERRUPTED, 3),
        (CellState.MISSING, Kind.MISSING, 3),
    ],
)
def test_a_cell_without_a_result_is_never_green(state: CellState, kind: Kind, code: int) -> None:
    found = gate(ran(), undone(state, "the disk is full"))
    assert kinds(found) == [kind]
    assert found.exit_code == code
    assert (found.cells, found.results) == (2, 1)
    assert found.findings[0].reproduce == (
        *("compat", "matrix", "nightly", "--only"),
        nights.cell_id(OTHER),
    )


def test_a_cell_that_failed_says_why() -> None:
    (finding,) = gate(ran(), undone(CellState.FAILED, "no such\x1b[2J patch")).findings
    assert finding.sentence() == (
        "v0.12.5 × master (oci) could not be built or run: no such␛[2J patch"  # noqa: RUF001
    )


def test_what_an_interrupted_cell_found_is_told_too() -> None:
    result, run = ran(judged("TestFoo", Verdict.REGRESSED))
    result = replace(result, state=CellState.INTERRUPTED)
    assert kinds(gate((result, run))) == [Kind.REGRESSED, Kind.INTERRUPTED]


def test_a_planned_cell_that_the_run_does_not_speak_of_is_missing() -> None:
    results = [ran()]
    matrix = replace(nights.matrix_of(results, also=[OTHER]), shard=Shard(index=1, total=2))
    found = evaluate(Policy(), Results(matrix, results, again), NOW)
    assert kinds(found) == [Kind.MISSING]
    assert found.findings[0].cell == nights.cell_id(OTHER)


def test_nothing_run_is_not_clean() -> None:
    found = gate()
    assert kinds(found) == [Kind.NOTHING_RAN]
    assert found.exit_code is ExitCode.INDETERMINATE
    empty = nights.done(nights.run_of(PAIR, verdict=Verdict.COMPATIBLE))
    assert kinds(gate(empty, policy=TELL)) == [Kind.NOTHING_RAN, Kind.INDETERMINATE]


def test_a_verdict_is_not_believed_without_the_tests_that_it_rests_on() -> None:
    result, run = nights.done(
        nights.run_of(PAIR, judged("TestFoo", Verdict.SAME_FAILURE), verdict=Verdict.COMPATIBLE)
    )
    assert kinds(gate((result, run))) == [Kind.INDETERMINATE]


def test_a_run_of_some_tests_vouches_for_no_cell() -> None:
    result, run = ran()
    legs = tuple(replace(leg, selection="^TestIntegration$/^TestFoo$") for leg in run.legs)
    assert kinds(gate((result, replace(run, legs=legs)))) == [Kind.PARTIAL]


def test_without_a_control_a_failure_is_told_as_that() -> None:
    result, run = ran(judged("TestFoo", Verdict.REGRESSED))
    alone = replace(run, legs=tuple(leg for leg in run.legs if leg.leg is Leg.CANDIDATE))
    (finding,) = gate((result, alone)).findings
    assert "no control excuses it" in finding.sentence()


# Policy


def test_up_to_the_budget_flaky_tests_are_told_only() -> None:
    results = [
        ran(judged("TestFoo", Verdict.FLAKY)),
        ran(judged("TestFoo", Verdict.FLAKY), pair=OTHER),
    ]
    told_only = gate(*results, policy=Policy(flaky_budget=2))
    assert told_only.clean
    assert kinds(told_only, refused=False) == [Kind.FLAKY, Kind.FLAKY]
    assert kinds(gate(*results, policy=Policy(flaky_budget=1))) == [Kind.FLAKY, Kind.FLAKY]


@pytest.mark.parametrize("verdict", [Verdict.CHANGED_FAILURE, Verdict.STALE_ENTRY])
def test_what_a_policy_only_wants_told_is_told(verdict: Verdict) -> None:
    found = gate(ran(judged("TestFoo", verdict)), policy=TELL)
    assert found.clean
    assert [kind.value for kind in kinds(found, refused=False)] == [verdict.value]


@pytest.mark.parametrize("verdict", [Verdict.REGRESSED, Verdict.LOST, Verdict.INFRA])
def test_no_policy_lets_these_pass(verdict: Verdict) -> None:
    assert not gate(ran(judged("TestFoo", verdict)), policy=TELL).clean


def test_a_required_cell_must_have_a_result() -> None:
    policy = Policy(require=("v0.6.4--*", "v0.12.*"))
    assert kinds(gate(ran(), policy=policy)) == [Kind.REQUIRED]
    assert kinds(gate(ran(), undone(CellState.FAILED), policy=policy)) == [
        Kind.FAILED,
        Kind.REQUIRED,
    ]
    assert gate(ran(), ran(pair=OTHER), policy=policy).clean


# Entries


def _with_unmatched(*judgements: Judgement, pair: Pair = PAIR) -> tuple[CellResult, Run]:
    return nights.done(replace(run_of(pair, *judgements), unmatched=(UNMATCHED,)))


def test_an_entry_that_matches_in_no_cell_is_stale_and_told_once() -> None:
    found = gate(_with_unmatched(), _with_unmatched(pair=OTHER))
    assert kinds(found) == [Kind.UNMATCHED_ENTRY]
    assert found.findings[0].sentence() == (
        "skiplists/v0.6.yaml:40 holds for 2 cells and matched no test: races with the registry"
    )
    assert found.findings[0].entry == UNMATCHED
    assert found.exit_code is ExitCode.REGRESSION
    assert gate(_with_unmatched(), policy=TELL).clean


def test_an_entry_that_matches_in_one_cell_is_not_stale_in_another() -> None:
    known = replace(judged("TestFoo", Verdict.KNOWN), entry=UNMATCHED)
    assert gate(_with_unmatched(), ran(known, pair=OTHER)).clean


# Exit codes


@pytest.mark.parametrize(
    ("codes", "code"),
    [
        ([], 0),
        ([4], 4),
        ([4, 3], 3),
        ([4, 3, 1], 1),
        ([3], 3),
    ],
)
def test_four_means_infrastructure_alone(codes: list[int], code: int) -> None:
    assert worst(map(ExitCode, codes)) == code


def test_every_kind_has_a_code_and_none_is_green() -> None:
    assert CODES.keys() == set(Kind)
    assert {int(code) for code in CODES.values()} == {1, 3, 4}
