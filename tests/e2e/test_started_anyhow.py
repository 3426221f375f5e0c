"""The program from cron, from `nohup … &`, from a runner with limits: the same verdicts.

What it inherits beside its words: signals, umask, locale, time zone, terminal, home, limits.
"""

from __future__ import annotations

import signal
import sys
from dataclasses import replace

import pytest

from harness.errors import ExitCode
from harness.journal import read_run
from harness.model import Run, Verdict
from tests.support.demo_program import Program
from tests.support.leftovers import strays
from tests.support.torture import PATIENCE, Moment, Torture

pytestmark = pytest.mark.e2e

TESTS = ("--tests", "TestExport*", "--tests", "TestCgroup*", "--reruns", "0")
"""One that is regressed, and one that is skipped."""

HANG = ("--tests", "TestCacheMountTwoTargets", "--reruns", "0")
"""The candidate hangs in it, so that the run is under way for longer than a busy machine sleeps."""

PROXY = "http://127.0.0.1:9"
NOHUP = ("nohup", "setsid", "sh", "-c", 'trap "" INT QUIT; exec "$@"', "sh")
"""As a script's `nohup … &` starts it: SIGHUP, SIGINT and SIGQUIT are ignored."""

_DEAF = """
import os, signal, sys
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD, signal.SIGALRM, signal.SIGPIPE})
os.execv(sys.argv[1], sys.argv[1:])
"""
"""No shell passes an ignored SIGCHLD on; with it, every child would seem to end with status 0."""


def shell(first: str) -> tuple[str, ...]:
    return ("sh", "-c", f'{first}; exec "$@"', "sh")


CONDITIONS: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
    "nohup": (NOHUP, {"TERM": "", "LC_ALL": "C", "TZ": "Asia/Kathmandu"}),
    "deaf to its children": ((sys.executable, "-c", _DEAF), {}),
    "umask 077": (shell("umask 077"), {}),
    "umask 000": (shell("umask 000"), {}),
    "no input": (shell("exec <&-"), {"TERM": "dumb"}),
    "ASCII": ((), {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}),
    "dotless i": ((), {"LC_ALL": "tr_TR.UTF-8"}),
    "a locale that is not there": ((), {"LC_ALL": "xx_XX.UTF-8"}),
    "no home": ((), {"HOME": ""}),
    "a home that is no folder": ((), {"HOME": "/dev/null"}),
    "256 descriptors": (shell("ulimit -n 256"), {}),
    "a dead proxy": ((), {"HTTP_PROXY": PROXY, "HTTPS_PROXY": PROXY, "ALL_PROXY": PROXY}),
}


def verdicts(run: Run) -> dict[str, Verdict]:
    return {row.name: row.verdict for row in run.judgements}


def ran(program: Program) -> dict[str, Verdict]:
    """Let a program run to its end, and return what it says of each test."""
    code, out, err = program.run(*program.words("v0.1", "master", *TESTS, "--fresh-control"))
    assert code == ExitCode.REGRESSION, err + out
    assert "Traceback" not in err
    assert "warning" not in err.lower()
    return verdicts(read_run(program.latest()))


@pytest.fixture(scope="module")
def usual(torture: Torture) -> dict[str, Verdict]:
    """Return what it says as a terminal starts it."""
    said = ran(torture.program)
    assert {*said.values()} == {Verdict.REGRESSED, Verdict.SKIPPED}
    return said


@pytest.mark.parametrize("name", CONDITIONS)
def test_whatever_it_is_started_from_it_says_the_same(
    name: str, torture: Torture, usual: dict[str, Verdict]
) -> None:
    within, variables = CONDITIONS[name]
    environment = {**torture.program.environment, **variables}
    assert ran(replace(torture.program, within=within, environment=environment)) == usual
    torture.nothing_lives()
    assert strays(torture.program) == []


def test_where_sigint_is_ignored_sigterm_ends_it_well(torture: Torture) -> None:
    started = replace(torture, program=replace(torture.program, within=NOHUP))
    moment = Moment("run", ("runs/*/candidate",), 0.0, ("control",))
    with started.under_way(moment, *torture.program.words("v0.1", "master", *HANG)) as child:
        child.send_signal(signal.SIGINT)
        child.send_signal(signal.SIGTERM)
        out, err = child.communicate(timeout=PATIENCE)
    assert child.returncode == ExitCode.INTERRUPTED, err + out
    assert "Traceback" not in err
    assert read_run(torture.program.latest()).interrupted
    torture.nothing_lives()
    torture.nothing_is_half_made()
    assert strays(torture.program) == []
