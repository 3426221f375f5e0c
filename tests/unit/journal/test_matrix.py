"""Stored matrix runs read back as they were written, and nothing else is believed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from harness.errors import ExitCode, UsageError
from harness.journal import cells, read_matrix, read_plan, write_matrix, write_run
from harness.journal.schema import matrix_schema
from harness.model import Run, Verdict
from harness.model.matrix import CellState, MatrixRun, Shard
from harness.verdict.overall import of_matrix
from tests.support import factories, stored_matrices


@pytest.fixture
def stored(tmp_path: Path) -> tuple[Path, MatrixRun]:
    """Return a stored matrix: a regressed cell, a compatible one, one that is missing."""
    plan = stored_matrices.plan(("v0.6.4", "v0.8.3"), ("master", "v0.12.0"))
    ids = [cell.id for cell in plan.cells]
    found = {ids[0]: factories.regressed_run(), ids[1]: factories.compatible_run()}
    return stored_matrices.store(tmp_path / "run", plan, found, shard=Shard(index=1, total=2))


def change(folder: Path, edit: Callable[[Any], object]) -> None:
    file = folder / "matrix.json"
    content = json.loads(file.read_text("utf-8"))
    edit(content)
    file.write_text(json.dumps(content), "utf-8")


def test_plan_and_matrix_read_back_equal(stored: tuple[Path, MatrixRun]) -> None:
    folder, matrix = stored
    assert read_plan(folder) == read_plan(folder / "plan.json") == matrix.plan
    assert read_matrix(folder) == read_matrix(folder / "matrix.json") == matrix


def test_what_is_written_satisfies_the_schema(stored: tuple[Path, MatrixRun]) -> None:
    described = matrix_schema()
    validator = jsonschema.Draft202012Validator(described)
    validator.validate(json.loads((stored[0] / "matrix.json").read_text("utf-8")))
    plan = {"$ref": "#/$defs/Plan", "$defs": described["$defs"]}
    content = json.loads((stored[0] / "plan.json").read_text("utf-8"))
    jsonschema.Draft202012Validator(plan).validate(content)


def test_cells_come_in_the_order_of_the_plan_with_their_runs(
    stored: tuple[Path, MatrixRun],
) -> None:
    folder, matrix = stored
    found = list(cells(folder))
    assert tuple(row for row, _ in found) == matrix.cells
    assert [run.judgements if run else None for _, run in found] == [
        factories.regressed_run().judgements,
        factories.compatible_run().judgements,
        None,
        None,
    ]
    assert [row.state for row, _ in found] == [CellState.DONE] * 2 + [CellState.MISSING] * 2


def test_cells_are_read_one_by_one(stored: tuple[Path, MatrixRun]) -> None:
    folder, matrix = stored
    (folder / matrix.cells[1].run / "run.json").write_text("{")
    stream = cells(folder)
    assert next(stream)[0].id == matrix.cells[0].id
    with pytest.raises(UsageError, match=r"run\.json: not readable as JSON"):
        next(stream)


@pytest.mark.parametrize(
    "run",
    [factories.regressed_run(), factories.every_verdict_run(), factories.empty_run()],
    ids=lambda run: run.id,
)
@pytest.mark.parametrize("name", ["", "run.json"])
def test_a_single_run_is_a_matrix_of_one_cell(tmp_path: Path, run: Run, name: str) -> None:
    folder = tmp_path / "single"
    folder.mkdir()
    write_run(folder, run)
    matrix = read_matrix(folder / name)
    [(row, found)] = cells(folder / name)
    assert found == run
    assert (row,) == matrix.cells
    assert matrix.plan.cells[0].pair == run.pair
    assert (matrix.verdict, matrix.exit_code, matrix.id) == (run.verdict, run.exit_code, run.id)
    # It passes the reader's own checks: it could have been stored as a matrix.
    write_matrix(tmp_path, matrix)
    assert read_matrix(tmp_path / "matrix.json") == matrix


def test_the_cell_of_a_single_run_has_a_name_that_is_safe(tmp_path: Path) -> None:
    run = factories.compatible_run()
    suite = replace(run.pair.suite, ref="../dockerfile/1.4 \x1b[1m" + "x" * 300)
    write_run(tmp_path, replace(run, pair=replace(run.pair, suite=suite)))
    matrix = read_matrix(tmp_path)
    write_matrix(tmp_path, matrix)
    assert read_matrix(tmp_path / "matrix.json").cells[0].id.startswith("dockerfile-1.4-")


def test_an_interrupted_single_run_is_an_interrupted_cell(tmp_path: Path) -> None:
    run = replace(factories.compatible_run(), interrupted=True, exit_code=ExitCode.INTERRUPTED)
    write_run(tmp_path, run)
    assert read_matrix(tmp_path).cells[0].state is CellState.INTERRUPTED


# What is refused


@pytest.mark.parametrize("name", ["", "matrix.json", "run.json", "other.txt"])
def test_what_is_no_run_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match="is not the folder of a run") as caught:
        read_matrix(tmp_path / name)
    assert str(tmp_path) in str(caught.value)


def test_a_folder_without_a_plan_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"it has no plan\.json"):
        read_plan(tmp_path)


@pytest.mark.parametrize(
    ("edit", "complaint"),
    [
        (lambda it: it.update(schema=9), "schema version 9"),
        (lambda it: it["cells"][0].update(id="../x"), r"\$\.cells\[0\]\.id"),
        (lambda it: it["cells"][0].update(id="x"), "cell x is not in its plan"),
        (lambda it: it["cells"].append(it["cells"][0]), "is there twice"),
        (lambda it: it["plan"]["cells"].append(it["plan"]["cells"][0]), "is there twice"),
        (lambda it: it["plan"]["builds"].append(it["plan"]["builds"][0]), "is there twice"),
        (lambda it: it["plan"]["builds"].clear(), "is not among the builds"),
        (lambda it: it["cells"][0].update(run=""), "is done but has no run"),
        (lambda it: it["cells"][0].update(state="fine"), r"\$\.cells\[0\]\.state"),
    ],
)
def test_a_matrix_that_contradicts_itself_is_refused(
    stored: tuple[Path, MatrixRun], edit: Callable[[Any], object], complaint: str
) -> None:
    folder, _ = stored
    change(folder, edit)
    with pytest.raises(UsageError, match=rf"matrix\.json: .*{complaint}"):
        read_matrix(folder)


OUTSIDE = ["..", "../elsewhere", "/etc", "cells/../../elsewhere", "cells/a\0b", "x/" * 500]


@pytest.mark.parametrize("where", [*OUTSIDE, "cells/link"])
def test_a_run_outside_of_the_folder_is_not_read(
    stored: tuple[Path, MatrixRun], where: str
) -> None:
    folder, _ = stored
    elsewhere = folder.parent / "elsewhere"
    elsewhere.mkdir()
    write_run(elsewhere, factories.compatible_run())
    (folder / "cells" / "link").symlink_to(elsewhere)
    change(folder, lambda it: it["cells"][0].update(run=where))
    told = r"leads out of the folder|matrix\.json: .* at `\$\.cells\[0\]\.run`"
    with pytest.raises(UsageError, match=told):
        list(cells(folder))


def test_a_run_that_is_a_link_to_a_file_elsewhere_is_not_read(
    stored: tuple[Path, MatrixRun],
) -> None:
    folder, matrix = stored
    file = folder / matrix.cells[0].run / "run.json"
    file.rename(folder.parent / "elsewhere.json")
    file.symlink_to(folder.parent / "elsewhere.json")
    with pytest.raises(UsageError, match=r"run\.json: is a symbolic link out of its folder"):
        list(cells(folder))


def test_the_folder_itself_may_be_reached_through_a_link(stored: tuple[Path, MatrixRun]) -> None:
    folder, _ = stored
    latest = folder.parent / "latest"
    latest.symlink_to(folder.name)
    assert len(list(cells(latest))) == 4


def test_the_run_of_another_pair_is_refused(stored: tuple[Path, MatrixRun]) -> None:
    folder, matrix = stored
    change(folder, lambda it: it["cells"][0].update(run=matrix.cells[1].run))
    with pytest.raises(UsageError, match="not the pair of cell"):
        list(cells(folder))


def test_a_verdict_that_is_not_that_of_the_run_is_refused(stored: tuple[Path, MatrixRun]) -> None:
    folder, _ = stored
    change(folder, lambda it: it["cells"][0].update(verdict="compatible"))
    with pytest.raises(UsageError, match=r"its verdict is regressed, but matrix\.json says"):
        list(cells(folder))


@settings(deadline=None, max_examples=30)
@given(share=st.floats(0, 0.999))
def test_a_file_cut_off_anywhere_is_an_error_of_usage(
    tmp_path_factory: pytest.TempPathFactory, share: float
) -> None:
    folder, _ = stored_matrices.store(tmp_path_factory.mktemp("cut"), stored_matrices.plan(), {})
    for name, read in (("matrix.json", read_matrix), ("plan.json", read_plan)):
        file = folder / name
        data = file.read_bytes().rstrip()
        file.write_bytes(data[: int(len(data) * share)])
        with pytest.raises(UsageError, match=rf"{name}: not readable as JSON") as caught:
            read(folder)
        assert "run the matrix again" in caught.value.hint


# The verdict of a matrix


@pytest.mark.parametrize(
    ("found", "overall", "code"),
    [
        ((), Verdict.INDETERMINATE, 3),
        ((Verdict.COMPATIBLE,), Verdict.COMPATIBLE, 0),
        ((Verdict.COMPATIBLE, Verdict.KNOWN), Verdict.KNOWN, 0),
        ((Verdict.COMPATIBLE, Verdict.INDETERMINATE), Verdict.INDETERMINATE, 3),
        ((Verdict.INDETERMINATE, Verdict.INFRA, Verdict.COMPATIBLE), Verdict.INFRA, 4),
        ((Verdict.INFRA, Verdict.REGRESSED, Verdict.INDETERMINATE), Verdict.REGRESSED, 1),
    ],
)
def test_a_matrix_is_as_bad_as_its_worst_cell(
    found: tuple[Verdict, ...], overall: Verdict, code: int
) -> None:
    assert of_matrix(found) is overall
    assert overall.exit_code == code
