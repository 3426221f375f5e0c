"""The table of verdicts, row by row, and what the machine does to it."""

from __future__ import annotations

from itertools import product

import pytest

from harness.model import Outcome, Reason, Result, Verdict
from harness.verdict.table import judge
from tests.support.attempts import (
    ENTRIES,
    MISSING,
    NEW,
    OLD,
    PASS,
    SIDES,
    SKIP,
    SPURIOUS,
    failing,
    result,
)

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


@pytest.mark.parametrize("control", ["none", "lacking"])
@pytest.mark.parametrize("entry", ENTRIES)
def test_a_test_that_was_left_out_for_want_of_something_is_unavailable(
    control: str, entry: str
) -> None:
    wanted = Verdict.SKIPPED if entry == "skip" else Verdict.UNAVAILABLE
    assert judge(SIDES[control], SIDES["lacking"], ENTRIES[entry]) is wanted


@pytest.mark.parametrize(("control", "candidate"), [row[:2] for row in ROWS])
def test_what_an_entry_says_to_be_lacking_explains_all_but_a_pass(
    control: str, candidate: str
) -> None:
    passed = {control, candidate} & {"pass", "mixed"}
    plain = judge(SIDES[control], SIDES[candidate], None)
    found = judge(SIDES[control], SIDES[candidate], ENTRIES["needs"])
    assert found is (plain if passed else Verdict.UNAVAILABLE)


MOMENTARY = [reason for reason in Reason if reason.momentary]


@pytest.mark.parametrize("reason", SPURIOUS)
@pytest.mark.parametrize("outcome", [Outcome.FAIL, Outcome.HANG, Outcome.CRASH])
def test_a_failure_of_the_machine_is_infra_unless_both_sides_fail_alike_or_it_is_known(
    outcome: Outcome, reason: Reason
) -> None:
    broken = (result(outcome, reason, "the new way"),)
    wanted = Verdict.UNAVAILABLE if reason is Reason.RATE_LIMIT else Verdict.INFRA
    for control in ((), (PASS,), (OLD,), (SKIP,), (MISSING,)):
        assert judge(control, broken, None) is wanted
        assert judge(control, broken, ENTRIES["other"]) is wanted
        assert judge(control, broken, ENTRIES["signature"]) is Verdict.KNOWN
    alike = wanted if reason.momentary else Verdict.SAME_FAILURE
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


def test_a_limited_rate_is_unavailable_where_nothing_else_failed_the_candidate() -> None:
    limited, other = (failing("429", it) for it in (Reason.RATE_LIMIT, Reason.NETWORK))
    assert judge((PASS,), (limited, limited), None) is Verdict.UNAVAILABLE
    assert judge((PASS,), (limited, other), None) is Verdict.INFRA
    assert judge((PASS,), (limited, NEW), None) is Verdict.REGRESSED
    assert judge((PASS,), (limited, PASS), None) is Verdict.COMPATIBLE
    assert judge((limited,), (NEW,), None) is Verdict.INFRA
