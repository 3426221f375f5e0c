"""Entries that a run suggests: read by the real reader once a person has given the reason."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.config.skiplists import load_entries
from harness.errors import ConfigError, ExitCode
from harness.journal import write_culprits
from harness.lists.suggest import as_yaml, signature, suggestions
from harness.model import Outcome, Verdict
from harness.model.culprits import CULPRITS_VERSION, Blame, Culprits, Suspect
from tests.support import stored_matrices
from tests.support.factories import full_name, judgement, make_run

TODAY = date(2026, 11, 23)
PLAN = stored_matrices.plan(["v0.6.4"], ["master"])
(CELL,) = PLAN.cells
ERROR = "Error: \tfailed to solve: it's gone from 0x12ab after 3.2s (really)"
SHA = "a" * 40


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = [
        judgement(name, Verdict.REGRESSED, [Outcome.PASS], [Outcome.FAIL], error=ERROR)
        for name in ("TestCopy", "TestUser")
    ]
    lost = judgement("TestLost", Verdict.LOST, [Outcome.PASS], [Outcome.MISSING])
    run = make_run(*rows, lost, verdict=Verdict.REGRESSED, exit_code=ExitCode.REGRESSION)
    stored_matrices.store(tmp_path / "run", PLAN, {CELL.id: run})
    return tmp_path / "run"


def _read(folder: Path, text: str) -> str:
    lists = folder.parent / "lists"
    lists.mkdir(exist_ok=True)
    (lists / "new.yaml").write_text(text, "utf-8")
    with pytest.raises(ConfigError) as refused:
        load_entries(lists, TODAY)
    return str(refused.value)


def _given(folder: Path, text: str) -> Path:
    reason = text.replace('reason: ""', "reason: because")
    lists = folder.parent / "lists"
    (lists / "new.yaml").write_text(
        reason.replace('issue: ""', "issue: https://example.com/1"), "utf-8"
    )
    return lists


def test_an_entry_is_refused_until_a_person_gives_the_reason(folder: Path) -> None:
    text = as_yaml(suggestions(folder))
    assert "reason" in _read(folder, text)
    (entry,) = load_entries(_given(folder, text), TODAY)
    assert (entry.test, entry.reason) == (("TestCopy", "TestUser"), "because")
    assert entry.explains(ERROR)
    assert entry.explains(ERROR.replace("0x12ab", "0x99").replace("3.2s", "4m"))
    assert not entry.explains("it is there")
    assert (entry.when.daemon, entry.when.contains) != (None, None)


def test_the_commit_that_did_it_is_the_condition(folder: Path) -> None:
    blame = Blame(
        verdict=Verdict.REGRESSED,
        cause="gone",
        daemon="v0.6.4",
        frontend="master",
        tests={CELL.id: (full_name("TestCopy"),)},
        tried=full_name("TestCopy"),
        suspects=(
            Suspect(
                sha=SHA, subject="s", author="a", day="2024-01-24", link="https://example.com/2"
            ),
        ),
    )
    matrix = "20261123-200000-cd34"
    write_culprits(folder, Culprits(schema=CULPRITS_VERSION, run=matrix, blames=(blame,)))
    (found,) = suggestions(folder)
    assert found.when == {"contains": {"frontend": SHA}, "lacks": {"tests": SHA}}
    _read(folder, as_yaml([found]))
    (entry,) = load_entries(_given(folder, as_yaml([found])), TODAY)
    assert entry.issue == "https://example.com/2"
    assert entry.when.named == {SHA}


def test_failures_without_common_words_have_no_signature(folder: Path) -> None:
    assert signature("no such file", ["no such file", "permission denied"]) == ""
    assert signature("no such file", ["x\nmount is  busy", "mount is busy"]) == r"mount\s+is\s+busy"
    (found,) = suggestions(folder)
    assert "signature" in _read(folder, as_yaml([replace(found, signature="")]))


def test_a_run_without_regressions_suggests_nothing(tmp_path: Path) -> None:
    stored_matrices.store(tmp_path, PLAN, {})
    assert suggestions(tmp_path) == []
    assert as_yaml([]) == "entries: []\n"
