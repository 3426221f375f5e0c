"""MiniKit's frontend and daemon, saved as OCI layouts by somebody else, are run as sides."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from harness.journal import read_matrix, read_plan, read_run
from harness.model import Commit, Side, Verdict
from harness.tools import process
from harness.tools.process import Request
from tests.support.demo_program import Program
from tests.support.published_images import HERE, OTHER, Layout, built, digest_of, layer, on
from tests.support.registries import serving

pytestmark = pytest.mark.e2e

VERSION = "org.opencontainers.image.version"
TESTS = ("--reruns", "0", "--tests", "TestCopy*")
DIFFERS = "its label moby.buildkit.frontend.caps is 'other', not "


def test_a_published_frontend_is_run_as_it_is(program: Program, tmp_path: Path) -> None:
    code, _, err = program.pair("v0.2", "v0.2", *TESTS)
    assert code == 0, err
    _, _, content = built(program.cache, program.latest())
    layout = Layout()
    labels = {"moby.buildkit.frontend.caps": "other", "org.opencontainers.image.version": "1.1.0"}
    layout.name(layout.image(content, labels=labels), "1.1")
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
    commit, files, _ = built(program.cache, program.latest())
    layout = Layout()
    layout.name(layout.daemon(layer(files), labels={VERSION: "v0.1.1"}), "latest")
    return layout, f"oci:{layout.write(to)}:latest", commit


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
    page = (program.latest() / "page" / "cells").glob("*.js")
    assert any(image.digest in it.read_text("utf-8") for it in page)
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


@pytest.mark.parametrize("moved", ["daemon", "frontend"])
def test_a_plan_whose_image_has_changed_is_refused(
    program: Program, tmp_path: Path, moved: str
) -> None:
    def write(side: str, **labels: str) -> str:
        layout = Layout()
        made = layout.daemon(labels=labels) if side == "daemon" else layout.image(labels=labels)
        layout.name(made, "1.1")
        return f"oci:{layout.write(tmp_path / side)}:1.1#v0.2.0"

    asked = {side: write(side) for side in ("daemon", "frontend")}
    pairs = [{f"{side}s": [{"images": [name]}] for side, name in asked.items()}]
    matrix, plan = tmp_path / "m.yaml", tmp_path / "plan.json"
    matrix.write_text(json.dumps({"description": "images", "pairs": pairs}), "utf-8")
    given = program.words("v0.2", "v0.2")[3:]
    code, _, err = program.run("plan", str(matrix), *given, "--write", str(plan), out=False)
    assert code == 0, err
    shutil.rmtree(tmp_path / moved)
    write(moved, another="1")
    code, _, err = program.run("matrix", "--plan", str(plan), *given)
    assert code == 2, err
    assert f"{asked[moved]} was" in err
    assert "was planned" in err


class _Limited(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/v2/" else 429)
        self.send_header("Retry-After", "1")  # else skopeo waits for a minute by itself, each time
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_HEAD = do_GET  # noqa: N815 - http.server names it so

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def _limiting(host: str) -> Iterator[None]:
    """Limit the rate of all requests where a registry was."""
    server = ThreadingHTTPServer(("127.0.0.1", int(host.rpartition(":")[2])), _Limited)
    thread = Thread(target=server.serve_forever)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_of_a_plan_what_a_limited_rate_keeps_back_is_left_out_and_the_rest_is_run(
    program: Program, tmp_path: Path
) -> None:
    layout = Layout()
    layout.name(layout.image(), "1.1")
    pushed = layout.write(tmp_path / "layout")
    matrix, plan = tmp_path / "m.yaml", tmp_path / "plan.json"
    given = program.words("v0.2", "v0.2")[3:]
    (tmp_path / "registry").mkdir()
    with serving(tmp_path / "registry") as host:
        way = ["--insecure-policy", "copy", "--dest-tls-verify=false"]
        name = f"{host}/some/dockerfile:1.1"
        process.run(
            Request([str(process.find("skopeo")), *way, f"oci:{pushed}:1.1", f"docker://{name}"])
        )
        frontends = [{"images": [f"image:{name}#v0.2.0"]}, {"refs": ["v0.2.0"]}]
        pairs = [{"daemons": [{"refs": ["v0.2.0"]}], "frontends": frontends}]
        matrix.write_text(json.dumps({"description": "images", "pairs": pairs}), "utf-8")
        words = ("plan", str(matrix), *given, "--tests", "TestCopy*", "--write", str(plan))
        code, _, err = program.run(*words, out=False)
        assert code == 0, err
    (tmp_path / "other").mkdir()
    other = Program.fresh(tmp_path / "other", compiled=program.cache)
    with _limiting(host):
        code, out, err = other.run("matrix", "--plan", str(plan), *given)
    assert code == 0, out + err
    assert f"pull {name}: {host} limits the rate of requests" in err
    rows = read_matrix(other.latest()).cells
    assert sorted(row.verdict for row in rows) == [Verdict.COMPATIBLE, Verdict.UNAVAILABLE]
    (left_out,) = (row for row in rows if row.verdict is Verdict.UNAVAILABLE)
    assert f"it needs a higher rate limit of {host}" in left_out.error


def test_the_image_for_the_platform_that_is_asked_for_is_taken(
    program: Program, tmp_path: Path
) -> None:
    layout = Layout()
    rows = {it: on(layout.image(machine=it), it) for it in (HERE.architecture, OTHER)}
    layout.name(layout.index(*rows.values(), *map(layout.attestation, rows.values())), "1.1")
    asked = f"oci:{layout.write(tmp_path / 'it')}:1.1#v0.2.0"
    code, out, err = program.pair("v0.2", asked, "--platform", f"linux/{OTHER}", *TESTS)
    assert code == 0, out + err
    run = read_run(program.latest())
    image = run.pair.frontend.image
    assert image
    assert (image.digest, image.platform) == (digest_of(rows[OTHER]), run.pair.platform)
    assert run.pair.platform == f"linux/{OTHER}"
    assert run.lacks, "what this machine would need is told, and nothing is built"
    code, _, err = program.pair("v0.2", asked, "--platform", "linux/ppc64le")
    assert code == 2, err
    assert "has no image for linux/ppc64le" in err
    assert f"linux/{OTHER}" in err
