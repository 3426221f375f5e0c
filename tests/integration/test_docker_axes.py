"""Tests of one commit on the daemon of another, in one container: the same verdicts as native's."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness import minikit
from harness.model import Client, Verdict
from harness.store import Store
from tests.support import client_scenarios
from tests.support.engine_program import MINIKIT, Program, verdicts

pytestmark = pytest.mark.integration

TESTS = ("TestExportLabels", "TestCopySymlinks", "TestSubrequests", "TestInfo", "TestInfoWatched")
AXES = ("--tests-from", "master", "--vary", "daemon", "--client", "tests")


def test_new_tests_on_an_old_daemon_see_there_what_they_see_natively(program: Program) -> None:
    docker = program.pair(*AXES, tests=TESTS)
    on_engine = program.latest()
    native = program.pair(*AXES, "--backend", "native", tests=TESTS)
    here = program.latest()
    assert (on_engine.pair.backend, here.pair.backend) == ("docker", "native")
    assert on_engine.pair.client is Client.TESTS
    assert verdicts(on_engine) == verdicts(here)
    # What dies of it is foretold by a floor.
    foretold = {Verdict.KNOWN, Verdict.REGRESSED, Verdict.COMPATIBLE}
    assert set(verdicts(here).values()) == foretold
    binaries = [leg.cut.words for leg in on_engine.legs if leg.cut]
    assert len(binaries) >= len([it for it in TESTS if it.startswith("TestInfo")])
    assert all("the test binary died: panic: " in words for words in binaries)
    assert (docker.code, native.code) == (1, 1), docker.err + native.err


def test_scenarios_call_the_client_of_a_third_commit(program: Program, tmp_path: Path) -> None:
    data = client_scenarios.data(tmp_path / "data")
    repository = minikit.materialise(MINIKIT, Store(program.folder / "cache"))
    words = ["run", "v0.1", "master", "--repo", str(repository), "--data", str(data), "--offline"]
    words += ["--backend", "docker", "--stage", "generic", "--client", "v0.2"]
    with program.start(*words, *client_scenarios.WORDS) as child:
        _, err = child.communicate(timeout=900)
    assert child.returncode == 0, err
    client_scenarios.check(program.latest())
