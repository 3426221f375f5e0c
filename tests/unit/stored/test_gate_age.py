"""A gate believes results only while they are young, and no time that cannot be."""

from __future__ import annotations

from datetime import datetime

import pytest
from msgspec.structs import replace

from harness.config.amounts import Age
from harness.config.policy import Policy
from harness.errors import ExitCode
from harness.stored.gate import Kind
from tests.support.gates import gate, kinds, later, ran


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
