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
CASES = 6


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
    timeout: 2m
    expect:
      - {test: TestExportLabels, verdict: regressed, error: transport is closing}
  - daemon: v0.1
    frontend: master
    timeout: 2m
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


def _scenarios(tmp_path: Path) -> Path:
    """Return data of MiniKit's whose scenarios may be changed."""
    data = tmp_path / "data"
    for name in ("matrices", "patches", "skiplists", "scenarios"):
        shutil.copytree(MINIKIT / name, data / name)
    return data


def test_scenarios_tell_a_lie_from_a_refusal_and_a_crash(
    seen: tuple[int, dict[str, Any]], program: Program
) -> None:
    del seen  # which has built all of it
    code, out, err = program.run(
        *("scenarios", "v0.1", "master", "--repo", program.repository()),
        *("--data", str(MINIKIT), "--reruns", "0", "-k", "link", "-k", "BIND", "--json"),
    )
    assert code == 1, err
    run = json.loads((program.latest() / "run.json").read_text())
    did = {row["name"].split("/")[1]: row["candidate"][0] for row in run["judgements"]}
    assert did.keys() == {"TestScenarioCopyLinks", "TestScenarioMountContext"}
    assert did["TestScenarioCopyLinks"]["reason"] == "wrong"
    assert did["TestScenarioMountContext"]["lacks"] == "exec.mount.propagation"
    assert did["TestScenarioMountContext"]["built"] == [
        "FROM scratch\nRUN --mount=target=/context cat /context/f > out\n"
    ]
    assert run["pair"]["scenarios"]
    assert len(run["scenarios"]["rows"]) == 5
    assert run["scenarios"]["rows"][0]["source"].startswith("def test_command(")
    assert json.loads(out)["id"] == run["id"]


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        (("test_planted.py", "import pytest", "import nothing_at_all"), 2, "nothing_at_all"),
        (("test_planted.py", "feature=", "featur="), 2, "needs @pytest.mark.scenario"),
        (("conftest.py", '"buildkitd --root', '"true --root'), 4, "the daemon does not answer"),
    ],
)
def test_scenarios_that_cannot_run_are_told(
    seen: tuple[int, dict[str, Any]],
    program: Program,
    tmp_path: Path,
    change: tuple[str, str, str],
    code: int,
    words: str,
) -> None:
    del seen
    data = _scenarios(tmp_path)
    name, old, new = change
    file = data / "scenarios" / name
    text = file.read_text().replace("_WAIT = 20.0", "_WAIT = 1.0")
    assert old in text
    file.write_text(text.replace(old, new, 1))
    got, _, err = program.run(
        *("scenarios", "v0.1", "master", "--repo", program.repository()),
        *("--data", str(data), "--reruns", "0"),
    )
    assert (got, words in err) == (code, True), err
