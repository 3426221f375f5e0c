"""Registries: one that machines share images by, one with base images, and what they refuse."""

from __future__ import annotations

import hashlib
import platform
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from harness.images import oci, registry
from harness.images.layer import Layer
from harness.store import Store
from tests.integration.conftest import GoToolchain
from tests.integration.test_docker_faults import remove_images
from tests.support.engine_program import MINIKIT, Program
from tests.support.engines import MIRROR
from tests.support.registries import serving

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("seen")]

PASSING = Path(__file__).parent / "gomodules" / "passing"
SYNTAX = ("docker/dockerfile:1.0-experimental", "docker/dockerfile:1.1")
"""What MiniKit's Dockerfiles name in their first line."""

_REFUSES = """
import http.server, sys
class Refusing(http.server.BaseHTTPRequestHandler):
    limited = int(sys.argv[1])
    def answer(self, status):
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()
    def do_GET(self):
        if self.path == "/v2/":
            self.answer(200)
        elif Refusing.limited:
            Refusing.limited -= 1
            self.answer(429)
        else:
            self.answer(404)
    def do_POST(self):
        self.answer(403)
    do_HEAD = do_GET
server = http.server.HTTPServer(("127.0.0.1", 0), Refusing)
print(server.server_port, flush=True)
server.serve_forever()
"""
"""A registry that limits the rate of so many requests, then has nothing, and takes nothing."""


