"""What is run beside what in one container, and whose commit broke it there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from harness import minikit
from harness.journal import read_run
from harness.model import Client, Verdict
from harness.store import Store
from tests.support import client_scenarios
from tests.support.engine_program import MINIKIT, Program, verdicts
from tests.support.published_images import Layout, built, digest_of, layer

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


def test_blame_finds_on_an_engine_the_commit_that_broke_a_test(program: Program) -> None:
    ended = program.pair(tests=("TestExportLabels",))
    assert ended.code == 1, ended.err
    where = ("--repo", str(minikit.materialise(MINIKIT, Store(program.folder / "cache"))))
    words = ("--data", str(MINIKIT), "--backend", "docker", "--stage", "generic", "--json")
    with program.start("blame", "latest", *where, *words) as child:
        out, err = child.communicate(timeout=900)
    assert child.returncode == 0, err
    (blame,) = json.loads(out)["blames"]
    (suspect,) = blame["suspects"]
    assert suspect["subject"] == "pb: leave what is empty out of image configs"
    (tried,) = {it.parent for it in (program.folder / "runs").glob("bisect-*/runs/latest")}
    searched = [read_run(it.parent) for it in tried.glob("*/run.json")]
    assert {run.pair.backend for run in searched} == {"docker"}


def test_published_images_are_run_as_they_are(program: Program, tmp_path: Path) -> None:
    ended = program.pair("--backend", "native")
    assert ended.code == 0, ended.err
    run = (program.folder / "runs" / "latest").resolve()
    commit, files, content = built(program.folder / "cache", run)
    daemon, frontend = Layout(), Layout()
    daemon.name(daemon.daemon(layer(files)))
    frontend.name(frontend.image(content))
    named = daemon.write(tmp_path / "daemon"), frontend.write(tmp_path / "frontend")
    ended = program.pair(names=(f"oci:{named[0]}#{commit.sha}", f"oci:{named[1]}#master"))
    assert ended.code == 0, ended.err
    seen = program.latest()
    assert set(verdicts(seen).values()) == {Verdict.COMPATIBLE}
    images = {it.digest for it in (seen.pair.suite.image, seen.pair.frontend.image) if it}
    assert images == {digest_of(it.rows[0]) for it in (daemon, frontend)}
    assert (seen.pair.backend, seen.pair.tested.commit.image) == ("docker", None)
