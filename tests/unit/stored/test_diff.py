"""A difference holds what two runs do not say the same of, and nothing else."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from harness.model import Judgement, Pair, Run, Verdict
from harness.model.matrix import CellResult, CellState
from harness.repository.stories import CommitLine, Range
from harness.stored import report
from harness.stored.diff import Diff, compare
from tests.support import factories, nights
from tests.support.gates import OTHER, PAIR, SIDES, judged, ran, run_of, stored, undone

Golden = Callable[[str, str], None]
Cell = tuple[CellResult, Run | None]


def diff(before: list[Cell], after: list[Cell]) -> Diff:
    return compare(stored(before), before, stored(after), after)


def changes(found: Diff) -> dict[str, tuple[Verdict | None, Verdict | None]]:
    return {
        row.name: (
            row.before.verdict if row.before else None,
            row.after.verdict if row.after else None,
        )
        for cell in found.cells
        for row in cell.tests
    }


def test_equal_runs_do_not_differ() -> None:
    cells: list[Cell] = [ran(judged("TestFoo", Verdict.REGRESSED)), ran(pair=OTHER)]
    found = diff(cells, cells)
    assert not found.changed
    assert found.compared == 2
    assert report.headline(found) == "nothing changed in 2 cells"


def test_a_test_whose_verdict_changed_is_told_with_both_sides() -> None:
    found = diff(
        [ran(judged("TestFoo", Verdict.COMPATIBLE))], [ran(judged("TestFoo", Verdict.REGRESSED))]
    )
    (cell,) = found.cells
    (row,) = cell.tests
    assert row.name == factories.full_name("TestFoo")
    assert row.before
    assert row.after
    assert (row.before.verdict, row.before.candidate, row.before.error) == (
        *(Verdict.COMPATIBLE, "pass"),
        "",
    )
    assert (row.after.verdict, row.after.candidate, row.after.error) == (
        *(Verdict.REGRESSED, "fail"),
        "it broke",
    )
    assert cell.before
    assert cell.after
    assert (cell.before.verdict, cell.after.verdict) == (Verdict.COMPATIBLE, Verdict.REGRESSED)


def test_tests_that_came_and_went_are_told() -> None:
    found = diff(
        [ran(judged("TestOld", Verdict.COMPATIBLE))], [ran(judged("TestNew", Verdict.COMPATIBLE))]
    )
    assert changes(found) == {
        factories.full_name("TestNew"): (None, Verdict.COMPATIBLE),
        factories.full_name("TestOld"): (Verdict.COMPATIBLE, None),
    }


def test_another_failure_of_the_same_verdict_is_a_change() -> None:
    before = judged("TestFoo", Verdict.REGRESSED)
    failed = replace(before.candidate[0], fingerprint="another", error="otherwise")
    found = diff([ran(before)], [ran(replace(before, candidate=(failed,)))])
    assert found.cells[0].tests[0].differently
    assert "regressed, in another way" in report.render(found)


@pytest.mark.parametrize(
    "changed",
    [
        {"fingerprint": "another"},
        {"error": "lease 8ahxtash1wwibg20eikd24g21 is gone, at 10.0.0.7:4711"},
    ],
)
def test_a_failure_that_moved_in_the_source_or_names_another_id_is_no_change(
    changed: dict[str, str],
) -> None:
    error = "lease dw10ej6js6vlcm7yzghxkzb6e is gone, at 10.0.0.9:4242"
    before = judged("TestFoo", Verdict.REGRESSED, error)
    after = replace(before, candidate=(replace(before.candidate[0], **changed),))
    assert not diff([ran(before)], [ran(after)]).changed


def test_times_and_numbers_of_attempts_are_no_change() -> None:
    row = judged("TestFoo", Verdict.REGRESSED)
    slower = replace(row.candidate[0], seconds=99.0)
    again = replace(row, candidate=(slower, slower), control=row.control * 2)
    assert not diff([ran(row)], [ran(again)]).changed


def test_cells_that_came_and_went_are_told() -> None:
    third = nights.pair(suite=nights.commit("v0.20.0"))
    found = diff([ran(), ran(pair=OTHER)], [ran(), ran(pair=third)])
    ends = {cell.id: (cell.before is None, cell.after is None) for cell in found.cells}
    assert ends == {
        nights.cell_id(third): (True, False),
        nights.cell_id(OTHER): (False, True),
    }
    assert found.compared == 3


def test_a_cell_that_lost_its_result_is_told() -> None:
    found = diff([ran(), ran(pair=OTHER)], [ran(), undone(CellState.MISSING)])
    (cell,) = found.cells
    assert cell.after
    assert cell.after.state is CellState.MISSING
    assert cell.tests == ()
    assert "compatible → missing" in report.render(found)


def test_a_cell_that_failed_says_why() -> None:
    found = diff([ran(), ran(pair=OTHER)], [ran(), undone(CellState.FAILED, "no\x1b[2J space")])
    assert "compatible → failed\n  after   no␛[2J space\n" in report.render(found)


def test_two_single_runs_are_compared_whatever_their_pairs() -> None:
    found = diff([ran()], [ran(judged("TestFoo", Verdict.REGRESSED), pair=OTHER)])
    (cell,) = found.cells
    assert (cell.before, cell.after) != (None, None)
    assert [row.name for row in cell.tests] == [factories.full_name("TestFoo")]
    assert "v0.6.4 × master (oci) → v0.12.5 × master (oci)" in report.render(found)  # noqa: RUF001


def test_names_that_moved_are_told() -> None:
    moved = nights.pair(frontend=replace(factories.FRONTEND, sha="f" * 40))
    found = diff([ran()], [ran(pair=moved)])
    assert found.commits == {"master": (factories.FRONTEND.sha, "f" * 40)}
    assert not found.changed
    assert "commit  master: 73ed6825c0ff → ffffffffffff" in report.render(found)


VERDICTS = st.sampled_from(sorted(SIDES))
RUNS = st.dictionaries(st.sampled_from(["TestA", "TestB", "TestC"]), VERDICTS)


@given(RUNS, RUNS)
def test_both_directions_hold_the_same(
    first: dict[str, Verdict], second: dict[str, Verdict]
) -> None:
    one, other = _cells(first), _cells(second)
    there, back = changes(diff(one, other)), changes(diff(other, one))
    assert there == {name: (old, new) for name, (new, old) in back.items()}
    names = first.keys() | second.keys()
    assert {name.split("/")[1] for name in there} == {
        name for name in names if first.get(name) != second.get(name)
    }


def _cells(verdicts: dict[str, Verdict], pair: Pair = PAIR) -> list[Cell]:
    return [ran(*(judged(name, verdict) for name, verdict in verdicts.items()), pair=pair)]


# How it is told


def _nights() -> tuple[list[Cell], list[Cell]]:
    third = nights.pair(suite=nights.commit("v0.20.0"))
    fourth = nights.pair(suite=nights.commit("v0.21.0"))
    before: list[Cell] = [
        ran(
            judged("TestMountRWCache", Verdict.COMPATIBLE),
            judged("TestSecretMounts", Verdict.REGRESSED, "no such secret"),
            judged("TestGone", Verdict.COMPATIBLE),
        ),
        ran(pair=OTHER),
        ran(pair=third),
    ]
    moved = nights.pair(frontend=replace(factories.FRONTEND, sha="f" * 40))
    after: list[Cell] = [
        ran(
            judged("TestMountRWCache", Verdict.REGRESSED, factories.UNEQUAL_ERROR),
            judged("TestSecretMounts", Verdict.COMPATIBLE),
            pair=moved,
        ),
        undone(CellState.FAILED, "no space left"),
        ran(judged("TestNew", Verdict.KNOWN), pair=fourth),
    ]
    return before, after


def test_a_difference_is_told_as_it_was_read(golden: Golden) -> None:
    found = diff(*_nights())
    golden("diff/nights.txt", report.render(found))
    golden("diff/nights.json", json.dumps(report.as_json(found), indent=2) + "\n")


def _line(sha: str, subject: str, author: str = "Somebody") -> CommitLine:
    return CommitLine(sha=sha * 40, day="2026-11-20", author=author, subject=subject, pull=None)


def test_what_lies_between_the_commits_is_told_where_it_is_known(golden: Golden) -> None:
    found = replace(diff(*_nights()), commits={"master": ("1" * 40, "f" * 40)})
    merge = "Merge pull request #5909 from somebody/branch"
    hostile = _line("e", "##[error]\x1b[2J\u202e", "a\nb")
    between = Range(
        before=_line("1", "Before"),
        after=_line("f", merge),
        ahead=7,
        behind=2,
        newest=(_line("f", merge), hostile, *(_line(sha, "More") for sha in "abcd")),
        files=31,
        folders={"vendor": 30, ".": 1},
    )
    golden("diff/commits.txt", report.render(found, {"master": between}))
    (told,) = report.as_json(found, {"master": between})["commits"].values()
    assert (told["range"]["ahead"], len(told["range"]["newest"])) == (7, 6)
    assert "does not have both" in report.render(found, {"master": None})
    assert report.as_json(found, {"master": None})["commits"]["master"]["range"] is None


def test_hostile_names_are_told_as_they_were_read(golden: Golden) -> None:
    hostile = replace(factories.hostile_run(), pair=PAIR)
    text = report.render(diff([nights.done(run_of(PAIR))], [nights.done(hostile)]))
    assert all(line.isprintable() for line in text.split("\n"))
    golden("diff/hostile.txt", text)


def test_colours_add_nothing_but_colours() -> None:
    found = diff(*_nights())
    coloured = report.render(found, color=True)
    assert "\x1b[" in coloured
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == report.render(found)


@pytest.mark.parametrize("name", ["##[error]x", "::error::x"])
def test_a_ci_obeys_no_name(name: str) -> None:
    row: Judgement = judged("TestFoo", Verdict.REGRESSED)
    hostile = run_of(PAIR, replace(row, name=name))
    text = report.render(diff([ran()], [nights.done(hostile)]))
    assert "##[" not in text
    assert not any(line.strip().startswith("::") for line in text.splitlines())


def test_the_worst_of_a_flood_is_told_first() -> None:
    rows = [judged(f"Test{number}", Verdict.COMPATIBLE) for number in range(60)]
    found = diff([ran()], [ran(*rows, judged("TestLast", Verdict.REGRESSED))])
    text = report.render(found)
    assert text.splitlines()[4].startswith("  ✗ TestLast")
    assert "… and 11 more" in text
