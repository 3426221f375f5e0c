"""Whatever stands in a run folder, it is read or refused, and nothing outside it is touched."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import msgspec
import pytest

from harness.cli.again import cell_again
from harness.config.policy import Policy
from harness.errors import CompatError, ExitCode, UsageError
from harness.history import History
from harness.journal import cells, read_matrix, read_plan, read_run
from harness.matrix.merge import merge
from harness.matrix.parts import read_parts
from harness.model import Outcome, Run, Verdict
from harness.reports import matrixterminal
from harness.reports.write import write_reports
from harness.stored.diff import compare
from harness.stored.gate import Results, evaluate, report
from harness.stored.report import render
from tests.support import factories, stored_matrices
from tests.support.fuzzing import anything, batches, hold, spoiled, spoiled_tree

READERS = {"run.json": read_run, "matrix.json": read_matrix, "plan.json": read_plan}
MARKS = ("{", "}", "[", "]", ",", ":", '"', "\\", "\\u0000", "\\ud800", "[" * 2000, '{"":' * 2000)
NOW = datetime(2026, 11, 24, tzinfo=UTC)


def _run() -> Run:
    """Return a small run with something of everything."""
    return factories.make_run(
        factories.judgement("TestA", Verdict.REGRESSED, [Outcome.PASS], [Outcome.FAIL], error="no"),
        factories.judgement(
            "TestB", Verdict.KNOWN, [Outcome.PASS], [Outcome.FAIL], entry=factories.FILEOP
        ),
        factories.judgement("TestC", Verdict.COMPATIBLE, [Outcome.PASS], [Outcome.PASS]),
        verdict=Verdict.REGRESSED,
        exit_code=ExitCode.REGRESSION,
    )


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a matrix run of two cells, one of which is missing."""
    plan = stored_matrices.plan(("v0.6.4",), ("master", "v0.12.0"))
    folder = tmp_path_factory.mktemp("good") / "run"
    stored_matrices.store(folder, plan, {plan.cells[0].id: _run()})
    shutil.copy(next(folder.glob("cells/*/run.json")), folder / "run.json")
    return folder


def read_or_refused(file: Path) -> None:
    """Read a file; a complaint names it, and nothing else comes."""
    try:
        READERS[file.name](file)
    except UsageError as error:
        text = str(error)
    else:
        return
    assert text.startswith((f"{file}: ", f"cannot read {file}"))
    assert len(text) < 10_000


names = pytest.mark.parametrize("name", READERS)


@names
@batches
def test_a_spoiled_record_is_read_or_refused(
    name: str, batch: int, good: Path, tmp_path: Path
) -> None:
    file, whole = tmp_path / name, (good / name).read_bytes()

    def promise(chance: Random) -> None:
        file.write_bytes(spoiled_tree(chance, whole))
        read_or_refused(file)

    hold(promise, batch, place=tmp_path)


@names
@batches
def test_a_damaged_file_is_read_or_refused(
    name: str, batch: int, good: Path, tmp_path: Path
) -> None:
    file, whole = tmp_path / name, (good / name).read_text("utf-8")

    def promise(chance: Random) -> None:
        file.write_bytes(spoiled(chance, whole, MARKS))
        read_or_refused(file)

    hold(promise, batch, place=tmp_path, quick=100, thorough=20_000)


@names
@batches
def test_bytes_that_are_anything_are_refused(name: str, batch: int, tmp_path: Path) -> None:
    file = tmp_path / name

    def promise(chance: Random) -> None:
        file.write_bytes(anything(chance))
        with pytest.raises(UsageError):
            READERS[name](file)

    hold(promise, batch, place=tmp_path, quick=50, thorough=20_000)


def _everything(folder: Path, out: Path) -> Iterator[object]:
    """Do to a stored run all that is ever done to one."""
    yield write_reports(folder, out=out / "reports")
    matrix = read_matrix(folder)
    gate = evaluate(Policy(), Results(matrix, cells(folder), cell_again(matrix)), NOW)
    yield report.render(gate), report.markdown(gate), report.as_json(gate)
    yield matrixterminal.render(matrix, folder, commands={})
    diff = compare(matrix, cells(folder), matrix, cells(folder))
    yield render(diff)
    with History.open(out / "history.sqlite", create=True) as history:
        history.record(folder)
    merge(read_parts([folder]), out / "merged")
    yield write_reports(out / "merged")


@batches
def test_all_that_reads_a_run_folder_stays_in_it(batch: int, good: Path, tmp_path: Path) -> None:
    place = tmp_path / "place"

    def promise(chance: Random) -> None:
        folder, out = place / "inner" / "run", place / "out"
        shutil.copytree(good, folder)
        (folder / "run.json").unlink()
        out.mkdir()
        if chance.random() < 0.6:
            matrix = spoiled_tree(chance, (good / "matrix.json").read_bytes())
            (folder / "matrix.json").write_bytes(matrix)
            (folder / "plan.json").unlink()
        if chance.random() < 0.6:
            run = spoiled_tree(chance, (good / "run.json").read_bytes())
            next(folder.glob("cells/*/run.json")).write_bytes(run)
        if chance.random() < 0.5:
            _agree(folder)
        with suppress(CompatError):
            list(_everything(folder, out))
        found = {path.name for path in place.iterdir()}
        assert found | {path.name for path in folder.parent.iterdir()} == {"inner", "out", "run"}
        shutil.rmtree(place)

    hold(promise, batch, place=place, quick=15, thorough=20_000)


def _agree(folder: Path) -> None:
    """Let matrix.json say what the spoiled run says, as whoever forges one would."""
    try:
        matrix = read_matrix(folder)
        run = read_run(next(folder.glob("cells/*/run.json")))
    except CompatError:
        return
    rows = tuple(
        msgspec.structs.replace(
            row, verdict=run.verdict, exit_code=run.exit_code, counts=run.counts
        )
        if row.run
        else row
        for row in matrix.cells
    )
    changed = msgspec.structs.replace(matrix, cells=rows)
    (folder / "matrix.json").write_bytes(msgspec.json.encode(changed))
