"""Runs that version 0.1 stored are read by every command, or refused with what to do instead.

The recording is of commit 55791c6, which wrote no matrix.json for a pair: `pair/` is what its
`compat run` left, `matrix/` what its `compat matrix` did.
"""

from __future__ import annotations

import json
import shutil
import tarfile
from pathlib import Path
from typing import NoReturn

import pytest

import harness
from harness.cli import matrix
from harness.cli.program import execute
from harness.cli.umbrella import COMMANDS, umbrella
from harness.config.datadir import find_data
from harness.errors import ExitCode
from harness.journal import cells, read_matrix
from harness.model import Commit
from harness.model.matrix import Plan
from harness.plan.planning import OTHER, again
from harness.repository.refs import ResolvedRef
from tests.support import project_docs
from tests.support.planning_sites import WrittenSite

RECORDED = project_docs.ROOT / "tests" / "support" / "recordings" / "runs-of-0.1.tar.gz"


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """Return a folder with both runs."""
    with tarfile.open(RECORDED) as tar:
        tar.extractall(tmp_path / "old", filter="data")
    return tmp_path / "old"


def compat(*args: str | Path) -> int:
    return execute("compat", lambda _: umbrella, [*map(str, args)])


def test_a_pair_is_read_as_a_matrix_of_one_cell(old: Path) -> None:
    made = read_matrix(old / "pair")
    ((row, run),) = cells(old / "pair")
    assert run is not None
    assert (made.verdict, made.exit_code) == (run.verdict, run.exit_code) == ("regressed", 1)
    assert made.cells == (row,)
    assert {it.verdict for it in run.judgements} == {
        *("compatible", "regressed", "same-failure", "skipped", "fixed", "flaky")
    }


def test_a_matrix_is_read_with_its_cells(old: Path) -> None:
    made = read_matrix(old / "matrix")
    assert [row.verdict for row in made.cells].count(made.verdict) == 1
    assert all(run is not None for _, run in cells(old / "matrix"))


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return a data folder without any skip list."""
    for name in ("matrices", "skiplists", "patches"):
        (tmp_path / "data" / name).mkdir(parents=True)
    shutil.copy(find_data(None, {}).lines_file, tmp_path / "data" / "matrices")
    return tmp_path / "data"


READ = {
    "report RUN": 0,
    "gate RUN": 1,
    "floors propose RUN --data DATA": 0,
    "lists suggest RUN": 0,
    "diff RUN RUN": 0,
    "history --record RUN --json": 0,
    "reclassify RUN --data DATA": 1,
    "reclassify RUN --data DATA --out OUT": 1,
}
"""Every command that takes a run, and its exit code for both of these."""


@pytest.mark.parametrize("run", ["pair", "matrix"])
@pytest.mark.parametrize("command", READ)
def test_a_command_that_takes_a_run_reads_it(
    command: str, run: str, old: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    places = {"RUN": old / run, "DATA": data, "OUT": old / "out"}
    assert compat(*(places.get(word, word) for word in command.split())) == READ[command]
    out, err = capsys.readouterr()
    assert "error" not in err
    assert out.strip()


def test_the_table_has_every_command_that_takes_a_run() -> None:
    taking = {
        name
        for name in COMMANDS
        for parameter in umbrella.load(name).params
        if parameter.human_readable_name.rstrip("12").upper() == "RUN"
    }
    read = {command.split()[0] for command in READ}
    # What a run is run again from, and what asks the repository, needs more than the run.
    assert taking | {"history", "lists"} == read | {"rerun", "blame"}


def test_a_pair_without_a_plan_is_not_run_again(
    old: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compat("rerun", old / "pair") == ExitCode.USAGE
    err = capsys.readouterr().err
    assert "no plan.json: an earlier version made it" in err
    assert "hint: run the pair anew" in err


def test_today_says_of_its_tests_what_it_said(
    old: Path, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for run in ("pair", "matrix"):
        assert compat("reclassify", old / run, "--data", data, "--json") == 1
        assert json.loads(capsys.readouterr().out)["changed"] is False


def changed(file: Path, **changes: object) -> None:
    content = json.loads(file.read_text("utf-8"))
    file.write_text(json.dumps({**content, **changes}), "utf-8")


def refused(capsys: pytest.CaptureFixture[str]) -> tuple[str, str]:
    """Return the one error and the one hint."""
    error, hint = capsys.readouterr().err.splitlines()
    return error.removeprefix("error: "), hint.removeprefix("hint: ")


def test_a_pair_is_not_taken_up(old: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = old / "pair"
    changed(folder / "run.json", interrupted=True, exit_code=130)
    assert compat("run", "--resume", folder) == ExitCode.USAGE
    assert refused(capsys) == (
        f"{folder} was made by an earlier version, which did not write a matrix.json",
        "run the pair anew: what was built is kept",
    )
    assert compat("matrix", "--resume", folder) == ExitCode.USAGE
    assert refused(capsys)[1] == "name a folder that `compat matrix` made: it holds a plan.json"


def test_a_pair_is_no_shard(old: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compat("merge", old / "pair") == ExitCode.USAGE
    assert "`compat matrix --shard` made" in refused(capsys)[1]


def test_a_matrix_is_merged_as_what_it_is(old: Path) -> None:
    assert compat("merge", old / "matrix", "--out", old / "merged") == 1
    assert read_matrix(old / "merged").cells == read_matrix(old / "matrix").cells


class Site(WrittenSite):
    """Says of commits what the recorded plan says; builds have keys of their own."""

    plan: Plan

    def commit(self, meant: ResolvedRef) -> Commit:
        return next(it.commit for it in self.plan.builds if it.commit.sha == meant.sha)


@pytest.mark.parametrize("words", [("--resume", "matrix"), ("--plan", "matrix/plan.json")])
def test_a_matrix_whose_builds_are_made_otherwise_now_is_not_taken_up(
    words: tuple[str, str],
    old: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def open_plan(made: Plan, *_: object, **_how: object) -> NoReturn:
        site = Site()
        site.plan = made
        again(made, site, harness=harness.__version__, data="")
        pytest.fail("it was taken for a plan of today")

    monkeypatch.setattr(matrix, "open_plan", open_plan)
    option, name = words
    assert compat("matrix", option, old / name) == ExitCode.USAGE
    error, hint = refused(capsys)
    assert "would be built otherwise" in error
    assert hint == OTHER
