"""MiniKit's data with a scenario that passes with the client of v0.2 alone."""

from __future__ import annotations

import shutil
from pathlib import Path

from harness.model import Outcome, Run, Verdict
from tests.support.demo_program import MINIKIT

TEST = "TestScenarioWhoseClient"
WORDS = (
    *("--tests-from", "scenarios", "--vary", "daemon", "--reruns", "0"),
    *("--tests", TEST, "--tests", "TestScenarioCommand"),
)

_SCENARIO = '''
"""What the client says of itself."""

import subprocess

import pytest


@pytest.mark.scenario(feature="client", area="a", syntax="s", docs="d", since="")
def test_whose_client() -> None:
    """The client is v0.2's; its daemon, and the daemon's own client, are there beside it."""
    programs = {"buildctl": "v0.2", "client-buildkitd": "v0.2", "daemon-buildctl": "v0.1"}
    for program, version in programs.items():
        told = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
        assert f" {version}." in told.stdout, f"expected {version}, got {told.stdout}"
'''


def data(folder: Path) -> Path:
    """Make the data in a folder."""
    for name in ("matrices", "patches", "skiplists", "scenarios"):
        shutil.copytree(MINIKIT / name, folder / name)
    (folder / "scenarios" / "test_client.py").write_text(_SCENARIO)
    return folder


def check(run: Run) -> None:
    """Hold a run of v0.1's daemon with v0.2's client to it: the candidate alone has called that."""
    (row,) = (it for it in run.judgements if TEST in it.name)
    assert row.verdict is Verdict.FIXED
    assert row.candidate[0].outcome is Outcome.PASS
    assert "expected v0.2, got buildctl" in row.control[0].error
    assert run.pair.axes == ("tests scenarios", "vary daemon", "client v0.2")
    assert run.command[run.command.index("--client") + 1] == "v0.2"