@contextmanager
def refusing(program: Program, limited: int) -> Iterator[str]:
    argv = [*program.daemon.inside, sys.executable, "-c", _REFUSES, str(limited)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        assert child.stdout
        try:
            yield f"127.0.0.1:{int(child.stdout.readline())}"
        finally:
            child.kill()


def test_machines_share_what_they_build(
    program: Program, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    one, other = (
        Program.fresh(tmp_path_factory.mktemp(name), program.daemon) for name in ("one", "other")
    )
    remove_images(program)
    with serving(tmp_path, program.daemon.inside) as host:
        shared = ("--cache-repo", f"{host}/compat/images")
        first = one.pair(*shared)
        remove_images(program)
        second = other.pair(*shared)
    assert (first.code, second.code) == (0, 0), first.err + second.err
    assert (first.err.count("  built"), first.err.count("  pulled")) == (3, 0), first.err
    assert (second.err.count("  built"), second.err.count("  pulled")) == (0, 3)
    left = program.daemon.docker("images", "--format", "{{.Repository}}").split()
    assert not [name for name in left if name.startswith(host)]


def test_a_limited_rate_is_waited_for_and_costs_no_verdict(program: Program) -> None:
    remove_images(program)
    with refusing(program, 2) as host:
        ended = program.pair("--cache-repo", f"{host}/compat/images")
    assert ended.code == 0, ended.err
    assert f"{host} limits the rate of requests; attempt 2 of 5 in " in ended.err
    assert "  built" in ended.err
    assert "nothing more is pushed" in ended.err


def test_a_base_image_that_is_refused_is_infrastructure(program: Program) -> None:
    # Two builds, and BuildKit itself asks five times.
    with refusing(program, 12) as host:
        base = {"COMPAT_BASE_IMAGE": f"{host}/base/go:1"}
        there = Program(program.folder, program.daemon, base)
        ended = there.pair()
    assert ended.code == 4, ended.err
    assert f"pull {host}/base/go:1: {host} limits the rate of requests; attempt 2 of 5" in ended.err
    assert f"pull {host}/base/go:1: {host} has no such image" in ended.err
    assert "hint: " in ended.err


def test_a_base_image_that_a_limited_rate_keeps_back_makes_the_pair_unavailable(
    program: Program,
) -> None:
    remove_images(program)
    with refusing(program, 1_000_000) as host:
        base = {"COMPAT_BASE_IMAGE": f"{host}/base/go:1"}
        ended = Program(program.folder, program.daemon, base).pair()
    assert ended.code == 0, ended.err + ended.out
    assert f"pull {host}/base/go:1: {host} limits the rate of requests; attempt 5 of 5" in ended.err
    said = " ".join(ended.out.split())
    assert "UNAVAILABLE: not run, because a registry gave no more images for a while" in said
    assert f"it needs a higher rate limit of {host}" in said


@pytest.fixture
def hub(tmp_path: Path, base: Path, go_store: Store, go_toolchain: GoToolchain) -> Path:
    """Return the storage of a registry that has what MiniKit's Dockerfiles begin with."""
    go = go_toolchain("1.26.6")
    program = tmp_path / "passing"
    done = subprocess.run(
        [go.go, "build", "-o", program, "."],
        cwd=PASSING,
        env={**go.environment(go_store), "GOFLAGS": ""},
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    packed = tmp_path / "frontend.tar"
    with tarfile.open(packed, "w") as tar:
        tar.add(program, "frontend")
    machine = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]
    path = "PATH=/usr/local/go/bin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    folder = tmp_path / "registry"
    folder.mkdir()
    own = oci.ImageConfig(machine, entrypoint=("/frontend",))
    for name in SYNTAX:
        registry.write(folder, name, oci.assemble([_layer(packed)], own, oci.DOCKER))
    system = oci.ImageConfig(machine, env=(path,))
    golang = oci.assemble([_layer(base)], system, oci.DOCKER)
    registry.write(folder, "library/golang:1.21-bookworm", golang)
    return folder


def _layer(tar: Path) -> Layer:
    with tar.open("rb") as file:
        digest = f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"
    return Layer(tar, digest, tar.stat().st_size, digest, gzipped=False)


def test_where_a_stage_is_rotten_auto_takes_ours_and_says_so(
    program: Program, hub: Path, tmp_path: Path
) -> None:
    remove_images(program)
    data = tmp_path / "data"
    shutil.copytree(MINIKIT, data)
    lines = data / "matrices" / "lines.yaml"
    rotten = lines.read_text().replace("target: integration-tests", "target: long-gone")
    assert rotten != lines.read_text()
    lines.write_text(rotten)
    port = int(MIRROR.rpartition(":")[2])
    with serving(hub, program.daemon.inside, port):
        ended = program.pair("--stage", "auto", "--data", str(data))
        again = program.pair("--stage", "auto", "--data", str(data))
    told = "its own Dockerfile does not build any more, so it is from the generic one"
    assert (ended.code, again.code) == (0, 0), ended.err + ended.out
    for err in (ended.err, again.err):
        assert re.search(rf"suite v[0-9.]+: {told}", err), err
        assert not re.search(rf"frontend \S+: {told}", err)
    assert (ended.err.count("  built"), again.err.count("  built")) == (3, 0)


def test_auto_does_not_take_an_absent_registry_for_rot(program: Program) -> None:
    remove_images(program)
    ended = program.pair("--stage", "auto")
    assert ended.code == 4, ended.err + ended.out
    assert "does not build any more" not in ended.err


def test_a_commit_s_own_dockerfiles_are_built_as_they_are(program: Program, hub: Path) -> None:
    there = Program(program.folder, program.daemon, {"COMPAT_BASE_IMAGE": ""})
    port = int(MIRROR.rpartition(":")[2])
    with serving(hub, program.daemon.inside, port):
        ended = there.pair("--stage", "upstream")
    assert ended.code == 0, ended.err + ended.out
    assert ended.err.count("  built") == 3
    asked = (hub / "registry.log").read_text()
    for name in ("docker/dockerfile/manifests/1.0-experimental", "library/golang/manifests/1.21"):
        assert name in asked
    suite = program.daemon.docker("images", "--quiet", "compat/suite").split()[0]
    said = program.daemon.docker("run", "--rm", "--network=none", suite, "buildkitd", "--version")
    assert "v0.1.1" in said  # as `git describe` has it
