"""Both sides of every test, brought together from legs."""

from __future__ import annotations

import msgspec
import pytest

from harness.model import Cut, Fault, Leg, LegRun, Outcome, Reason, Result, Status, Verdict
from harness.verdict.collate import decided, judgements
from tests.support.played import entry
from tests.support.streams import marked, read

SUITE = "TestIntegration"
PARENT = "TestIntegration/TestCopy/worker=oci/frontend=gateway"
LEAF = f"{PARENT}/windows/amd64"
OTHER = "TestIntegration/TestMount/worker=oci/frontend=gateway"


def leg(
    side: Leg,
    *results: Result,
    attempt: int = 0,
    parents: dict[str, Outcome] | None = None,
) -> LegRun:
    return LegRun(
        leg=side,
        attempt=attempt,
        selection="",
        skipped="",
        started="2026-11-23T18:06:07Z",
        seconds=1,
        exit_status=0,
        timed_out=False,
        cached=False,
        folder=side.value,
        results=results,
        parents={"TestIntegration": Outcome.PASS, **(parents or {})},
    )


def did(name: str, outcome: Outcome, reason: Reason | None = None, error: str = "") -> Result:
    return Result(name=name, outcome=outcome, reason=reason, error=error, fingerprint=error)


def verdicts(*legs: LegRun) -> dict[str, Verdict]:
    return {row.name: row.verdict for row in judgements(legs, (), {})}


def read_leg(side: Leg, stream: str) -> LegRun:
    parsed = read(marked(stream)).parsed
    return msgspec.structs.replace(leg(side, *parsed.results), parents=parsed.parents)


def siblings(first: str, second: str, said: str = "FAIL") -> str:
    """Write two subtests as Go 1.21 does, of which the second has the first's name in its own."""
    begun = "^V=== RUN   TestNest{0}\n"
    over = "^V--- {1}: TestNest{0} (0.00s)\n^V=== NAME  {2}\n"
    return "".join(
        (
            begun.format(""),
            begun.format("/linux/arm") + over.format("/linux/arm", first, "TestNest"),
            begun.format("/linux/arm/v7") + over.format("/linux/arm/v7", second, "TestNest"),
            over.format("", said, "") + said + "\n",
        )
    )


@pytest.mark.parametrize(
    ("outcome", "verdict"), [("FAIL", Verdict.REGRESSED), ("SKIP", Verdict.LOST)]
)
def test_what_befalls_a_test_beside_one_with_a_longer_name_is_judged(
    outcome: str, verdict: Verdict
) -> None:
    control = read_leg(Leg.CONTROL, siblings("PASS", "FAIL"))
    candidate = read_leg(Leg.CANDIDATE, siblings(outcome, "FAIL"))
    found = verdicts(control, candidate)
    assert found["TestNest/linux/arm"] is verdict
    assert found["TestNest/linux/arm/v7"] is Verdict.SAME_FAILURE


def test_a_test_outside_of_any_sandbox_is_lost_too() -> None:
    control = leg(Leg.CONTROL, did("TestNest/a", Outcome.PASS))
    assert verdicts(control, leg(Leg.CANDIDATE)) == {"TestNest/a": Verdict.LOST}


def test_a_test_that_one_side_lacks_is_missing_there() -> None:
    control = leg(Leg.CONTROL, did(PARENT, Outcome.PASS), did(OTHER, Outcome.PASS))
    candidate = leg(Leg.CANDIDATE, did(PARENT, Outcome.PASS))
    assert verdicts(control, candidate) == {PARENT: Verdict.COMPATIBLE, OTHER: Verdict.LOST}


@pytest.mark.parametrize(("status", "verdict"), [(137, "infra"), (1, "infra"), (0, "lost")])
def test_a_test_that_a_fault_may_have_kept_from_running_is_not_lost(
    status: int, verdict: str
) -> None:
    control = leg(Leg.CONTROL, did(PARENT, Outcome.PASS), did(OTHER, Outcome.PASS))
    fault = Fault(reason=Reason.OOM, words="no memory")
    candidate = msgspec.structs.replace(
        leg(Leg.CANDIDATE, did(PARENT, Outcome.PASS)), faults=(fault,), exit_status=status
    )
    assert verdicts(control, candidate) == {PARENT: Verdict.COMPATIBLE, OTHER: Verdict(verdict)}


