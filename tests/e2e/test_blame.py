"""`compat blame` on MiniKit: every planted regression has its commit, in one go."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.support.demo_program import Program

pytestmark = pytest.mark.e2e

PLANTED = {
    "TestExportLabels": "pb: leave what is empty out of image configs",
    "TestMountContextNoParallel": "dockerfile: say how bind mounts propagate",
}


def test_planted_regressions_have_their_commits_and_reports_say_so(program: Program) -> None:
    tests = [word for test in (*PLANTED, "TestCopyWildcards") for word in ("--tests", test)]
    code, _, err = program.pair("v0.1", "master", *tests, "--reruns", "0")
    assert code == 1, err
    folder = program.latest()
    given = program.words("v0.1", "master")[3:7]
    words = ("blame", str(folder), *given, "--backend", "native")
    code, out, err = program.run(*words, "--json")
    assert code == 0, err
    told: dict[str, Any] = json.loads(out)
    found = {it["tried"].split("/")[1]: it["suspects"][0]["subject"] for it in told["blames"]}
    assert found == PLANTED
    assert json.loads((folder / "culprits.json").read_text())["blames"] == told["blames"]
    for name in ("page/index.html", "summary.md", "junit.xml"):
        text = (folder / name).read_text("utf-8")
        assert all(subject in text for subject in PLANTED.values()), name
    tried = {path for path in program.runs.glob("bisect-*/runs/2*") if path.is_dir()}
    both = [path for path in tried if _functions(path) >= PLANTED.keys()]
    assert both  # what both searches asked for was run once
    code, out, err = program.run(*words)
    assert (code, out.splitlines()[-1]) == (0, "2 of 2 causes found"), err
    assert {path for path in program.runs.glob("bisect-*/runs/2*") if path.is_dir()} == tried


def test_a_later_run_with_the_same_cause_searches_nothing(program: Program) -> None:
    asked = ("--tests", "TestExportLabels", "--reruns", "0")
    given = (*program.words("v0.1", "master")[3:7], "--backend", "native", "--json")

    def blamed(*words: str) -> tuple[str, dict[str, Any], str]:
        code, _, err = program.pair("v0.1", "master", *asked)
        assert code == 1, err
        code, out, err = program.run("blame", str(program.latest()), *given, *words)
        assert code == 0, err
        (blame,) = json.loads(out)["blames"]
        return program.latest().name, blame, err

    first, found, _ = blamed("--fresh")
    assert found["searched"] == ""
    for learnt in program.runs.glob("bisect-*"):
        shutil.rmtree(learnt)
    _, taken, err = blamed()
    assert (taken["suspects"], taken["searched"]) == (found["suspects"], first)
    assert f"its commit was found for the run {first}" in " ".join(err.split())
    assert not [*program.runs.glob("bisect-*")], "nothing was run"
    page = (program.latest() / "page" / "index.html").read_text("utf-8")
    assert f"(found for the run {first})" in page


def _functions(folder: Path) -> set[str]:
    file = folder / "run.json"
    rows = json.loads(file.read_text())["judgements"] if file.is_file() else []
    return {part for row in rows for part in row["name"].split("/")[1:2]}
