"""What of the skip lists is stale, by what tests do without them."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from harness.config.skiplists import Entry, Signature
from harness.config.yamlfile import Place
from harness.errors import ExitCode
from harness.lists.audit import Audit, Finding, Told, audited, exit_code, functions, render, told
from harness.model import Judgement, Outcome, Reason, Status, Verdict
from tests.support.factories import judgement, make_run

PASS, FAIL, MISSING = Outcome.PASS, Outcome.FAIL, Outcome.MISSING
GONE = Signature("it is gone")


def _entry(*tests: str, status: Status = Status.EXPECTED_FAILURE) -> Entry:
    return Entry(
        place=Place("data/skiplists/a.yaml", 7, 5),
        test=tests,
        status=status,
        reason="planted",
        issue="https://example.com/1",
        signature=GONE if status is Status.EXPECTED_FAILURE else None,
    )


def _row(outcome: Outcome, error: str = "it is gone", control: Outcome = PASS) -> Judgement:
    return judgement("TestCopy", Verdict.REGRESSED, [control], [outcome], error=error)


def _spurious(row: Judgement) -> Judgement:
    failed = replace(row.candidate[0], reason=Reason.DISK)
    return replace(row, candidate=(failed,))


def _told(*rows: Judgement) -> Told:
    return told(make_run(*rows, verdict=Verdict.COMPATIBLE, exit_code=ExitCode.COMPATIBLE))


def _found(entry: Entry, *pairs: list[Judgement] | None) -> list[Finding]:
    audit = Audit()
    for rows in pairs:
        audit.add([entry], None if rows is None else _told(*rows))
    return [it.finding for it in audit.found()]


@pytest.mark.parametrize(
    ("rows", "finding"),
    [
        ([_row(FAIL)], Finding.NEEDED),
        ([_row(PASS)], Finding.PASSES),
        ([_row(FAIL, "no such file")], Finding.OTHERWISE),
        ([_spurious(_row(FAIL))], Finding.UNCLEAR),
        ([_row(MISSING)], Finding.UNCLEAR),
        ([judgement("TestUser", Verdict.COMPATIBLE, [PASS], [PASS])], Finding.NOTHING),
        (None, Finding.UNCLEAR),
    ],
)
def test_an_expected_failure_is_held_against_what_the_test_does(
    rows: list[Judgement] | None, finding: Finding
) -> None:
    assert _found(_entry("TestCopy"), rows) == [finding]


@pytest.mark.parametrize(
    ("row", "finding"),
    [
        (_row(PASS), Finding.PASSES),
        (_row(FAIL, "anything"), Finding.NEEDED),
        (_row(PASS, control=FAIL), Finding.NEEDED),
        (_row(MISSING), Finding.NEEDED),
    ],
)
def test_a_skip_is_needed_while_either_side_fails(row: Judgement, finding: Finding) -> None:
    assert _found(_entry("TestCopy", status=Status.SKIP), [row]) == [finding]


def test_one_pair_that_needs_a_name_keeps_it_and_each_name_is_told_apart() -> None:
    other = judgement("TestUser", Verdict.COMPATIBLE, [PASS], [PASS])
    both = _entry("TestCopy", "TestUser")
    assert _found(both, [_row(PASS), other], [_row(FAIL), other]) == [
        Finding.NEEDED,
        Finding.PASSES,
    ]
    assert _found(both, [_row(PASS)], None) == [Finding.UNCLEAR, Finding.UNCLEAR]


def test_flaky_tests_and_other_workers_are_left_out() -> None:
    mine, flaky = _entry("TestCopy"), _entry("TestUser", status=Status.FLAKY)
    assert audited([mine, flaky, replace(mine, worker=("containerd",))], "oci") == [mine]
    assert functions([_entry("TestCopy*/sub")], ["TestCopyAll", "TestUser"]) == ("TestCopyAll",)


def test_what_is_stale_is_a_line_with_what_to_do_and_a_code() -> None:
    audit = Audit()
    audit.add([_entry("TestCopy")], _told(_row(PASS)))
    found = audit.found()
    assert exit_code(found) is ExitCode.USAGE
    assert render(found).splitlines() == [
        "skiplists/a.yaml:7: TestCopy (expected-failure): passes",
        "  hint: remove it, or narrow `when` to what still fails",
        "1 of 1 name stale",
    ]
    unclear = [replace(found[0], finding=Finding.UNCLEAR)]
    assert exit_code(unclear) is ExitCode.INDETERMINATE
    needed = [replace(found[0], finding=Finding.NEEDED)]
    assert (exit_code(needed), render(needed)) == (ExitCode.COMPATIBLE, "nothing is stale\n")
