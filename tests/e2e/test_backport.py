"""The head of a release branch against the release before it, on MiniKit: matrix, then gate."""

from __future__ import annotations

import subprocess
from pathlib import Path

import msgspec
import pytest

from harness import minikit
from harness.journal import cells
from harness.model import Vary
from harness.model.matrix import Plan
from harness.store import Store
from tests.support.demo_program import MINIKIT, Program

pytestmark = pytest.mark.e2e

BRANCH = "v0.2-next"
ANGLE = "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}"


@pytest.fixture(scope="module")
def repository(program: Program) -> Path:
    return minikit.materialise(MINIKIT, Store(program.cache.parent / "source"))


def _matrix(program: Program, repository: Path, branch: str, *words: str) -> tuple[int, str, str]:
    source = ("--repo", str(repository), "--data", str(MINIKIT), "--offline")
    given = (*source, "--backend", "native", "--reruns", "0")
    return program.run("matrix", "backport", "--branch", branch, *given, *words)


def _gate(program: Program, repository: Path, branch: str) -> tuple[int, str, str]:
    asked = ("--policy", "backport", "--data", str(MINIKIT), "--release", branch)
    source = ("--repo", str(repository), "--cache", str(program.cache))
    words = ("gate", str(program.latest()), *asked, *source)
    return program.run(*words, cache=False, out=False)


def test_a_branch_that_does_what_its_last_release_did_may_be_released(
    program: Program, repository: Path
) -> None:
    code, out, _ = _matrix(program, repository, BRANCH, "--dry-run", "--json")
    assert code == 0
    pairs = [cell.pair for cell in msgspec.json.decode(out, type=Plan).cells]
    told = [(it.suite.ref, it.frontend.ref, it.control_frontend.commit.ref) for it in pairs]
    assert told == [
        (BRANCH, "v0.2.0", "v0.2.0"),
        ("v0.2.0", BRANCH, "v0.2.0"),
        ("v0.1.1", BRANCH, "v0.2.0"),
    ]
    assert [it.vary for it in pairs] == [Vary.DAEMON, Vary.FRONTEND, Vary.FRONTEND]
    assert pairs[0].tested.commit.ref == pairs[0].control_daemon.commit.ref == "v0.2.0"
    # Of v0.1's suite too little is run with either frontend: a serial failure ends its list.
    code, out, err = _matrix(program, repository, BRANCH, "--exclude", "v0.1*")
    assert code == 0, out + err
    code, out, err = _gate(program, repository, BRANCH)
    assert code == 0, out + err
    assert out.splitlines()[-1].startswith("CLEAN: 2 cells, ")


def test_a_backport_that_breaks_the_daemon_keeps_the_branch_back(
    program: Program, repository: Path
) -> None:
    asked = ["git", "-C", str(repository), "rev-parse", f"{BRANCH}~1"]
    broken = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()
    code, out, err = _matrix(program, repository, broken, "--only", "*vary-daemon*")
    assert code == 1, out + err
    ((_, run),) = cells(program.latest())
    assert run is not None
    assert not any(row.floor for row in run.judgements), "the daemon is no older than the tests"
    code, out, _ = _gate(program, repository, broken)
    assert code == 1
    (told,) = [it.split() for it in out.splitlines() if it.strip().startswith("\N{BALLOT X} Test")]
    assert told[1:7] == ["TestCopySymlinks", ANGLE, "link", "fails", "on", f"{broken[:7]},"]
    assert out.splitlines()[-1].startswith("NOT CLEAN: ")


def test_what_has_no_release_before_it_is_told_before_anything_is_built(
    program: Program, repository: Path
) -> None:
    code, out, err = _matrix(program, repository, "v0.1.0")
    assert (code, out) == (2, "")
    assert "no release comes before v0.1.0" in " ".join(err.split())
    code, out, err = program.run("matrix", "demo", "--branch", BRANCH)
    assert (code, out) == (2, "")
    assert "demo has no place for the release branch v0.2-next" in " ".join(err.split())
