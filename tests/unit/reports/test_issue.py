"""What is new is told as the text of an issue, once for each cause."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.cli.session import publish
from harness.history import History
from harness.journal import read_matrix, write_matrix
from harness.model.matrix import Shard
from harness.reports.write import write_reports
from tests.support import stored_matrices
from tests.support.factories import regressed_run

PLAN = stored_matrices.plan(["v0.6.4"], ["master"])
(CELL,) = PLAN.cells
LATER = {"id": "20261130-200000-ef56", "started": "2026-11-30T20:00:00Z"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    stored_matrices.store(tmp_path / "run", PLAN, {CELL.id: regressed_run()})
    return tmp_path / "run"


def _published(folder: Path, **changed: object) -> str:
    made = replace(read_matrix(folder), **changed)
    write_matrix(folder, made)
    publish(folder, made, folder.parent / "history.sqlite")
    return (folder / "issue.md").read_text("utf-8")


def test_it_says_what_since_when_where_and_how_to_see_it(folder: Path) -> None:
    written = write_reports(folder)
    text = (folder / "issue.md").read_text("utf-8")
    assert text.startswith("# 3 new root causes\n")
    assert "the first run of this pair" in text
    assert f"- Daemons: `{CELL.pair.suite.ref}`" in text
    assert "compat blame RUN" in text
    assert CELL.pair.frontend.sha in text
    assert "--tests" in text
    assert len(written.causes) == 3


def test_a_cause_is_told_once(folder: Path) -> None:
    first = _published(folder)
    assert first
    assert _published(folder) == first, "written again it is the same"
    assert _published(folder, **LATER) == ""


def test_a_cause_that_is_new_is_told_beside_one_that_is_not(folder: Path) -> None:
    causes = write_reports(folder).causes
    told = dict.fromkeys(causes[1:], "an earlier run")
    write_reports(folder, told=told)
    text = (folder / "issue.md").read_text("utf-8")
    assert text.startswith("# 1 new root cause\n")
    assert text.count("\n## ") == 1
    write_reports(folder, told=dict.fromkeys(causes, "an earlier run"))
    assert (folder / "issue.md").read_text("utf-8") == ""


def test_another_matrix_tells_for_itself_and_a_shard_leaves_it_to_the_whole(folder: Path) -> None:
    other = replace(PLAN, matrix="another")
    assert _published(folder, shard=Shard(index=1, total=2))
    assert _published(folder, **LATER), "the shard told nobody"
    assert _published(folder, plan=other, **{**LATER, "id": "20261130-210000-ab12"})


def test_of_two_runs_the_one_that_began_first_tells(tmp_path: Path, folder: Path) -> None:
    first = read_matrix(folder)
    later = replace(first, **LATER)
    with History.open(tmp_path / "history.sqlite", create=True) as history:
        history.tell(later, ["cause"])
        history.tell(first, ["cause"])
        history.tell(later, ["cause"])
        assert history.told() == {"cause": first.id}
