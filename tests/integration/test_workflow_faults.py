"""What carries out the workflows (tests/e2e/test_workflows.py) sees a step that is broken."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.support.demo_program import MINIKIT, ROOT
from tests.support.workflow_actions import Service
from tests.support.workflow_jobs import Done, Hosted, RefusedError

pytestmark = pytest.mark.integration

MATRIX = ROOT / ".github" / "workflows" / "matrix.yml"
INPUTS = {"matrix": "nightly", "shards": 2, "reuse": True}

PRETENDED = """#!/bin/sh
case $1 in
    plan) echo '{"shard": ["1/2", "2/2"]}' && echo '{}' >plan.json ;;
    matrix) test -e plan.json && mkdir -p cache/result/some
        echo '{}' >cache/result/some/kept.json
        mkdir -p runs/new && echo '{}' >runs/new/matrix.json && ln -s new runs/latest ;;
    merge) ls -d shards/*/new && mkdir -p merged history && touch history/history.sqlite
        echo '{}' >merged/matrix.json && echo all is well >merged/summary.md ;;
    report) echo reported ;;
    *) exit 2 ;;
esac
"""
"""Leaves behind what the programs leave, in no time."""

REAL = f"""#!/bin/sh
COMPAT_DATA="{MINIKIT}" PYTHONPATH="{ROOT}" exec "{sys.executable}" -m harness.cli "$@"
"""


def _carried_out(folder: Path, program: str, *, old: str = "", new: str = "") -> dict[str, Done]:
    def checkout(workspace: Path) -> None:
        (workspace / "compat-run").write_text(program, "utf-8")
        (workspace / "compat-run").chmod(0o755)

    text = MATRIX.read_text("utf-8")
    assert old in text
    file = folder / "matrix.yml"
    file.write_text(text.replace(old, new) if old else text, "utf-8")
    hosted = Hosted(Service(folder, checkout), {"HOME": str(folder)}, {})
    return hosted.workflow(file, INPUTS)


def _results(done: dict[str, Done]) -> dict[str, str]:
    return {name: it.result for name, it in done.items()}


def test_what_is_whole_succeeds(tmp_path: Path) -> None:
    done = _carried_out(tmp_path, PRETENDED)
    assert _results(done) == dict.fromkeys(("plan", "shard", "merge"), "success"), done
    assert done["merge"].outputs == {"code": "0"}
    assert (tmp_path / "summary-1.md").read_text() == "all is well\n"


def test_an_artifact_that_nobody_wrote_fails_its_job(tmp_path: Path) -> None:
    wanted = "name: ${{ inputs.matrix }}-plan\n          path: plan.json"
    broken = wanted.replace("-plan", "-plans")
    done = _carried_out(tmp_path, PRETENDED, old=wanted, new=broken)
    assert _results(done)["shard"] == "failure"
    assert "there is no artifact nightly-plan" in done["shard"].log


def test_an_option_that_is_wrong_fails_its_job(tmp_path: Path) -> None:
    done = _carried_out(tmp_path, REAL, old='--shards "$SHARDS"', new='--parts "$SHARDS"')
    assert _results(done) == {"plan": "failure", "shard": "skipped", "merge": "skipped"}
    assert "option '--parts'" in done["plan"].log


def test_a_variable_that_sudo_does_not_let_through_is_missing(tmp_path: Path) -> None:
    program = PRETENDED.replace("plan)", 'plan) test -n "$COMPAT_REPO" &&')
    assert _results(_carried_out(tmp_path, program))["plan"] == "success"
    (tmp_path / "without").mkdir()
    kept = "COMPAT_HISTORY,COMPAT_REPO"
    done = _carried_out(tmp_path / "without", program, old=kept, new="COMPAT_HISTORY")
    assert _results(done)["plan"] == "failure"


def test_a_key_that_is_not_known_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RefusedError, match="continue-on-error"):
        _carried_out(
            tmp_path,
            PRETENDED,
            old="- id: merge",
            new="- continue-on-error: true\n        id: merge",
        )
