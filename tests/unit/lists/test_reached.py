"""Which entries can come to bear, and which stand in vain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from msgspec.structs import replace

from harness.config.conditions import Commits, Condition, Versions
from harness.config.datadir import find_data
from harness.config.lines import load_lines
from harness.config.skiplists import Entry
from harness.lists.kinds import Kind
from harness.lists.reached import Reaching
from harness.model import Channel, Commit, Status
from tests.support.played import entry

MENDED = "a" * 40
LINES = load_lines(find_data(None, {}).lines_file)


def _kind(version: str, *holds: str, suite: bool = True) -> Kind:
    line = f"v{version.rpartition('.')[0]}"
    commit = Commit(
        asked=line,
        ref=line,
        sha=version,
        date="2026-11-23",
        line=line,
        version=version,
        dockerfile="1.4.0",
    )
    return Kind(commit, (version,), suite, (Channel.LABS,), frozenset(holds))


OLD, MIDDLE, NEW = _kind("0.6.0"), _kind("0.8.0"), _kind("0.12.0", MENDED)
FUNCTIONS = {"0.6.0": {"TestOld", "TestCopy"}, "0.8.0": {"TestCopy"}, "0.12.0": {"TestCopy"}}


def _functions(shas: Sequence[str]) -> Iterator[frozenset[str]]:
    yield from (frozenset(FUNCTIONS[sha]) for sha in shas)


def _told(*entries: Entry) -> list[tuple[int, str]]:
    reaching = Reaching(LINES, (OLD, MIDDLE, NEW), _functions)
    found = reaching.unreached(entries)
    return [(int(it.where.rpartition(":")[2]), it.what) for it in found]


def _entry(test: str, line: int = 1, when: Condition | None = None, **more: object) -> Entry:
    return replace(entry(test, Status.FLAKY, line=line), when=when or Condition(), **more)


def test_an_entry_that_can_hold_for_a_test_is_reached() -> None:
    lacking = Condition(lacks=Commits(daemon=(MENDED,)), contains=Commits(frontend=(MENDED,)))
    assert _told(_entry("TestOld", when=lacking), _entry("TestCo*", 2)) == []


@pytest.mark.parametrize(
    ("when", "side"),
    [
        (Condition(contains=Commits(daemon=(MENDED,)), daemon=Versions("<0.8")), "daemon or tests"),
        (Condition(frontend=Versions(">=0.30")), "frontend"),
        (Condition(channel=(Channel.MAINLINE,)), "frontend"),
        (Condition(tests=Versions(">=0.30")), "tests"),
        (Condition(worker=("nobody",)), "tests"),
    ],
)
def test_a_condition_that_no_commit_meets_is_told(when: Condition, side: str) -> None:
    assert _told(_entry("TestCopy", when=when)) == [(1, f"holds for no commit as {side}")]


def test_a_name_that_the_tests_do_not_have_is_told() -> None:
    newer = Condition(daemon=Versions(">=0.8"))
    ((line, what),) = _told(_entry("TestOld/below", 3, when=newer))
    assert (line, what.partition(":")[0]) == (3, "TestOld/below")


def test_tests_that_are_not_the_daemons_may_have_it() -> None:
    apart = Condition(daemon=Versions(">=0.8"), tests=Versions("<0.8"))
    assert _told(_entry("TestOld", when=apart)) == []


def test_an_entry_behind_one_that_holds_for_all_of_it_is_told() -> None:
    newer = Condition(daemon=Versions(">=0.8"))
    narrow = _entry("TestCopy", 2, when=newer)
    wide = _entry("Test*", 1)
    assert _told(wide, narrow) == [
        (2, "TestCopy: skiplists/x.yaml:1 stands before it and holds for all of it")
    ]
    assert _told(narrow, wide) == []


@pytest.mark.parametrize(
    "more",
    [
        {"worker": ("oci",)},
        {"params": {"fileop": "true"}},
        {"when": Condition(offline=True)},
        {"when": Condition(backend=("docker",))},
        {"when": Condition(frontend=Versions(">=0.12"))},
        {"test": ("TestCopy/below",)},
    ],
)
def test_an_entry_behind_a_narrower_one_is_reached(more: dict[str, object]) -> None:
    assert _told(replace(_entry("TestCopy"), **more), _entry("TestCopy", 2)) == []
