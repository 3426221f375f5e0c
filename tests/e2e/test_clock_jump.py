"""A clock that is set while legs run: the program reads it through a library that moves it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from harness.errors import ExitCode
from harness.gotest.names import display
from harness.journal import read_run
from harness.model import Verdict
from tests.support.demo_program import QUICK, Program
from tests.support.watched_processes import eventually

pytestmark = pytest.mark.e2e

SOURCE = Path(__file__).with_name("clock.c")
PATIENCE = 300.0
"""Seconds for what takes a few."""

TESTS = ("TestExportLabels", "TestCacheMountTwoTargets")
"""Both are regressed; the second by a hang, so that there is time to set the clock."""


@pytest.mark.parametrize("seconds", [7200, -7200])
def test_failures_under_a_clock_that_was_set_are_no_regressions(
    seconds: int, program: Program, tmp_path: Path
) -> None:
    clock, library = tmp_path / "clock", tmp_path / "clock.so"
    clock.write_text("0")
    argv = ["gcc", "-shared", "-fPIC", "-o", str(library), str(SOURCE), "-ldl"]
    subprocess.run(argv, check=True)
    moved = Program.fresh(
        tmp_path, compiled=program.cache, LD_PRELOAD=str(library), CLOCK_FILE=str(clock)
    )
    globs = [word for test in TESTS for word in ("--tests", test)]
    with moved.start(*moved.words("v0.1", "master", *QUICK, *globs, "--reruns", "0")) as child:
        assert eventually(lambda: any(moved.runs.glob("*/candidate/raw.log")), PATIENCE)
        clock.write_text(str(seconds))
        out, err = child.communicate(timeout=PATIENCE)
    assert child.returncode == ExitCode.INFRASTRUCTURE, err + out
    run = read_run(moved.latest())
    assert {display(row.name): row.verdict for row in run.judgements} == dict.fromkeys(
        TESTS, Verdict.INFRA
    )
    assert f"the clock jumped by {seconds:+d} s" in " ".join(out.split())
    assert 0 < run.seconds < PATIENCE
