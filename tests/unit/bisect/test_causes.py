"""What of a stored run is to be looked into, and what goes together."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from harness.bisect.causes import causes
from harness.errors import ExitCode
from harness.model import Evidence, Judgement, Outcome, Run, Tally, Vary, Verdict
from tests.support import stored_matrices
from tests.support.factories import judgement, make_run

PASS, FAIL, MISSING = Outcome.PASS, Outcome.FAIL, Outcome.MISSING
PLAN = stored_matrices.plan(["v0.6.4", "v0.8.3"], ["v0.16.0", "master"])


def _run(*told: Judgement) -> Run:
    return make_run(*told, verdict=Verdict.REGRESSED, exit_code=ExitCode.REGRESSION)


def _broken(name: str, error: str = "no such file") -> Judgement:
    return judgement(name, Verdict.REGRESSED, [PASS], [FAIL], error=error)


def _well(name: str) -> Judgement:
    return judgement(name, Verdict.COMPATIBLE, [PASS], [PASS])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Store two daemons, each with an older frontend and a newer one."""
    names = [cell.id for cell in PLAN.cells]
    lost = judgement("TestUser", Verdict.LOST, [PASS], [MISSING])
    runs = (
        _run(_well("TestCopy"), _broken("TestMount", "no such mount")),
        _run(_broken("TestCopy"), _broken("TestCopyAll"), _broken("TestMount", "no such mount")),
        _run(_well("TestCopy")),
        _run(_broken("TestCopy"), lost),
    )
    stored_matrices.store(tmp_path, PLAN, dict(zip(names, runs, strict=True)))
    return tmp_path


def test_what_fails_alike_on_one_daemon_is_one_cause(folder: Path) -> None:
    found = causes(folder)
    seen = [(it.pairs[0].suite.ref, it.verdict, it.line, it.number) for it in found]
    assert seen == [
        ("v0.6.4", Verdict.REGRESSED, "no such mount", 2),
        ("v0.6.4", Verdict.REGRESSED, "no such file", 2),
        ("v0.8.3", Verdict.REGRESSED, "no such file", 1),
        ("v0.8.3", Verdict.LOST, "", 1),
    ]
    mount, copy, *_ = found
    assert [pair.frontend.ref for pair in mount.pairs] == ["v0.16.0", "master"]
    assert "TestCopy/" in copy.tried


def test_frontends_that_the_test_passes_with_on_this_daemon_are_known(folder: Path) -> None:
    mount, copy, other, _ = causes(folder)
    older = stored_matrices.commit("v0.16.0").sha
    assert (mount.passes, copy.passes, other.passes) == ([], [older], [older])


def test_the_suites_own_parent_is_no_cause(tmp_path: Path) -> None:
    (cell, *_) = PLAN.cells
    whole = replace(_broken("TestCopy"), name="TestIntegration")
    stored_matrices.store(tmp_path, replace(PLAN, cells=(cell,)), {cell.id: _run(whole)})
    assert causes(tmp_path) == []


def test_where_the_daemon_varies_the_cells_are_looked_into_too(tmp_path: Path) -> None:
    cell = PLAN.cells[0]
    planned = replace(PLAN, cells=(replace(cell, pair=replace(cell.pair, vary=Vary.DAEMON)),))
    stored_matrices.store(tmp_path, planned, {cell.id: _run(_broken("TestCopy"))})
    (cause,) = causes(tmp_path)
    assert (cause.pairs[0].vary, cause.passes) == (Vary.DAEMON, [])


def test_a_container_engine_has_no_commits_to_try(tmp_path: Path) -> None:
    cell = PLAN.cells[0]
    planned = replace(PLAN, cells=(replace(cell, pair=replace(cell.pair, engine="Docker 1")),))
    stored_matrices.store(tmp_path, planned, {cell.id: _run(_broken("TestCopy"))})
    assert causes(tmp_path) == []


def test_a_cause_whose_attempts_differed_says_so(tmp_path: Path) -> None:
    cell = PLAN.cells[0]
    run = _run(_broken("TestCopy"))
    evidence = Evidence(control=Tally(), candidate=Tally(), confidence=0.99, decided=True)
    rows = tuple(replace(row, evidence=evidence) for row in run.judgements)
    stored_matrices.store(tmp_path, PLAN, {cell.id: replace(run, judgements=rows)})
    (cause,) = causes(tmp_path)
    assert cause.racy