def test_a_leaf_is_compared_with_the_parent_that_it_is_on_the_other_side() -> None:
    # With the new frontend the test failed before it came to its subtests.
    control = leg(Leg.CONTROL, did(LEAF, Outcome.PASS), parents={PARENT: Outcome.PASS})
    candidate = leg(Leg.CANDIDATE, did(PARENT, Outcome.FAIL, Reason.ASSERTION, "boom"))
    assert verdicts(control, candidate) == {LEAF: Verdict.LOST, PARENT: Verdict.REGRESSED}


def test_a_test_that_a_panic_kept_waiting_turns_out_to_be_a_parent() -> None:
    control = leg(Leg.CONTROL, did(LEAF, Outcome.PASS), parents={PARENT: Outcome.PASS})
    candidate = leg(Leg.CANDIDATE, did(PARENT, Outcome.MISSING, Reason.INCOMPLETE))
    failed = did(LEAF, Outcome.FAIL, Reason.ASSERTION, "boom")
    rest = leg(Leg.CANDIDATE, failed, attempt=1, parents={PARENT: Outcome.FAIL})
    rest = msgspec.structs.replace(rest, recovers=0, failed_below={PARENT: (LEAF,)})
    assert verdicts(control, candidate, rest) == {LEAF: Verdict.REGRESSED}


def test_a_suite_that_ended_early_is_judged_only_where_its_rest_was_not_run() -> None:
    control = leg(Leg.CONTROL, did(LEAF, Outcome.PASS), parents={SUITE: Outcome.PASS})
    early = did(SUITE, Outcome.FAIL, Reason.ASSERTION, "Should be true")
    cut = Cut(words="a test failed", culprits=(PARENT,), began=False, failed=True)
    candidate = msgspec.structs.replace(leg(Leg.CANDIDATE, early), cut=cut)
    rest = leg(Leg.CANDIDATE, did(LEAF, Outcome.PASS), attempt=1, parents={SUITE: Outcome.PASS})
    rest = msgspec.structs.replace(rest, recovers=0)
    assert verdicts(control, candidate, rest) == {LEAF: Verdict.COMPATIBLE}
    assert verdicts(control, candidate) == {LEAF: Verdict.LOST, SUITE: Verdict.REGRESSED}


def test_a_new_subtest_of_one_side_alone_does_not_blame_the_parent() -> None:
    control = leg(Leg.CONTROL, did(PARENT, Outcome.PASS))
    candidate = leg(Leg.CANDIDATE, did(LEAF, Outcome.PASS), parents={PARENT: Outcome.PASS})
    assert verdicts(control, candidate) == {PARENT: Verdict.COMPATIBLE, LEAF: Verdict.COMPATIBLE}


def test_a_parent_that_fails_for_a_new_subtest_alone_is_the_only_evidence() -> None:
    control = leg(Leg.CONTROL, did(LEAF, Outcome.PASS), parents={PARENT: Outcome.PASS})
    new = did(f"{PARENT}/new", Outcome.FAIL, Reason.ASSERTION, "boom")
    failed = {PARENT: Outcome.FAIL, "TestIntegration": Outcome.FAIL}
    candidate = leg(Leg.CANDIDATE, did(LEAF, Outcome.PASS), new, parents=failed)
    below = dict.fromkeys((PARENT, "TestIntegration"), (new.name,))
    candidate = msgspec.structs.replace(candidate, failed_below=below)
    rows = {row.name: row for row in judgements([control, candidate], (), {})}
    assert {name: row.verdict for name, row in rows.items()} == {
        LEAF: Verdict.COMPATIBLE,
        new.name: Verdict.CHANGED_FAILURE,
        PARENT: Verdict.REGRESSED,
    }
    assert new.name in rows[PARENT].candidate[0].error


