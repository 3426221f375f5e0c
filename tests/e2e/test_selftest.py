"""`compat selftest` and `compat reclassify` on MiniKit: known breakages, and a blind harness."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from harness.store import default_cache

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[2]
MINIKIT = ROOT / "examples" / "minikit"
CASES = 5


@dataclass(frozen=True)
class Program:
    """The program with a cache, a folder of runs and a history of its own."""

    folder: Path

    def run(self, *words: str, cache: bool = True) -> tuple[int, str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("COMPAT_", "GIT_"))}
        done = subprocess.run(
            [sys.executable, "-m", "harness.cli", *words],
            check=False,
            cwd=ROOT,
            env={
                **kept,
                "COMPAT_CACHE": str(self.folder / ("cache" if cache else "empty")),
                "COMPAT_RUNS": str(self.folder / "runs"),
                "COMPAT_HISTORY": str(self.folder / "history.sqlite"),
                "COMPAT_BACKEND": "native",
            },
            capture_output=True,
            text=True,
            timeout=900,
        )
        return done.returncode, done.stdout, done.stderr

    def repository(self) -> str:
        (made,) = (self.folder / "cache" / "minikit").iterdir()
        return str(made)

    def latest(self) -> Path:
        return (self.folder / "runs" / "latest").resolve()


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Program:
    """Return a program with an empty cache but for the Go toolchain."""
    folder = tmp_path_factory.mktemp("selftest")
    (folder / "cache").mkdir()
    shared = default_cache() / "go"
    shared.mkdir(parents=True, exist_ok=True)
    (folder / "cache" / "go").symlink_to(shared)
    return Program(folder)


@pytest.fixture(scope="module")
def seen(program: Program) -> tuple[int, dict[str, Any]]:
    code, out, err = program.run("selftest", "demo", "--json")
    assert out, err
    return code, json.loads(out)


def test_what_is_planted_is_seen(seen: tuple[int, dict[str, Any]]) -> None:
    code, told = seen
    tests = [test for case in told["cases"] for test in case["tests"]]
    assert [test for test in tests if test["sight"] != "seen"] == []
    assert (code, told["exit_code"], len(told["cases"])) == (0, 0, CASES)
    # `known` would mean that skip lists were applied.
    assert {verdict for test in tests for verdict in test["got"]} == {
        *("regressed", "refused", "lost", "compatible", "same-failure", "fixed")
    }


def test_it_runs_only_what_decides_keeps_its_reports_and_leaves_no_history(
    program: Program, seen: tuple[int, dict[str, Any]]
) -> None:
    folder = Path(seen[1]["folder"])
    assert folder == program.latest()
    run = json.loads((folder / seen[1]["cases"][1]["run"] / "run.json").read_text())
    functions = {row["name"].split("/")[1] for row in run["judgements"]}
    assert functions == {
        *("TestMountContextNoParallel", "TestExportLabels", "TestCacheMountTwoTargets")
    }
    assert (folder / "page" / "index.html").is_file()
    assert not (program.folder / "history.sqlite").exists()


BLIND = """\
description: A frontend that breaks nothing, taken for one that does; and the other way round
include:
  - daemon: v0.2
    frontend: master
    timeout: 5s
    expect:
      - {test: TestExportLabels, verdict: regressed, error: transport is closing}
  - daemon: v0.1
    frontend: master
    timeout: 5s
    expect:
      - {test: TestExportLabels, verdict: compatible}
"""


@pytest.mark.usefixtures("seen")
def test_a_harness_that_does_not_see_fails_in_plain_words(program: Program, tmp_path: Path) -> None:
    file = tmp_path / "blind.yaml"
    file.write_text(BLIND)
    given = ("--repo", program.repository(), "--data", str(MINIKIT), "--offline")
    code, out, err = program.run("selftest", str(file), *given)
    assert code == 1, err
    assert "missed   TestExportLabels: compatible instead of regressed" in out
    assert "missed   TestExportLabels: regressed instead of compatible" in out
    assert "panic: assignment to entry in nil map" in out
    assert "0 of 2 cases seen as expected" in out
    assert "no longer sees what is known: do not trust its verdicts" in out


@pytest.mark.usefixtures("seen")
def test_what_cannot_be_built_is_no_success(program: Program, tmp_path: Path) -> None:
    data = tmp_path / "data"
    shutil.copytree(MINIKIT, data)
    shutil.rmtree(data / "patches" / "v0.1")  # without them v0.1 does not compile
    given = ("--repo", program.repository(), "--data", str(data), "--offline")
    code, out, err = program.run("selftest", *given, "--only", "v0.1*_master_*")
    assert code == 4, err + out
    assert "nothing is said of the harness" in out


def test_a_fresh_demo_is_what_it_was_and_other_lists_say_what_they_change(
    program: Program, tmp_path: Path
) -> None:
    code, _, err = program.run("demo")
    assert code == 0, err
    before = {path: path.read_bytes() for path in program.latest().rglob("*") if path.is_file()}
    code, out, err = program.run("reclassify", "latest")
    assert (code, out) == (1, "regressed, as before: nothing changed in 1 cell\n"), err
    # An empty cache: the repository is asked, and nothing is built or run.
    data = tmp_path / "data"
    shutil.copytree(MINIKIT, data)
    (data / "skiplists" / "fileop.yaml").unlink()
    given = ("--data", str(data), "--repo", program.repository(), "--json")
    code, out, err = program.run("reclassify", "latest", *given, cache=False)
    assert code == 1, err
    (cell,) = json.loads(out)["cells"]
    assert {(row["before"], row["after"], *row["why"]) for row in cell["tests"]} == {
        ("known", "regressed", "no more by skiplists/fileop.yaml:5 (expected-failure)")
    }
    assert len(cell["tests"]) == 3
    assert before == {p: p.read_bytes() for p in program.latest().rglob("*") if p.is_file()}
    made = {path.name for path in (program.folder / "empty").iterdir()}
    assert not made & {"suite", "frontend", "tree", "control"}
