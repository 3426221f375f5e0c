"""Workers of other users, and what a machine lacks for them and for tests, on MiniKit."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from harness import minikit
from harness.backends.processes import PROCESSES
from harness.gotest.names import parse
from harness.journal import cells, read_matrix, read_run
from harness.model import Leg, Side, Verdict
from harness.store import Store
from tests.support.demo_program import MINIKIT, Program

pytestmark = pytest.mark.e2e

MATRIX = """\
description: One pair on three workers
pairs:
  - daemons: [{branches: [master]}]
    frontends: [{branches: [master]}]
    workers: [oci, oci-rootless, containerd]
    timeout: 2m
    test_timeout: 10s
"""
DIGEST = f"sha256:{'0123456789abcdef' * 4}"
NEEDS = {
    "TestSubrequests": "network",
    "TestCopyWildcards": f"image docker.io/library/alpine:latest@{DIGEST}",
    "TestExportLabels": "capability CAP_SYS_BOOT",
    "TestQuotedMetaArgs": "program no-such-program 2.0",
}
ENTRY = """\
  - test: {test}
    status: unavailable
    needs: {needs}
    reason: It is said to need this.
    issue: https://example.com/1
"""
WITHOUT = ("setpriv", "--bounding-set=-sys_boot", "--inh-caps=-sys_boot")
"""Begins the command line of a program that is to lack a capability."""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Return a copy of MiniKit's data."""
    copied = tmp_path / "data"
    for name in ("matrices", "patches", "skiplists"):
        shutil.copytree(MINIKIT / name, copied / name)
    return copied


def _users(program: Program, worker: str) -> set[bool]:
    """Return whether root wrote what was kept of the daemons of a worker's cell."""
    made = read_matrix(program.latest())
    of_worker = {it.id for it in made.plan.cells if it.pair.worker == worker}
    return {
        log.stat().st_uid == 0
        for row in made.cells
        for leg in Leg
        for log in (program.latest() / row.run / leg / PROCESSES).glob("buildkitd.*.log")
        if row.id in of_worker
    }


def test_workers_share_builds_and_one_that_cannot_run_is_told(
    program: Program, tmp_path: Path
) -> None:
    file = tmp_path / "workers.yaml"
    file.write_text(MATRIX)
    repository = str(minikit.materialise(MINIKIT, Store(program.cache.parent / "source")))
    given = ("--repo", repository, "--data", str(MINIKIT), "--offline", "--backend", "native")
    passwords = Path("/etc/passwd").read_bytes()
    code, out, err = program.run("matrix", str(file), *given, "--tests", "TestInfo")
    assert code == 0, err
    assert "needs what is not here: program containerd-minikit-shim" in " ".join(out.split())
    made = read_matrix(program.latest())
    assert [it.side for it in made.plan.builds] == [Side.SUITE, Side.FRONTEND]
    assert len({it.needs for it in made.plan.cells}) == 1
    assert made.verdict is Verdict.COMPATIBLE
    runs = {run.pair.worker: run for _, run in cells(program.latest()) if run}
    verdicts = {worker: run.verdict for worker, run in runs.items()}
    assert verdicts == {
        "oci": Verdict.COMPATIBLE,
        "oci-rootless": Verdict.COMPATIBLE,
        "containerd": Verdict.UNAVAILABLE,
    }
    assert runs["containerd"].lacks == ("program containerd-minikit-shim",)
    assert not runs["containerd"].legs
    assert _users(program, "oci") == {True}
    assert _users(program, "oci-rootless") == {False}
    assert Path("/etc/passwd").read_bytes() == passwords


def test_tests_that_lack_something_are_not_run_and_the_rest_decides(
    program: Program, data: Path
) -> None:
    told = (ENTRY.format(test=test, needs=json.dumps(needs)) for test, needs in NEEDS.items())
    (data / "skiplists" / "unavailable.yaml").write_text("entries:\n" + "".join(told))
    asked = [word for test in (*NEEDS, "TestInfo") for word in ("--tests", test)]
    weaker = replace(program, within=WITHOUT)
    code, out, err = weaker.pair("master", "master", "--data", str(data), *asked)
    assert code == 0, err
    run = read_run(program.latest())
    lacked = {
        parse(row.name).function: row.candidate[0].lacks
        for row in run.judgements
        if row.verdict is Verdict.UNAVAILABLE
    }
    assert lacked == NEEDS
    rest = {row.verdict for row in run.judgements if parse(row.name).function not in NEEDS}
    assert rest == {Verdict.COMPATIBLE}
    assert "4 tests were not run for want of network" in " ".join(out.split())


def test_a_worker_that_a_line_does_not_have_is_refused_with_those_that_it_has(
    program: Program,
) -> None:
    code, _, err = program.pair("v0.1", "master", "--worker", "oci-rootless")
    assert code == 2
    assert "the tests of v0.1 have no worker 'oci-rootless'" in err
    assert "--worker takes one of: oci, containerd" in err


def test_scenarios_on_a_rootless_worker_are_refused(program: Program) -> None:
    repository = minikit.materialise(MINIKIT, Store(program.cache.parent / "source"))
    asked = ["git", "-C", str(repository), "rev-parse", "master~1"]
    before = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()
    words = ("--tests-from", "scenarios", "--vary", "daemon", "--worker", "oci-rootless")
    code, _, err = program.pair(before, "master", *words)
    assert code == 2
    assert "scenarios start no rootless daemon, so not one of the worker oci-rootless" in err
    assert "leave --worker out" in err
