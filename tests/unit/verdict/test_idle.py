"""Entries that were in force and touched nothing, skips among them."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from harness.config.skiplists import Entry
from harness.model import Judgement, Status, Verdict
from harness.plan.cell import skip_paths
from harness.verdict.idle import Seen, unmatched
from tests.support.played import entry

FUNCTIONS = frozenset({"TestCopy", "TestMount", "TestMountOther", "TestUser"})


def name(function: str, params: str = "", below: str = "", worker: str = "oci") -> str:
    return f"TestIntegration/{function}/worker={worker}{params}/frontend=gateway{below}"


RAN = frozenset(
    {
        "TestIntegration",
        name("TestCopy"),
        name("TestUser", "/fileop=true"),
        name("TestUser", "/fileop=true", "/root"),
    }
)


def told(*entries: Entry, past: tuple[str, ...] = (), known: bool = True) -> list[int]:
    """Return the lines of the entries that touched nothing."""
    rows = [
        Judgement(name=one, verdict=Verdict.COMPATIBLE, control=(), candidate=(), entry=None)
        for one in sorted(RAN - {"TestIntegration"})
    ]
    seen = Seen(RAN, past, FUNCTIONS if known else frozenset(), "oci")
    return [int(ref.where.rpartition(":")[2]) for ref in unmatched(entries, rows, seen)]


def skip(test: str, line: int = 1, **changes: object) -> Entry:
    return replace(entry(test, Status.SKIP, line=line), **changes)


def test_an_entry_that_names_no_test_is_told_of() -> None:
    entries = (
        entry("TestCopy", Status.FLAKY, line=1),
        entry("TestNoSuch", Status.FLAKY, line=2),
        entry("TestUser/root", Status.FLAKY, line=3),
        entry("TestUser/nobody", Status.FLAKY, line=4),
    )
    assert told(*entries) == [2, 4]


@pytest.mark.parametrize("status", [Status.FLAKY, Status.SKIP])
def test_an_entry_for_another_worker_was_not_in_force(status: Status) -> None:
    other = replace(entry("TestNoSuch", status), worker=("containerd",))
    both = replace(entry("TestNoSuch", status, line=2), worker=("containerd", "oci"))
    assert told(other, both) == [2]


def test_a_skip_for_another_worker_takes_nothing_out() -> None:
    other = skip("TestMount", worker=("containerd",))
    assert skip_paths([other], "oci") == []
    assert skip_paths([other], "containerd") != []


@pytest.mark.parametrize(
    ("test", "idle"),
    [
        ("TestMount", False),
        ("TestMount*", False),
        ("TestMuont", True),
        ("TestIntegrat*", True),
        ("Test*", False),
    ],
)
def test_a_skip_takes_out_functions_that_the_sources_have_and_the_run_has_not(
    test: str,
    idle: bool,  # noqa: FBT001 - a column of the table
) -> None:
    assert told(skip(test)) == [1] * idle


def test_a_skip_of_what_ran_all_the_same_took_nothing_out() -> None:
    assert told(skip("TestCopy")) == [1]


@pytest.mark.parametrize(
    ("test", "params", "idle"),
    [
        ("TestUser", {"fileop": "false"}, False),
        ("TestCopy", {"fileop": "false"}, True),
        ("TestMount", {"fileop": "false"}, False),
    ],
)
def test_a_skip_by_matrix_values_needs_a_function_that_has_them(
    test: str,
    params: dict[str, str],
    idle: bool,  # noqa: FBT001 - a column of the table
) -> None:
    assert told(skip(test, params=params)) == [1] * idle


def test_of_subtests_recent_runs_can_tell() -> None:
    past = (name("TestCopy"), name("TestCopy", below="/linux"), name("TestCopy", below="/windows"))
    entries = (skip("TestCopy/windows", 1), skip("TestCopy/widnows", 2), skip("TestCopy/*", 3))
    assert told(*entries, past=past) == [2]
    assert told(*entries) == []


def test_without_the_sources_a_skip_counts_as_one_that_took_something_out() -> None:
    assert told(skip("TestNoSuch"), known=False) == []


def test_one_name_of_several_that_took_something_out_is_enough() -> None:
    two = replace(skip("TestNoSuch"), test=("TestNoSuch", "TestMount"))
    assert told(two) == []