def test_a_parent_that_fails_for_a_subtest_that_passed_says_no_more_than_that_one() -> None:
    control = leg(Leg.CONTROL, did(LEAF, Outcome.PASS), parents={PARENT: Outcome.PASS})
    failed = did(LEAF, Outcome.FAIL, Reason.ASSERTION, "boom")
    candidate = leg(Leg.CANDIDATE, failed, parents={PARENT: Outcome.FAIL})
    candidate = msgspec.structs.replace(candidate, failed_below={PARENT: (LEAF,)})
    assert verdicts(control, candidate) == {LEAF: Verdict.REGRESSED}


def test_a_rerun_adds_attempts_to_what_it_ran_and_no_tests_of_its_own() -> None:
    legs = [
        leg(Leg.CONTROL, did(PARENT, Outcome.PASS), did(OTHER, Outcome.PASS)),
        leg(Leg.CANDIDATE, did(PARENT, Outcome.FAIL, error="x"), did(OTHER, Outcome.PASS)),
        leg(Leg.CONTROL, did(PARENT, Outcome.PASS), did(LEAF, Outcome.PASS), attempt=1),
        leg(Leg.CANDIDATE, did(PARENT, Outcome.PASS), attempt=1),
    ]
    rows = {row.name: row for row in judgements(legs, (), {})}
    assert rows.keys() == {PARENT, OTHER}
    assert rows[PARENT].verdict is Verdict.FLAKY
    assert [len(rows[PARENT].control), len(rows[PARENT].candidate)] == [2, 2]
    assert [len(rows[OTHER].control), len(rows[OTHER].candidate)] == [1, 1]


def test_without_a_control_there_is_no_other_side_to_be_missing_from() -> None:
    (row,) = judgements([leg(Leg.CANDIDATE, did(PARENT, Outcome.PASS))], (), {})
    assert (row.control, row.verdict) == ((), Verdict.COMPATIBLE)


def test_the_first_entry_that_names_a_test_counts() -> None:
    entries = (
        entry("TestMount", Status.EXPECTED_FAILURE, "x", line=1),
        entry("TestCopy*", Status.EXPECTED_FAILURE, "x", line=2),
        entry("TestCopy", Status.FLAKY, line=3),
    )
    legs = [
        leg(Leg.CONTROL, did(PARENT, Outcome.PASS)),
        leg(Leg.CANDIDATE, did(PARENT, Outcome.FAIL, error="x")),
    ]
    (row,) = judgements(legs, entries, {})
    assert row.verdict is Verdict.KNOWN
    assert row.entry is not None
    assert row.entry.where == "skiplists/x.yaml:2"


@pytest.mark.parametrize(
    ("outcome", "reason"),
    [
        (Outcome.MISSING, None),
        (Outcome.CRASH, Reason.INCOMPLETE),
        (Outcome.HANG, Reason.INCOMPLETE),
    ],
)
def test_a_test_that_an_interruption_kept_from_ending_is_left_out(
    outcome: Outcome, reason: Reason | None
) -> None:
    whole = leg(Leg.CONTROL, did(PARENT, Outcome.PASS), did(OTHER, Outcome.PASS))
    cut = leg(Leg.CANDIDATE, did(PARENT, Outcome.PASS), did(OTHER, outcome, reason, "x"))
    rows = judgements([whole, cut], (), {})
    assert [row.name for row in decided(rows, tuple(Leg))] == [PARENT]
    other_way = judgements(
        [
            leg(Leg.CONTROL, *cut.results),
            leg(Leg.CANDIDATE, *whole.results),
        ],
        (),
        {},
    )
    assert [row.name for row in decided(other_way, tuple(Leg))] == [PARENT]


def test_a_control_that_was_asked_for_and_never_ran_leaves_nothing_decided() -> None:
    rows = judgements([leg(Leg.CANDIDATE, did(PARENT, Outcome.FAIL, error="x"))], (), {})
    assert decided(rows, tuple(Leg)) == ()
    assert decided(rows, (Leg.CANDIDATE,)) == rows
