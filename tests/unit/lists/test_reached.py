"""Which entries can come to bear, and which stand in vain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.config.conditions import Commits, Condition, Versions
from harness.config.datadir import find_data
from harness.config.lines import load_lines
from harness.config.series import Patch
from harness.config.skiplists import Entry
from harness.lists.applied import claims
from harness.lists.check import unnamed
from harness.lists.contrary import contrary
from harness.lists.kinds import Kind
from harness.lists.reached import Reaching
from harness.model import Channel, Commit, Side, Status
from harness.repository.git import Git
from tests.support.floors import floor
from tests.support.played import entry

MENDED = "a" * 40
EARLIER = "b" * 40
"""In the history of the one before."""
HAS_MENDED = f"`contains: {{daemon: {MENDED[:12]}}}`"
LACKS_EARLIER = f"`lacks: {{daemon: {EARLIER[:12]}}}`"
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


OLD, MIDDLE, NEW = _kind("0.6.0"), _kind("0.8.0", EARLIER), _kind("0.12.0", EARLIER, MENDED)
FUNCTIONS = {"0.6.0": {"TestOld", "TestCopy"}, "0.8.0": {"TestCopy"}, "0.12.0": {"TestCopy"}}


def _functions(shas: Sequence[str]) -> Iterator[frozenset[str]]:
    yield from (frozenset(FUNCTIONS[sha]) for sha in shas)


def _told(*entries: Entry) -> list[tuple[int, str]]:
    reaching = Reaching(LINES, (OLD, MIDDLE, NEW), _functions)
    found = reaching.unreached(entries)
    return [(int(it.where.split(":")[1]), it.what) for it in found]


def _entry(test: str, line: int = 1, when: Condition | None = None, **more: object) -> Entry:
    return replace(entry(test, Status.FLAKY, line=line), when=when or Condition(), **more)


def test_an_entry_that_can_hold_for_a_test_is_reached() -> None:
    lacking = Condition(lacks=Commits(daemon=(MENDED,)), contains=Commits(frontend=(MENDED,)))
    assert _told(_entry("TestOld", when=lacking), _entry("TestCo*", 2)) == []


def test_what_a_test_needs_and_how_it_fails_where_it_runs_do_not_hide_one_another() -> None:
    needs = replace(entry("TestCopy", Status.UNAVAILABLE, line=1), when=Condition())
    fails = _entry("TestCopy", 2)
    assert _told(needs, fails) == []
    assert _told(fails, replace(needs, place=fails.place)) == []
    assert [line for line, _ in _told(fails, _entry("TestCopy", 3))] == [3]


@pytest.mark.parametrize(
    ("when", "what"),
    [
        (
            Condition(contains=Commits(daemon=(MENDED,)), daemon=Versions("<0.8")),
            f"daemon or tests: no commit meets both `daemon: <0.8` and {HAS_MENDED}",
        ),
        (
            Condition(contains=Commits(daemon=(MENDED,)), lacks=Commits(daemon=(EARLIER,))),
            f"daemon or tests: no commit meets both {HAS_MENDED} and {LACKS_EARLIER}",
        ),
        (
            Condition(frontend=Versions(">=0.30")),
            "frontend: no commit meets `frontend: >=0.30`",
        ),
        (
            Condition(dockerfile=Versions(">=1.5"), frontend=Versions(">=0.6")),
            "frontend: no commit meets `dockerfile: >=1.5`",
        ),
        (Condition(channel=(Channel.MAINLINE,)), "frontend"),
        (Condition(tests=Versions(">=0.30")), "tests: no commit meets `tests: >=0.30`"),
        (Condition(worker=("nobody",)), "tests"),
    ],
)
def test_a_condition_that_no_commit_meets_is_told(when: Condition, what: str) -> None:
    assert _told(_entry("TestCopy", when=when)) == [(1, f"holds for no commit as {what}")]


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
        (2, "TestCopy: skiplists/x.yaml:1:5 stands before it and holds for all of it")
    ]
    assert _told(narrow, wide) == []


@pytest.mark.parametrize(
    "more",
    [
        {"worker": ("oci",)},
        {"params": {"fileop": "true"}},
        {"when": Condition(offline=True)},
        {"when": Condition(engine=True)},
        {"when": Condition(backend=("docker",))},
        {"when": Condition(frontend=Versions(">=0.12"))},
        {"test": ("TestCopy/below",)},
    ],
)
def test_an_entry_behind_a_narrower_one_is_reached(more: dict[str, object]) -> None:
    assert _told(replace(_entry("TestCopy"), **more), _entry("TestCopy", 2)) == []


def test_a_patch_for_no_commit_is_told_with_what_contradicts_what() -> None:
    when = Condition(contains=Commits(daemon=(MENDED,)), lacks=Commits(daemon=(EARLIER,)))
    patch = Patch(
        name="v0.6/some.patch",
        side=Side.SUITE,
        condition=when,
        reason="r",
        link="https://example.com/1",
        path=Path("/nowhere/some.patch"),
        sha256="",
        text=b"",
        where="patches/v0.6/series.yaml:2:5",
    )
    claimed, (told,) = claims(Git(Path("/nowhere")), [patch], (OLD, MIDDLE, NEW))
    assert [it.commits for it in claimed] == [0]
    both = f"no commit meets both {HAS_MENDED} and {LACKS_EARLIER}"
    assert (told.where, told.what) == (patch.where, f"{patch.name} is for no commit: {both}")


def test_a_condition_whose_parts_agree_has_none_to_blame() -> None:
    kinds = (OLD, MIDDLE, NEW)
    between = Condition(contains=Commits(daemon=(EARLIER,)), lacks=Commits(daemon=(MENDED,)))
    assert contrary(between, "daemon", kinds) == ""
    assert contrary(Condition(), "frontend", kinds) == ""


def test_a_floor_whose_test_is_nowhere_is_told_and_no_more_is_read_than_it_takes() -> None:
    def names() -> Iterator[frozenset[str]]:
        yield frozenset({"TestScenarioChmod"})
        yield frozenset({"TestCopy"})
        pytest.fail("all names are known by now")

    there = [floor("TestCopy/sub", "v0.12"), floor("TestScenarioChmod", "v0.12")]
    assert list(unnamed(there, names())) == []
    (told,) = unnamed([floor("TestGone", "v0.12"), there[0]], iter([frozenset({"TestCopy"})]))
    assert (told.where, told.what.partition(":")[0]) == ("floors/v0.12.yaml:7:5", "TestGone")
