"""MiniKit's frontend and daemon, saved as OCI layouts by somebody else, are run as sides."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from harness.journal import read_plan, read_run
from harness.model import Commit, Side, Verdict
from tests.support.demo_program import Program
from tests.support.published_images import Layout, layer

pytestmark = pytest.mark.e2e

VERSION = "org.opencontainers.image.version"
TESTS = ("--reruns", "0", "--tests", "TestCopy*")
DIFFERS = "its label moby.buildkit.frontend.caps is 'other', not "


def _program(program: Program) -> bytes:
    """Return the program of the frontend that the latest run was of."""
    builds = read_plan(program.latest()).builds
    (key,) = {it.key for it in builds if it.side is Side.FRONTEND}
    return (program.cache / "frontend" / key / "dockerfile-frontend").read_bytes()


def test_a_published_frontend_is_run_as_it_is(program: Program, tmp_path: Path) -> None:
    code, _, err = program.pair("v0.2", "v0.2", *TESTS)
    assert code == 0, err
    layout = Layout()
    labels = {"moby.buildkit.frontend.caps": "other", "org.opencontainers.image.version": "1.1.0"}
    layout.name(layout.image(_program(program), labels=labels), "1.1")
    asked = f"oci:{layout.write(tmp_path / 'layout')}:1.1#v0.2.0"
    code, out, err = program.pair("v0.2", asked, *TESTS)
    assert code == 0, out + err
    assert DIFFERS in err
    run = read_run(program.latest())
    image = run.pair.frontend.image
    assert image
    assert (run.pair.frontend.asked, run.pair.frontend.ref) == (asked, asked)
    assert (image.digest, image.version) == (layout.rows[0]["digest"], "1.1.0")
    assert any(it.startswith(DIFFERS) for it in image.differs)
    assert {it.verdict for it in run.judgements} == {Verdict.COMPATIBLE}
    page = (program.latest() / "page" / "cells").glob("*.js")
    assert any(image.digest in it.read_text("utf-8") for it in page)
    assert "frontend's image: its label moby.buildkit.frontend.caps" in " ".join(out.split())
    code, _, err = program.pair("v0.2", "v0.2", "--baseline", asked, *TESTS)
    assert code == 0, err
    (baseline,) = filter(None, [read_run(program.latest()).pair.baseline])
    assert baseline.commit.image == image


def _daemon(program: Program, to: Path) -> tuple[Layout, str, Commit]:
    """Save the daemon that the latest run was of; return its name and its commit, too."""
    (built,) = (it for it in read_plan(program.latest()).builds if it.side is Side.SUITE)
    programs = program.cache / "suite" / built.key / "bin"
    files = {f"usr/bin/{it}": (programs / it).read_bytes() for it in ("buildkitd", "buildctl")}
    layout = Layout()
    layout.name(layout.daemon(layer(files), labels={VERSION: "v0.1.1"}), "latest")
    return layout, f"oci:{layout.write(to)}:latest", built.commit


def test_a_published_daemon_runs_beside_the_tests_of_its_commit(
    program: Program, tmp_path: Path
) -> None:
    code, _, err = program.pair("v0.2", "v0.2", *TESTS)
    assert code == 0, err
    layout, asked, commit = _daemon(program, tmp_path / "daemon")
    code, out, err = program.pair(asked, "v0.2", *TESTS)
    assert code == 0, out + err
    run = read_run(program.latest())
    pair, image = run.pair, run.pair.suite.image
    assert image
    assert (image.digest, image.version, image.side) == (
        *(layout.rows[0]["digest"], "v0.1.1"),
        Side.SUITE,
    )
    assert pair.tests
    own = pair.tests.commit
    assert (own.sha, own.ref, own.image) == (commit.sha, image.commit, None)
    assert (pair.suite.sha, pair.control_frontend) == (commit.sha, pair.tests)
    said = " ".join(out.split())
    assert f"daemon's image: its version is v0.1.1, its commit {commit.short} is another" in said
    assert "runc of this machine" in said
    assert {it.verdict for it in run.judgements} == {Verdict.COMPATIBLE}
    builds = [it.side for it in read_plan(program.latest()).builds]
    assert builds == [Side.SUITE, Side.SUITE, Side.FRONTEND], "the image, and its commit's tests"
    code, out, err = program.pair(asked, "v0.2", "--vary", "daemon", *TESTS)
    assert code == 0, out + err
    varied = read_run(program.latest()).pair
    assert (varied.suite.image, varied.control_daemon) == (image, pair.tests)


def test_a_plan_whose_image_has_changed_is_refused(program: Program, tmp_path: Path) -> None:
    layout = Layout()
    layout.name(layout.image(), "1.1")
    folder = layout.write(tmp_path / "layout")
    asked = f"oci:{folder}:1.1#v0.2.0"
    matrix = tmp_path / "m.yaml"
    pairs = [{"daemons": [{"refs": ["v0.2"]}], "frontends": [{"images": [asked]}]}]
    matrix.write_text(json.dumps({"description": "an image", "pairs": pairs}), "utf-8")
    given = program.words("v0.2", "v0.2")[3:]
    plan = tmp_path / "plan.json"
    code, _, err = program.run("plan", str(matrix), *given, "--write", str(plan), out=False)
    assert code == 0, err
    shutil.rmtree(folder)
    other = Layout()
    other.name(other.image(labels={"moby.buildkit.frontend.caps": "other"}), "1.1")
    other.write(folder)
    code, _, err = program.run("matrix", "--plan", str(plan), *given)
    assert code == 2
    assert "was planned" in err
