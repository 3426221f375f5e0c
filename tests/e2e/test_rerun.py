"""`compat rerun` on MiniKit: what regressed is run again, and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.support.demo_program import MINIKIT, Program

pytestmark = pytest.mark.e2e


def _functions(program: Program) -> tuple[set[str], dict[str, Any]]:
    run = json.loads((program.latest() / "run.json").read_text())
    return {row["name"].split("/")[1] for row in run["judgements"]}, run


def test_what_regressed_is_run_again(program: Program) -> None:
    tests = ("--tests", "TestExportLabels", "--tests", "TestCopyWildcards")
    code, _, err = program.pair("v0.2", "v0.2", *tests)
    assert code == 0, err
    where = program.words("v0.1", "master")[3:5]
    given = (*where, "--data", str(MINIKIT))
    code, out, err = program.run("rerun", "latest", *given)
    assert (code, out) == (2, "")
    assert "calls for a look" in err
    code, _, err = program.pair("v0.1", "master", *tests)
    assert code == 1, err
    before, first = _functions(program)
    code, out, err = program.run("rerun", str(program.latest()), *given)
    assert code == 1, err
    after, second = _functions(program)
    assert (before, after) == ({"TestExportLabels", "TestCopyWildcards"}, {"TestExportLabels"})
    assert second["id"] != first["id"]
    assert second["pair"] == first["pair"]
