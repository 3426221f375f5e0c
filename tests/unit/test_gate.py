"""A gate is clean only if everything ran, lately, on these commits, and nothing broke."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from harness.config.amounts import Age
from harness.config.policy import Policy, Stance
from harness.errors import ExitCode
from harness.gate import CODES, Kind, Release, Results, evaluate, told
from harness.gate.findings import worst
from harness.matrices import CellResult, CellState, Shard
from harness.model import Judgement, Leg, Pair, Run, Verdict
from tests.unit import nights, runs
from tests.unit.gates import (
    MASTER,
    NOW,
    OTHER,
    PAIR,
    SIDES,
    UNMATCHED,
    full,
    gate,
    judged,
    kinds,
    later,
    ran,
    run_of,
    undone,
)

Golden = Callable[[str, str], None]

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
    assert finding.test == runs.full_name("TestFoo")
    assert finding.cell == nights.cell_id(PAIR)
    assert finding.reproduce == ("compat-run", "v0.6", "master", "--tests", "TestFoo")


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
    found = evaluate(Policy(), Results(matrix, results), NOW)
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
        Kind.REQUIRED,
        Kind.FAILED,
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


# Age


@pytest.mark.parametrize(
    ("hours", "clean"), [(0, True), (22.1, True), (22.11, False), (1000, False)]
)
def test_results_may_be_as_old_as_the_policy_says(hours: float, *, clean: bool) -> None:
    found = gate(ran(), now=later(hours), policy=Policy(max_age=Age(24 * 3600)))
    assert found.clean is clean
    assert kinds(found) == [] if clean else [Kind.TOO_OLD]


def test_an_age_is_told_with_what_is_allowed() -> None:
    (finding,) = gate(ran(), now=later(48)).findings
    assert finding.sentence() == "v0.6.4 × master (oci) ran 49h 53m ago, and 24h 00m are allowed"  # noqa: RUF001
    assert gate(ran(), now=later(48)).exit_code is ExitCode.INDETERMINATE


@pytest.mark.parametrize(
    "started", ["", "yesterday", "9" * 9000, "2026-11-23T20:06:00Z", "9999-12-31T23:59:59Z"]
)
def test_a_time_that_cannot_be_is_no_proof_of_youth(started: str) -> None:
    result, run = ran()
    found = gate((result, replace(run, started=started)))
    assert kinds(found) == [Kind.TOO_OLD]
    assert len(found.findings[0].sentence()) < 200


def test_a_clock_that_is_a_little_fast_is_forgiven() -> None:
    result, run = ran()
    assert gate((result, replace(run, started="2026-11-23T20:04:00Z"))).clean


def test_the_age_counts_from_the_clock_wherever_it_stands() -> None:
    now = datetime.fromisoformat("2026-11-24T17:00:00-02:00")
    assert kinds(gate(ran(), now=now)) == [Kind.TOO_OLD]
    assert gate(ran(), now=now).checked == "2026-11-24T19:00:00Z"


# Commits


def test_results_of_the_commit_to_be_released_are_wanted() -> None:
    assert gate(ran(), releases=[MASTER]).clean
    short = replace(MASTER, sha=MASTER.sha[:7])
    assert gate(ran(), releases=[short]).clean


def test_results_of_another_commit_of_that_name_are_refused() -> None:
    moved = replace(MASTER, sha="f" * 40)
    found = gate(ran(), releases=[moved])
    assert kinds(found) == [Kind.NOT_TESTED, Kind.OTHER_COMMIT]
    assert found.findings[1].sentence() == (
        "v0.6.4 × master (oci) has master at 73ed682, but fffffff is to be released"  # noqa: RUF001
    )
    assert found.exit_code is ExitCode.INDETERMINATE


def test_what_was_asked_for_counts_as_a_name_too() -> None:
    line = Release(name="v0.6", ref="v0.6.5", sha="e" * 40)
    assert Kind.OTHER_COMMIT in kinds(gate(ran(), releases=[line]))


def test_a_tag_on_a_commit_that_was_tested_under_another_name_will_do() -> None:
    tag = Release(name="v0.33.0", ref="v0.33.0", sha=runs.FRONTEND.sha)
    assert gate(ran(), releases=[tag]).clean


def test_a_release_that_only_a_failed_cell_was_to_test_is_not_tested() -> None:
    sha = nights.commit("v0.12.5").sha
    release = Release(name="v0.12.5", ref="v0.12.5", sha=sha)
    found = gate(ran(), undone(CellState.FAILED), releases=[release])
    assert kinds(found) == [Kind.NOT_TESTED, Kind.FAILED]


def test_a_mixed_run_is_told_cell_by_cell() -> None:
    moved = nights.pair(suite=OTHER.suite, frontend=replace(runs.FRONTEND, sha="f" * 40))
    found = gate(ran(), ran(pair=moved), releases=[MASTER])
    assert [it.cell for it in found.findings] == [nights.cell_id(OTHER)]
    assert kinds(found) == [Kind.OTHER_COMMIT]


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


# Never clean by accident

VERDICTS = st.sampled_from(sorted(SIDES))
CELLS = st.lists(st.lists(VERDICTS, max_size=4), min_size=1, max_size=3)
POLICIES = st.builds(
    Policy,
    flaky_budget=st.integers(0, 3),
    changed_failures=st.sampled_from(Stance),
    stale_entries=st.sampled_from(Stance),
)


def _results(cells: list[list[Verdict]]) -> list[tuple[CellResult, Run | None]]:
    return [
        ran(
            *(judged(f"Test{number}", verdict) for number, verdict in enumerate(verdicts)),
            pair=nights.pair(suite=nights.commit(f"v0.{cell}.0")),
        )
        for cell, verdicts in enumerate(cells)
    ]


@given(CELLS, POLICIES, st.data())
def test_a_regression_more_is_never_a_clean_gate(
    cells: list[list[Verdict]], policy: Policy, data: st.DataObject
) -> None:
    before = gate(*_results(cells), policy=policy)
    cell = data.draw(st.integers(0, len(cells) - 1))
    cells[cell].append(data.draw(st.sampled_from([Verdict.REGRESSED, Verdict.LOST])))
    after = gate(*_results(cells), policy=policy)
    assert not after.clean
    assert after.exit_code is ExitCode.REGRESSION
    assert set(kinds(before)) <= set(kinds(after))


@given(CELLS, POLICIES, st.data())
def test_a_result_less_is_never_a_clean_gate(
    cells: list[list[Verdict]], policy: Policy, data: st.DataObject
) -> None:
    results = _results(cells)
    pairs = [run.pair for _, run in results if run]
    gone = data.draw(st.integers(0, len(cells) - 1))
    kept = [row for number, row in enumerate(results) if number != gone]
    assert not gate(*kept, policy=policy, also=pairs).clean
    state = data.draw(st.sampled_from([s for s in CellState if s is not CellState.DONE]))
    stopped = undone(state, pair=pairs[gone])
    assert not gate(*kept, stopped, policy=policy, also=pairs).clean


@given(CELLS, POLICIES, st.floats(0, 100), st.floats(0, 100))
def test_waiting_never_makes_a_gate_clean(
    cells: list[list[Verdict]], policy: Policy, first: float, more: float
) -> None:
    results = _results(cells)
    early = gate(*results, policy=policy, now=later(first))
    late = gate(*results, policy=policy, now=later(first + more))
    assert early.clean or not late.clean


@given(CELLS, POLICIES)
def test_the_order_of_cells_decides_nothing(cells: list[list[Verdict]], policy: Policy) -> None:
    results = _results(cells)
    one, other = gate(*results, policy=policy), gate(*reversed(results), policy=policy)
    assert sorted(map(repr, one.findings)) == sorted(map(repr, other.findings))
    assert (one.clean, one.exit_code) == (other.clean, other.exit_code)


# How it is told


def test_every_kind_is_told_as_it_was_read(golden: Golden) -> None:
    found = full()
    assert {finding.kind for finding in found.findings} | {Kind.NOTHING_RAN} == set(Kind)
    golden("gate/refused.txt", told.render(found))
    golden("gate/refused.md", told.markdown(found))
    golden("gate/refused.json", json.dumps(told.as_json(found), indent=2) + "\n")


def test_a_clean_gate_is_told_as_it_was_read(golden: Golden) -> None:
    rows = [judged("TestFoo", Verdict.KNOWN), judged("TestBar", Verdict.FLAKY)]
    found = gate(ran(*rows), policy=Policy(flaky_budget=1), releases=[MASTER])
    golden("gate/clean.txt", told.render(found))
    golden("gate/clean.md", told.markdown(found))


def _hostile() -> tuple[CellResult, Run]:
    run = runs.hostile_run()
    return nights.done(replace(run, pair=PAIR))


def test_hostile_names_are_told_as_they_were_read(golden: Golden) -> None:
    found = gate(_hostile())
    golden("gate/hostile.txt", told.render(found))
    golden("gate/hostile.md", told.markdown(found))


def test_no_character_acts_on_the_terminal() -> None:
    text = told.render(gate(_hostile()))
    assert all(line.isprintable() for line in text.split("\n"))
    assert "::error" not in "".join(line[:7] for line in text.splitlines())


_SPAN = re.compile(r"(?<!`)(`+)(?!`)(.*?)(?<!`)\1(?!`)")


@given(
    st.text(max_size=40)
    | st.text(alphabet="`*_<>[]()#@!|\\~&\n :/https", max_size=40)
    | st.sampled_from([runs.HOSTILE, "@moby/core #1 <img src=x> ``` `` `"])
)
def test_in_markdown_everything_foreign_is_code(text: str) -> None:
    row = judged("TestFoo", Verdict.REGRESSED, f"error: {text}")
    run = run_of(PAIR, row, replace(row, name=f"TestX/{text}"))
    for line in told.markdown(gate(nights.done(run))).splitlines():
        prose = _SPAN.sub("", line)
        assert not set(prose) & set("@#<>|~\\`") - ({"#"} if line.startswith("#") else set()), line
        assert "http" not in prose


def test_an_address_that_is_none_is_no_link() -> None:
    entry = replace(runs.FILEOP, issue="javascript:alert(1)")
    row = replace(judged("TestFoo", Verdict.STALE_ENTRY), entry=entry)
    assert "](" not in told.markdown(gate(ran(row)))
    good = told.markdown(gate(ran(judged("TestFoo", Verdict.STALE_ENTRY))))
    assert "[the issue](<https://github.com/moby/buildkit/pull/3284>)" in good


def test_one_root_is_told_once_and_where_else() -> None:
    pairs = [nights.pair(suite=nights.commit(f"v0.{minor}.0")) for minor in range(13)]
    found = gate(*(ran(judged("TestFoo", Verdict.REGRESSED), pair=pair) for pair in pairs))
    text = told.render(found)
    assert text.count("TestFoo regressed in") == 1
    assert "regressed (13)" in text
    assert "also in  v0.1.0 × master (oci), " in text  # noqa: RUF001
    assert "and 2 more cells" in text
    assert len(told.as_json(found)["findings"]) == 13


def test_two_causes_in_one_test_are_two_matters() -> None:
    row = judged("TestFoo", Verdict.REGRESSED)
    failed = replace(row.candidate[0], error="otherwise")
    found = gate(ran(row), ran(replace(row, candidate=(failed,)), pair=OTHER))
    assert told.render(found).count("TestFoo regressed in") == 2


def test_a_flood_of_findings_fits_into_a_comment() -> None:
    rows = [judged(f"Test{number}", Verdict.REGRESSED, f"{number} " * 200) for number in range(999)]
    found = gate(ran(*rows))
    assert len(told.markdown(found)) < 65_536
    assert "… and 969 more" in told.render(found)
    assert len(told.as_json(found)["findings"]) == 999


def test_a_comment_that_overflows_says_so() -> None:
    rows = [
        judged(f"Test{verdict}{number}", verdict, "```" * 300 + str(number))
        for verdict in (Verdict.REGRESSED, Verdict.LOST, Verdict.FLAKY, Verdict.INFRA)
        for number in range(60)
    ]
    text = told.markdown(gate(ran(*rows)))
    assert len(text) < 65_536
    assert "There is more than fits here" in text


def test_colours_add_nothing_but_colours() -> None:
    found = full()
    coloured = told.render(found, color=True)
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == told.render(found)


def test_the_clock_of_the_answer_is_utc() -> None:
    assert gate(ran(), now=NOW.astimezone(UTC)).checked == "2026-11-23T20:00:00Z"
