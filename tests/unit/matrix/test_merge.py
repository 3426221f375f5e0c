"""Shards are joined whole, and nothing that is missing, foreign or damaged passes for a result."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from harness.errors import UsageError
from harness.journal import cells, read_matrix, read_plan, write_matrix
from harness.matrix.merge import merge
from harness.matrix.parts import read_parts
from harness.model import Run, Verdict
from harness.model.matrix import CellState, MatrixRun, Plan, Shard
from tests.support import factories, stored_matrices

PLAN = stored_matrices.plan(("v0.6.4", "v0.8.3", "v0.9.3"), ("master", "v0.12.0"))
IDS = [cell.id for cell in PLAN.cells]
RESULTS: dict[str, Run] = {
    **dict.fromkeys(IDS, factories.compatible_run()),
    IDS[1]: factories.regressed_run(),
    IDS[3]: factories.every_verdict_run(),
}


def shard(
    place: Path,
    index: int,
    *,
    total: int = 3,
    plan: Plan = PLAN,
    lost: tuple[str, ...] = (),
    results: Mapping[str, Run] = RESULTS,
    **changes: object,
) -> Path:
    """Store a shard of every third cell; `lost` cells gave no result."""
    folder = place / f"nightly-shard-{index}" / "20261123-200000-ab12"
    mine = [cell for cell in plan.cells if plan.cells.index(cell) % total == index - 1]
    found = {cell.id: results[cell.id] for cell in mine if cell.id not in lost}
    _, made = stored_matrices.store(folder, plan, found)
    rows = tuple(row for row in made.cells if row.id in {cell.id for cell in mine})
    values = {
        "cells": rows,
        "shard": Shard(index=index, total=total),
        "id": f"2026-{index}",
        "started": f"2026-11-23T20:0{index}:00Z",
        **changes,
    }
    write_matrix(folder, replace(made, **values))
    return folder


def three(place: Path) -> list[Path]:
    return [shard(place, index) for index in (1, 2, 3)]


def joined(folders: list[Path], out: Path) -> MatrixRun:
    return merge(read_parts(folders), out)


def edit(folder: Path, change: Callable[[Any], object], name: str = "matrix.json") -> None:
    file = folder / name
    content = json.loads(file.read_text("utf-8"))
    change(content)
    file.write_text(json.dumps(content), "utf-8")


def link_away(folder: Path) -> None:
    away = folder.rename(folder.parents[1] / "away")
    folder.symlink_to(away)


def test_shards_become_what_one_machine_would_have_made(tmp_path: Path) -> None:
    out = tmp_path / "merged"
    made = joined(three(tmp_path), out)
    whole, expected = stored_matrices.store(tmp_path / "whole", PLAN, RESULTS)
    assert made.cells == expected.cells
    assert (made.verdict, made.exit_code) == (expected.verdict, expected.exit_code)
    assert made.shard is None
    assert made.warnings == ()
    assert read_matrix(out) == made
    assert read_plan(out) == PLAN
    assert [run for _, run in cells(out)] == [run for _, run in cells(whole)]
    assert made.started == "2026-11-23T20:01:00Z"
    assert made.seconds == 1200 + 2 * 60


def test_the_shards_are_left_as_they_were(tmp_path: Path) -> None:
    folders = three(tmp_path)
    before = {path: path.read_bytes() for f in folders for path in f.rglob("*") if path.is_file()}
    joined(folders, tmp_path / "merged")
    assert {path: path.read_bytes() for path in before} == before


def test_folders_that_hold_shards_may_be_named(tmp_path: Path) -> None:
    three(tmp_path / "artefacts")
    made = joined([tmp_path / "artefacts"], tmp_path / "merged")
    assert {row.state for row in made.cells} == {CellState.DONE}


def test_the_order_of_the_arguments_does_not_matter(tmp_path: Path) -> None:
    folders = three(tmp_path)
    one, other = (
        joined(list(order), tmp_path / name)
        for name, order in (("a", folders), ("b", folders[::-1]))
    )
    assert one == other
    assert (tmp_path / "a" / "matrix.json").read_bytes() == (
        tmp_path / "b" / "matrix.json"
    ).read_bytes()


def test_another_machine_is_said_by_saying_none(tmp_path: Path) -> None:
    hosts = [stored_matrices.host(kernel) for kernel in ("6.1", "6.1", "6.9")]
    folders = [shard(tmp_path, n, host=host) for n, host in enumerate(hosts, 1)]
    assert joined(folders, tmp_path / "all").host is None
    two = joined(folders[:2], tmp_path / "two").host
    assert two is not None
    assert two.kernel == "6.1"


# What is missing


def test_a_missing_shard_is_missing_and_never_green(tmp_path: Path) -> None:
    folders = three(tmp_path)
    made = joined([folders[0], folders[2]], tmp_path / "merged")
    states = {row.id: row.state for row in made.cells}
    assert [states[name] for name in IDS] == [
        CellState.DONE if n % 3 != 1 else CellState.MISSING for n in range(6)
    ]
    assert made.exit_code == 1  # another cell regressed
    assert "shard 2/3 is missing" in made.warnings
    assert f"2 cells of these gave no result: {IDS[1]}, {IDS[4]}" in made.warnings


def test_a_missing_shard_alone_is_indeterminate(tmp_path: Path) -> None:
    made = joined([shard(tmp_path, 1), shard(tmp_path, 3)], tmp_path / "merged")
    green = replace(made, cells=tuple(row for row in made.cells if row.id != IDS[3]))
    assert {row.verdict for row in green.cells} == {Verdict.COMPATIBLE, Verdict.INDETERMINATE}
    folders = [shard(tmp_path / "again", 3)]
    assert joined(folders, tmp_path / "one").exit_code == 3


def test_a_cell_that_a_shard_did_not_get_to_is_missing(tmp_path: Path) -> None:
    folders = [
        shard(tmp_path, 1, lost=(IDS[3],), interrupted=True),
        shard(tmp_path, 2),
        shard(tmp_path, 3, warnings=("no image cache",)),
    ]
    made = joined(folders, tmp_path / "merged")
    assert {row.id for row in made.cells if row.state is CellState.MISSING} == {IDS[3]}
    assert made.warnings == (
        f"shard 1/3 ({folders[0]}) was interrupted",
        f"shard 1/3 ({folders[0]}) has no result of 1 cells: {IDS[3]}",
        "no image cache",
    )


def test_shards_that_were_divided_otherwise_leave_cells_nowhere(tmp_path: Path) -> None:
    folders = three(tmp_path)
    edit(folders[1], lambda it: it["cells"].pop())
    made = joined(folders, tmp_path / "merged")
    assert made.warnings == (f"1 cells gave no result: {IDS[4]}",)


# The same cell twice


def test_the_same_result_twice_is_one(tmp_path: Path) -> None:
    folders = [*three(tmp_path / "a"), shard(tmp_path / "b", 2)]
    made = joined(folders, tmp_path / "merged")
    assert len(made.cells) == 6
    assert {row.state for row in made.cells} == {CellState.DONE}


def test_a_result_stands_before_none(tmp_path: Path) -> None:
    folders = [*three(tmp_path / "a"), shard(tmp_path / "b", 2, lost=(IDS[1],))]
    assert {row.state for row in joined(folders, tmp_path / "m").cells} == {CellState.DONE}


def test_two_different_results_are_an_error_with_both_places(tmp_path: Path) -> None:
    folders = [*three(tmp_path / "a"), shard(tmp_path / "b", 2)]
    run = folders[3] / "cells" / IDS[1] / "run.json"
    run.write_bytes(run.read_bytes() + b"\n")
    with pytest.raises(UsageError, match=f"different results for cell {IDS[1]}") as caught:
        joined(folders, tmp_path / "merged")
    assert str(folders[1]) in str(caught.value)
    assert str(folders[3]) in str(caught.value)


# A shard that was run again


LATER = "2026-11-23T22:00:00Z"
MENDED = {**RESULTS, IDS[1]: factories.regressed_run(), IDS[4]: factories.compatible_run()}
BROKEN = {**RESULTS, IDS[1]: factories.compatible_run(), IDS[4]: factories.regressed_run()}


def verdicts(made: MatrixRun) -> dict[str, Verdict]:
    return {row.id: row.verdict for row in made.cells}


def left_out(new: Path, old: Path) -> str:
    return (
        f"shard 2/3 ({new}), begun {LATER}, was run again: "
        f"{old}, begun 2026-11-23T20:02:00Z, is left out"
    )


def test_of_a_shard_that_was_run_again_the_newest_attempt_counts_and_the_other_is_told(
    tmp_path: Path,
) -> None:
    one, three_ = shard(tmp_path, 1), shard(tmp_path, 3)
    old = shard(tmp_path / "attempt-1", 2, results=BROKEN, warnings=("no disk",))
    new = shard(tmp_path / "attempt-2", 2, results=MENDED, started=LATER, id="2026-again")
    made = joined([one, old, three_, new], tmp_path / "merged")
    assert verdicts(made)[IDS[1]] is Verdict.REGRESSED
    assert verdicts(made)[IDS[4]] is Verdict.COMPATIBLE
    assert made.warnings == (left_out(new, old),)
    # However they are named: a folder that is called older may hold the newer.
    assert joined([new, three_, one, old], tmp_path / "again") == made


def test_what_the_newest_attempt_did_not_finish_is_of_the_one_before_and_told(
    tmp_path: Path,
) -> None:
    old = shard(tmp_path / "attempt-1", 2, results=BROKEN, host=stored_matrices.host("6.9"))
    cut = shard(tmp_path / "attempt-2", 2, lost=(IDS[4],), started=LATER, interrupted=True)
    made = joined([shard(tmp_path, 1), old, shard(tmp_path, 3), cut], tmp_path / "merged")
    assert verdicts(made)[IDS[1]] is Verdict.REGRESSED  # the newest's, which the older lacks
    assert verdicts(made)[IDS[4]] is Verdict.REGRESSED  # never lost with the attempt
    assert made.warnings == (
        left_out(cut, old),
        f"shard 2/3 ({cut}) did not finish 1 cells, which are taken from {old}: {IDS[4]}",
        f"shard 2/3 ({cut}) was interrupted",
    )
    assert [run for row, run in cells(tmp_path / "merged") if row.id == IDS[4]] != [None]


def test_a_cell_that_no_attempt_finished_is_missing(tmp_path: Path) -> None:
    attempts = [
        shard(tmp_path / str(n), 2, lost=(IDS[4],), started=f"2026-11-23T2{n}:00:00Z")
        for n in (0, 1, 2)
    ]
    made = joined([shard(tmp_path, 1), shard(tmp_path, 3), *attempts], tmp_path / "merged")
    assert {row.id for row in made.cells if row.state is CellState.MISSING} == {IDS[4]}
    assert f"was run again: {attempts[0]}, begun" in made.warnings[1]


def test_an_attempt_that_was_taken_up_again_counts_as_it_is_in_the_end(tmp_path: Path) -> None:
    begun = shard(tmp_path / "1", 2, results=BROKEN, lost=(IDS[4],), seconds=60.0)
    ended = shard(tmp_path / "2", 2, results=BROKEN, seconds=900.0)
    made = joined([shard(tmp_path, 1), begun, ended, shard(tmp_path, 3)], tmp_path / "merged")
    assert verdicts(made)[IDS[4]] is Verdict.REGRESSED
    assert f"was run again: {begun}, begun" in made.warnings[0]


def test_another_attempt_of_another_plan_is_refused(tmp_path: Path) -> None:
    new = shard(tmp_path / "2", 2, started=LATER)
    edit(new, lambda it: it["plan"].update(digest="0" * 64))
    (new / "plan.json").unlink()
    with pytest.raises(UsageError, match="of different plans"):
        read_parts([*three(tmp_path / "1"), new])


def test_whole_runs_of_one_plan_are_no_attempts_of_each_other(tmp_path: Path) -> None:
    one, _ = stored_matrices.store(tmp_path / "1", PLAN, RESULTS)
    other, _ = stored_matrices.store(tmp_path / "2", PLAN, BROKEN, started=LATER)
    with pytest.raises(UsageError, match="different results"):
        joined([one, other], tmp_path / "merged")


# What is refused, with nothing written


BAD: dict[str, tuple[Callable[[Path], object], str]] = {
    "another plan": (
        lambda it: edit(it, lambda m: m["plan"].update(digest="0" * 64)),
        "of different plans",
    ),
    "other cells under the same digest": (
        lambda it: edit(it, lambda m: m["plan"]["cells"][0].update(timeout=1.0)),
        "different things of the cells",
    ),
    "another division": (
        lambda it: edit(it, lambda m: m["shard"].update(total=4)),
        "different divisions: shard 1/3 and shard 2/4",
    ),
    "another schema": (lambda it: edit(it, lambda m: m.update(schema=2)), "schema version 2"),
    "matrix.json cut off": (
        lambda it: os.truncate(it / "matrix.json", 500),
        r"matrix\.json: not readable as JSON",
    ),
    "plan.json cut off": (
        lambda it: os.truncate(it / "plan.json", 500),
        r"plan\.json: not readable as JSON",
    ),
    "plan.json of another run": (
        lambda it: edit(it, lambda m: m.update(digest="0" * 64), "plan.json"),
        r"plan\.json and matrix\.json are of different plans",
    ),
    "run.json cut off": (
        lambda it: os.truncate(it / "cells" / IDS[1] / "run.json", 500),
        r"run\.json: not readable as JSON",
    ),
    "run.json gone": (
        lambda it: (it / "cells" / IDS[1] / "run.json").unlink(),
        r"it has no run\.json",
    ),
    "a verdict that was made green": (
        lambda it: edit(it, lambda m: m["cells"][0].update(verdict="compatible")),
        "its verdict is regressed",
    ),
    "a run elsewhere": (
        lambda it: edit(it, lambda m: m["cells"][0].update(run="../../../etc")),
        r"matrix\.json: .* at `\$\.cells\[0\]\.run`",
    ),
    "a run in another place": (
        lambda it: edit(it, lambda m: m["cells"][0].update(run="other/place")),
        "its run lies in 'other/place'",
    ),
    "a cell that is a link": (
        lambda it: link_away(it / "cells" / IDS[1]),
        "leads out of the folder",
    ),
    "a log that is a link": (
        lambda it: (it / "cells" / IDS[1] / "raw.log").symlink_to("/etc/passwd"),
        r"raw\.log is a symbolic link",
    ),
    "a log that is a pipe": (
        lambda it: os.mkfifo(it / "cells" / IDS[1] / "raw.log"),
        r"raw\.log is no plain file",
    ),
    "folders without an end": (
        lambda it: (it / "cells" / IDS[1] / "/".join("abcdefghij")).mkdir(parents=True),
        "nested too deeply",
    ),
    "a time that is none": (
        lambda it: edit(it, lambda m: m.update(started="yesterday")),
        "'yesterday' is no time",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_refused_is_named_and_nothing_is_written(name: str, tmp_path: Path) -> None:
    place = tmp_path / "place"
    folders = three(place / "shards")
    spoil, complaint = BAD[name]
    spoil(folders[1])
    with pytest.raises(UsageError, match=complaint) as caught:
        joined(folders, place / "merged")
    assert str(folders[1]) in str(caught.value)
    assert [path.name for path in place.iterdir()] == ["shards"]


def test_a_folder_without_shards_is_named(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="empty holds no shard"):
        read_parts([shard(tmp_path, 1), tmp_path / "empty"])


def test_what_is_at_the_destination_is_not_overwritten(tmp_path: Path) -> None:
    folders = three(tmp_path / "shards")
    out = tmp_path / "merged"
    out.mkdir()
    joined(folders, out)  # an empty folder may be there
    before = (out / "matrix.json").read_bytes()
    with pytest.raises(UsageError, match="is there already"):
        joined(folders, out)
    assert (out / "matrix.json").read_bytes() == before
    (tmp_path / "link").symlink_to("nowhere")
    with pytest.raises(UsageError, match="is there already"):
        joined(folders, tmp_path / "link")


def test_files_are_linked_where_that_is_possible_and_copied_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = three(tmp_path / "shards")
    run = folders[0] / "cells" / IDS[0] / "run.json"
    joined(folders, tmp_path / "linked")
    assert run.samefile(tmp_path / "linked" / "cells" / IDS[0] / "run.json")

    def refuse(*_args: object, **_kwargs: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuse)
    joined(folders, tmp_path / "copied")
    copied = tmp_path / "copied" / "cells" / IDS[0] / "run.json"
    assert not run.samefile(copied)
    assert run.read_bytes() == copied.read_bytes()
