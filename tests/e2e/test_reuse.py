"""A night costs what changed: `compat matrix --reuse` on MiniKit, commit after commit."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness import minikit
from harness.store import Store
from harness.tools.inherited import GIT, inherited
from harness.tools.process import Request, run
from tests.support.demo_program import MINIKIT, Program

pytestmark = pytest.mark.e2e

PARSER = "frontend/dockerfile/parser"
COLUMN = {"v0.1.1_master_labs_oci", "v0.2.0_master_labs_oci"}
MATRIX = """
description: two daemons with two frontends
pairs:
  - daemons: [{lines: {since: v0.1}}]
    frontends: [{dockerfile: {since: "1.2"}}, {branches: [master]}]
policy: {max_age: 7d, fresh_share: 0}
"""


@dataclass
class Nights:
    """A matrix of two daemons and two frontends over a repository that goes on."""

    program: Program
    repository: Path
    matrix: Path

    def run(self, *words: str) -> dict[str, Any]:
        """Run one night and return what it printed."""
        tests = ("--tests", "TestEmptyDestDir", "--tests", "TestExportLabels", "--reruns", "0")
        place = ("--repo", str(self.repository), "--data", str(MINIKIT))
        given = (*place, "--offline", "--backend", "native", *tests, "--json", *words)
        code, out, err = self.program.run("matrix", str(self.matrix), "--reuse", *given)
        found: dict[str, Any] = json.loads(out)
        assert code == found["exit_code"] == 1, err
        found["reused"] = {row["id"] for row in found["cells"] if row["reused"]}
        found["built"] = [line for line in err.splitlines() if line.endswith("  built")]
        return found

    def commit(self, name: str, text: str) -> None:
        """Add a line to a file of the repository's master."""
        with (self.repository / name).open("a", encoding="utf-8") as file:
            file.write(f"{text}\n")
        git(self.repository, "commit", "--quiet", "--all", f"--message=change {name}")


def git(folder: Path, *words: str) -> None:
    who = ("-c", "user.name=Somebody", "-c", "user.email=somebody@example.com")
    run(Request(["git", *who, *words], cwd=folder, env=inherited(GIT, TZ="UTC")))


@pytest.fixture
def nights(program: Program, tmp_path: Path) -> Nights:
    fresh = Program.fresh(tmp_path, compiled=program.cache)
    repository, matrix = tmp_path / "repository", tmp_path / "two.yaml"
    source = minikit.materialise(MINIKIT, Store(tmp_path / "source"))
    git(tmp_path, "clone", "--quiet", str(source), str(repository))
    git(repository, "branch", "--quiet", "v0.2", "origin/v0.2")
    matrix.write_text(MATRIX, "utf-8")
    return Nights(fresh, repository, matrix)


def test_a_night_costs_what_changed(nights: Nights) -> None:
    first = nights.run()
    every = {row["id"] for row in first["cells"]}
    assert (first["reused"], len(every)) == (set(), 4)

    again = nights.run()
    assert (again["reused"], again["built"]) == (every, [])
    assert verdicts(again) == verdicts(first)

    nights.commit("README.md", "Nothing is built of this.")
    readme = nights.run()
    assert (readme["reused"], readme["built"]) == (every, [])
    assert verdicts(readme) == verdicts(first)
    assert shas(readme).isdisjoint(shas(first)), "each says which commit it speaks of"

    (source,) = (it for it in sorted((nights.repository / PARSER).glob("*.go"))[:1])
    nights.commit(f"{PARSER}/{source.name}", "// A comment may matter to a compiler.")
    frontend = nights.run()
    assert frontend["reused"] == every - COLUMN
    assert len(frontend["built"]) == 1


def verdicts(night: dict[str, Any]) -> dict[str, tuple[str, dict[str, int]]]:
    return {row["id"]: (row["verdict"], row["counts"]) for row in night["cells"]}


def shas(night: dict[str, Any]) -> set[str]:
    """Return the commits of the frontend that goes on."""
    return {row["frontend"] for row in night["cells"] if row["id"] in COLUMN}


def test_results_need_a_matrix_whose_policy_says_how_old_they_may_be(nights: Nights) -> None:
    program, plan = nights.program, nights.repository.parent / "gone.json"
    words = ("--repo", str(nights.repository), "--data", str(MINIKIT))
    code, _, err = program.run("plan", str(nights.matrix), *words, "--write", str(plan), out=False)
    assert code == 0, err
    code, _, err = program.run("matrix", "--plan", str(plan), "--reuse", *words, "--offline")
    assert code == 2
    assert "two" in err
