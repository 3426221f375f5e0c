"""`compat rerun` on MiniKit: what regressed is run again, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harness.journal import read_matrix
from tests.support import windows_streams
from tests.support.demo_program import MINIKIT, Program

pytestmark = pytest.mark.e2e


def _functions(program: Program) -> tuple[set[str], dict[str, Any]]:
    run = json.loads((program.latest() / "run.json").read_text())
    return {row["name"].split("/")[1] for row in run["judgements"]}, run


def test_of_a_merged_run_what_others_ran_is_named_and_the_rest_is_run_again(
    program: Program, tmp_path: Path
) -> None:
    given = program.words("v0.1", "master")[3:]
    matrix = tmp_path / "m.yaml"
    pairs = [{"daemons": [{"refs": ["v0.1"]}], "frontends": [{"branches": ["master"]}]}]
    matrix.write_text(json.dumps({"description": "one", "pairs": pairs}), "utf-8")
    few = ("--tests", "TestExportLabels", "--reruns", "0")
    code, _, err = program.run("matrix", str(matrix), *given, *few)
    assert code == 1, err
    linux, windows, both = program.latest(), tmp_path / "windows", tmp_path / "both"
    for name, did in (("own", "pass"), ("new", "fail")):
        (tmp_path / name).write_bytes(windows_streams.recording({"TestExportLabels": did}))
    code, _, err = program.run(
        *("adopt", "v0.1", "master", "--platform", "windows/amd64", "--worker", "containerd"),
        *("--control", str(tmp_path / "own"), "--candidate", str(tmp_path / "new")),
        *(*given[:4], "--out", str(windows)),
        out=False,
    )
    assert code == 1, err
    words = ("merge", str(linux), str(windows), "--out", str(both))
    code, _, err = program.run(*words, cache=False, out=False)
    assert code == 1, err
    code, out, err = program.run("rerun", str(both), *given[:4])
    assert code == 1, out + err
    (theirs,) = (row.id for row in read_matrix(both).cells if "windows" in row.id)
    assert f"{theirs} was run elsewhere, by others: it is not run again" in err
    (row,) = read_matrix(program.latest()).cells
    assert row.exit_code == 1
    assert program.latest() != linux


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
