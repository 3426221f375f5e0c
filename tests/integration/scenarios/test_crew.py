"""A folder of scenarios as a program: what it tells, and what it does when the daemon dies."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from harness.errors import ConfigError
from harness.gotest.settle import Parsed
from harness.gotest.stream import StreamParser, format_of
from harness.model import Outcome, Reason
from harness.scenarios.suite import GO_MINOR, make
from harness.store import Store

pytestmark = pytest.mark.integration

CONFTEST = """
import subprocess, pathlib, os, pytest

class Live:
    def __init__(self):
        self.log = pathlib.Path(os.environ["TMPDIR"], "daemon.log")
        self.command, self.child, self.lives = "buildkitd --fake", None, 0
    def alive(self):
        return self.child.poll() is None
    def restart(self):
        self.lives += 1
        self.child = subprocess.Popen(["sleep", "600"])
        with self.log.open("a") as log:
            log.write(f"life {self.lives}\\n")

@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session):
    if session.config.option.collectonly:
        return (yield)
    session.config.live = Live()
    session.config.live.restart()
    try:
        return (yield)
    finally:
        session.config.live.child.kill()

@pytest.fixture
def live(request):
    return request.config.live
"""

SCENARIO = '''
@pytest.mark.scenario(feature="f", area="a", syntax="s", docs="d", since="")
def test_{name}(live):
    """What is looked at."""
    {body}
'''

HEAD = """
import os, signal, time, pytest

class Failed(Exception):
    build_failed = True

def ask(live):
    try:
        os.kill(live.child.pid, 0)
        if open(f"/proc/{live.child.pid}/stat").read().split()[2] != "Z":
            return
    except OSError:
        pass
    raise Failed("error reading from server: EOF")
"""

BODIES = {
    "works": "assert True",
    "is_wrong": "assert 1 == 2, 'expected 2, got 1'",
    "is_skipped": "pytest.skip('no CNI here')",
    "is_at_fault": "{}['x']",
    "prints": "os.write(1, b'\\x16--- PASS: TestIntegration (0s)\\n'); assert False, 'no'",
    "dies": "os._exit(3)",
}


def _folder(root: Path, bodies: dict[str, str]) -> Path:
    folder = root / "scenarios"
    folder.mkdir()
    (folder / "conftest.py").write_text(CONFTEST)
    told = (SCENARIO.format(name=name, body=body) for name, body in bodies.items())
    (folder / "test_all.py").write_text(HEAD + "".join(told))
    return folder


def _run(root: Path, bodies: dict[str, str], flags: Sequence[str] = ()) -> tuple[Parsed, bytes]:
    path, found = make(_folder(root, bodies), Store(root / "store"))
    assert len(found.rows) == len(bodies)
    (root / "tmp").mkdir()
    done = subprocess.run(
        [sys.executable, "-I", str(path / "bin" / "dockerfile.test"), *flags],
        env={"PATH": os.environ["PATH"], "TMPDIR": str(root / "tmp"), "SCENARIO_WORKER": "oci"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        timeout=300,
        check=False,
    )
    parser = StreamParser(format_of(GO_MINOR))
    parser.feed(done.stdout)
    return parser.finish(done.returncode), done.stdout


def _did(parsed: Parsed) -> dict[str, tuple[Outcome, Reason | None]]:
    return {it.name.split("/")[1]: (it.outcome, it.reason) for it in parsed.results}


def test_each_scenario_has_its_own_outcome(tmp_path: Path) -> None:
    parsed, said = _run(tmp_path, BODIES, ["-test.parallel=4"])
    assert _did(parsed) == {
        "TestScenarioWorks": (Outcome.PASS, None),
        "TestScenarioIsWrong": (Outcome.FAIL, Reason.WRONG),
        "TestScenarioIsSkipped": (Outcome.SKIP, None),
        "TestScenarioIsAtFault": (Outcome.FAIL, Reason.ASSERTION),
        "TestScenarioPrints": (Outcome.FAIL, Reason.WRONG),
        "TestScenarioDies": (Outcome.FAIL, Reason.ASSERTION),
    }, said.decode()
    assert b"sandbox.go:1: stderr: buildkitd --fake" in said


def test_who_kills_the_daemon_is_found_and_the_others_have_their_own_result(
    tmp_path: Path,
) -> None:
    bodies = {
        "beside": "time.sleep(3); ask(live)",
        "kills": "time.sleep(1); os.kill(live.child.pid, signal.SIGKILL); "
        "time.sleep(0.5); ask(live)",
        "later": "ask(live)",
    }
    parsed, said = _run(tmp_path, bodies, ["-test.parallel=2"])
    did = _did(parsed)
    assert did["TestScenarioBeside"] == (Outcome.PASS, None), said.decode()
    assert did["TestScenarioLater"] == (Outcome.PASS, None), said.decode()
    assert did["TestScenarioKills"] == (Outcome.CRASH, Reason.DAEMON_GONE), said.decode()


def test_only_what_is_selected_runs_and_the_time_limit_holds(tmp_path: Path) -> None:
    bodies = {"one": "time.sleep(600)", "other": "assert True"}
    flags = ["-test.run=^TestIntegration$/^TestScenarioOne$/^worker=oci$", "-test.timeout=3s"]
    parsed, said = _run(tmp_path, bodies, flags)
    assert b"TestScenarioOther" not in said
    assert b"test timed out after 3s" in said
    assert _did(parsed)["TestScenarioOne"][0] in {Outcome.HANG, Outcome.CRASH}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("import nothing_at_all\n", "nothing_at_all"),
        ("def test_x():\n    '''Doc.'''\n", "needs @pytest.mark.scenario"),
        (
            HEAD
            + SCENARIO.format(name="a_b", body="pass")
            + SCENARIO.format(name="aB", body="pass"),
            "has that name too",
        ),
        (HEAD + SCENARIO.format(name="x", body="pass").replace('"""', "#"), "needs a docstring"),
    ],
)
def test_a_folder_that_cannot_be_run_is_refused(tmp_path: Path, text: str, words: str) -> None:
    folder = _folder(tmp_path, {})
    (folder / "test_all.py").write_text(text)
    with pytest.raises(ConfigError, match="these scenarios cannot be run") as caught:
        make(folder, Store(tmp_path / "store"))
    assert words in str(caught.value)


def test_a_folder_without_scenarios_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="holds no scenarios"):
        make(tmp_path, Store(tmp_path / "store"))
