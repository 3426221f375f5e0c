"""Disks that are full, one for each of the folders that the program writes to.

It says which folder, what to do, and code 4; nothing half made is used once there is room again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from harness.errors import ExitCode
from harness.journal import read_matrix, read_run
from harness.model import Verdict
from harness.model.matrix import CellState
from tests.support import factories, stored_matrices
from tests.support.demo_program import Program
from tests.support.small_disks import disk, fill, resize

pytestmark = pytest.mark.e2e

TESTS = ("--tests", "TestExport*", "--reruns", "0")
"""One that is regressed."""


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory, program: Program) -> Program:
    """Return a program that has run once, with all that it builds for that."""
    made = Program.fresh(tmp_path_factory.mktemp("ours"), compiled=program.cache)
    code, out, err = made.run(*words(made))
    assert code == ExitCode.REGRESSION, err + out
    return made


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """Return a folder on a disk of a megabyte."""
    with disk(tmp_path / "small", "1m") as folder:
        yield folder


def words(program: Program) -> list[str]:
    return program.words("v0.1", "master", *TESTS)


def refused(answer: tuple[int, str, str], folder: Path) -> str:
    """Hold what is promised of a full disk; return what the program said."""
    code, out, err = answer
    assert code == ExitCode.INFRASTRUCTURE, err + out
    assert "Traceback" not in err
    told = [line for line in err.splitlines() if line.startswith(("error: ", "hint: "))]
    assert len(told) == 2, err
    assert str(folder) in " ".join(told)
    assert "regress" not in out
    return " ".join(told)


def regressed(program: Program) -> bool:
    run = read_run(program.latest())
    return [row.verdict for row in run.judgements] == [Verdict.REGRESSED]


@pytest.mark.parametrize("size", ["200k", "5m", "12m"])
def test_a_cache_that_fills_while_it_is_built(size: str, ours: Program, tmp_path: Path) -> None:
    """The sizes end it in a checkout, in the first program that is linked, and in a larger one."""
    with disk(tmp_path / "small", size) as small:
        fresh = Program.fresh(small, compiled=ours.cache)
        one = replace(fresh, runs=tmp_path / "runs")
        said = refused(one.run(*words(ours)), one.cache)
        assert re.search("COMPAT_CACHE|df -h", said)
        assert not list(one.cache.glob("tmp/*"))
        (row,) = read_matrix(one.latest()).cells
        assert (row.state, row.exit_code) == (CellState.FAILED, ExitCode.INFRASTRUCTURE)
        assert row.error in said
        assert not (one.latest() / "run.json").exists()
        if size == "12m":
            resize(small, "100m")
            assert "build suite v0.1.1" in gone_on_with(one)


@pytest.mark.parametrize(("size", "begun"), [("4k", False), ("16k", True), ("48k", True)])
def test_a_run_folder_that_fills(
    size: str,
    *,
    begun: bool,
    ours: Program,
    tmp_path: Path,
) -> None:
    """The sizes end it before anything is begun, at a test's log, and at run.json."""
    with disk(tmp_path / "small", size) as small:
        one = replace(ours, runs=small / "runs")
        refused(one.run(*words(ours)), one.runs)
        assert not list(one.runs.glob("*/run.json"))
        assert (one.runs / "latest").exists() == begun
        if begun:
            resize(small, "1m")
            gone_on_with(one)


def gone_on_with(program: Program) -> str:
    """Let the latest run go on, now that there is room; return what it says while it does."""
    folder = program.latest()
    code, out, err = program.run("run", "--resume", "latest", cache=False)
    assert code == ExitCode.REGRESSION, err + out
    assert program.latest() == folder
    assert regressed(program)
    return err


def test_a_full_folder_for_temporary_files_is_not_missed(ours: Program, small: Path) -> None:
    fill(small)
    one = replace(ours, environment={"TMPDIR": str(small)})
    code, out, err = one.run(*words(ours), "--fresh-control")
    assert code == ExitCode.REGRESSION, err + out
    assert regressed(one)


def test_reports_that_find_no_room_leave_those_that_are_there(ours: Program, small: Path) -> None:
    site = small / "site"
    report = ("report", str(ours.latest()), "--out", str(site))
    assert ours.run(*report, cache=False, out=False)[0] == 0
    before = {path: path.read_bytes() for path in site.rglob("*") if path.is_file()}
    filled = fill(small)
    refused(ours.run(*report, cache=False, out=False), site)
    assert {path: path.read_bytes() for path in site.rglob("*") if path.is_file()} == before
    filled.unlink()
    assert ours.run(*report, cache=False, out=False)[0] == 0


def test_a_history_that_finds_no_room_keeps_what_it_had(ours: Program, small: Path) -> None:
    file = small / "history.sqlite3"

    def history(*words: str) -> tuple[int, str, str]:
        return ours.run("history", *words, "--history", str(file), cache=False, out=False)

    filled = fill(small)
    refused(history("--record", str(ours.latest())), file)
    filled.unlink()
    assert history("--record", str(ours.latest()))[0] == 0
    _, before, _ = history("TestExport*", "--json")
    fill(small)
    assert ours.run(*words(ours), "--fresh-control")[0] == ExitCode.REGRESSION
    refused(history("--record", str(ours.latest())), file)
    assert history("TestExport*", "--json") == (0, before, "")


def test_a_history_without_room_costs_no_result(ours: Program, small: Path) -> None:
    """The disk is full when all cells are done: what was found is told, and that it is not kept."""
    plan = stored_matrices.plan(("v0.6.4",))
    shard, out = small.parent / "shard", small.parent / "merged"
    stored_matrices.store(shard, plan, {plan.cells[0].id: factories.compatible_run()})
    fill(small)
    merge = ("merge", str(shard), "--out", str(out), "--history", str(small / "h.sqlite3"))
    code, said, err = ours.run(*merge, cache=False, out=False)
    assert code == ExitCode.COMPATIBLE, err + said
    assert "not recorded in the history" in said
    assert str(small / "h.sqlite3") in "".join(said.split("\n"))
