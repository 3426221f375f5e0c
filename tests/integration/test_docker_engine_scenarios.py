"""Scenarios that Docker Engine builds, in the place of a daemon."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from harness import minikit
from harness.model import Run, Verdict
from harness.repository.git import Git
from harness.store import Store
from tests.support.engine_program import MINIKIT, Program, verdicts

pytestmark = pytest.mark.integration

CONFTEST = """
import os
from pathlib import Path
from types import SimpleNamespace

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session):
    if session.config.option.collectonly:
        return (yield)
    log = Path(os.environ["TMPDIR"], "log")
    log.touch()
    session.config.live = SimpleNamespace(
        alive=lambda: True, restart=lambda: None, log=log, command="none"
    )
    return (yield)
"""

SCENARIOS = '''
import os
import subprocess
import tarfile

import pytest

ENGINE = os.environ.get("SCENARIO_ENGINE", "")


class Refused(Exception):
    build_failed = True


def marked(feature):
    return pytest.mark.scenario(
        feature=feature, area="COPY", syntax="COPY f /", docs="https://example.com/1", since=""
    )


@marked("A file")
def test_file(tmp_path):
    """The engine builds what this leg gives it."""
    if not ENGINE:
        return
    (tmp_path / "Dockerfile").write_text("FROM scratch\\nCOPY f /\\n")
    (tmp_path / "f").write_text("x")
    argv = ["docker", "build", "--output", f"type=tar,dest={tmp_path}/out.tar", str(tmp_path)]
    subprocess.run(argv, check=True, env={**os.environ, "DOCKER_BUILDKIT": "1"}, timeout=300)
    assert tarfile.open(tmp_path / "out.tar").getnames() == ["f"]


@marked("A lie")
def test_lie():
    """On the engine alone the result is not right."""
    assert not ENGINE, ENGINE


@marked("A refusal")
def test_refusal():
    """The engine's client has no way to ask for it."""
    if ENGINE:
        raise Refused("error: docker build cannot ask for --allow device")
'''


@pytest.fixture
def ended(program: Program, tmp_path: Path) -> tuple[int, Run, str]:
    """Run three scenarios on that engine."""
    data = tmp_path / "data"
    shutil.copytree(MINIKIT, data)
    repository = minikit.materialise(MINIKIT, Store(program.folder / "cache"))
    inside = Git(repository).commit("v0.1.0")
    (data / "matrices" / "engines.yaml").write_text(
        f'engines:\n  - {{since: "18.09.0", buildkit: {inside}}}\n'
    )
    scenarios = data / "scenarios"
    shutil.rmtree(scenarios, ignore_errors=True)
    scenarios.mkdir()
    (scenarios / "conftest.py").write_text(CONFTEST)
    (scenarios / "test_engine.py").write_text(SCENARIOS)
    words = ["scenarios", "docker", minikit.FRONTEND, "--repo", str(repository)]
    with program.start(*words, "--data", str(data), "--reruns", "0") as child:
        out, err = child.communicate(timeout=900)
    assert child.returncode == 1, err + out
    return child.returncode, program.latest(), out


def test_the_engine_that_answers_builds_and_is_named(ended: tuple[int, Run, str]) -> None:
    _, run, out = ended
    assert run.pair.engine == run.pair.suite.ref
    assert run.pair.engine.startswith("Docker Engine ")
    assert run.pair.suite.version == "0.1.0"
    assert f"docker → {run.pair.engine}" in out
    found = {name.split("/")[1]: verdict for name, verdict in verdicts(run).items()}
    assert found == {
        "TestScenarioFile": Verdict.COMPATIBLE,
        "TestScenarioLie": Verdict.REGRESSED,
        "TestScenarioRefusal": Verdict.REFUSED,
    }
