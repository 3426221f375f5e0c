"""Stored runs answer for commits that need not be run again."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

import harness
from harness.bisect.answers import Kind
from harness.bisect.stored import Shelf, Wanted
from harness.journal import MATRIX_FILE
from harness.model import Run, Vary
from tests.support import stored_matrices
from tests.support.factories import FRONTEND, regressed_run

PLAN = stored_matrices.plan(["v0.6.4"], ["master"], pair=True)
TEST = "TestMountContextNoParallel"
Change = Callable[[Run], Run]


def _store(runs: Path, name: str, run: Run) -> Path:
    stored_matrices.store(runs / name, PLAN, {PLAN.cells[0].id: run})
    return runs / name


@pytest.fixture
def run() -> Run:
    return replace(regressed_run(), pair=PLAN.cells[0].pair, harness=harness.__version__)


def _wanted(run: Run) -> Wanted:
    return Wanted(run.pair, run.offline, frozenset(patch.sha256 for patch in run.patches))


def _sha(run: Run) -> str:
    return run.pair.frontend.sha


def test_a_run_of_the_same_pair_answers(tmp_path: Path, run: Run) -> None:
    test = run.judgements[0].name
    folder = _store(tmp_path, "20261123-1", run)
    found = Shelf(tmp_path).find(["f" * 40, _sha(run)], lambda _sha: _wanted(run), test)
    assert found is not None
    assert (found.commit, Path(found.run).resolve()) == (_sha(run), folder)
    assert found.kind is not Kind.UNCLEAR


@pytest.mark.parametrize(
    "change",
    [
        lambda run: replace(run, harness="0.0.1"),
        lambda run: replace(run, control=False),
        lambda run: replace(run, interrupted=True),
        lambda run: replace(run, offline=not run.offline),
        lambda run: replace(run, patches=(*run.patches, replace(run.patches[0], sha256="9" * 64))),
    ],
    ids=["version", "no control", "interrupted", "offline", "patches"],
)
def test_a_run_that_was_made_otherwise_does_not(tmp_path: Path, run: Run, change: Change) -> None:
    wanted, test = _wanted(run), run.judgements[0].name
    _store(tmp_path, "20261123-1", change(run))
    assert Shelf(tmp_path).find([_sha(run)], lambda _sha: wanted, test) is None


def test_a_run_whose_legs_differ_in_the_daemon_is_another(run: Run) -> None:
    wanted = _wanted(run)
    assert wanted.takes(run)
    assert not wanted.takes(replace(run, pair=replace(run.pair, vary=Vary.DAEMON)))


def test_a_damaged_run_and_no_folder_of_runs_answer_nothing(tmp_path: Path, run: Run) -> None:
    folder = _store(tmp_path, "20261123-1", run)
    (folder / MATRIX_FILE).write_text(FRONTEND.sha)
    found = Shelf(tmp_path).find([FRONTEND.sha], lambda _sha: _wanted(run), TEST)
    assert found is None
    assert Shelf(tmp_path / "none").find([_sha(run)], lambda _sha: _wanted(run), TEST) is None
