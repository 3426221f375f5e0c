"""An engine with little space and fewer privileges: both are told as what they are."""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from harness.images import busybox
from tests.support import engines
from tests.support.engine_program import Program
from tests.support.engines import BASE

pytestmark = pytest.mark.integration

_GO = """#!/bin/sh
case $1 in
version) echo go version go1.21.13 linux/amd64 ;;
build | test)
  while [ "$1" != -o ]; do shift; done
  mkdir -p "${2%/*}"
  echo '#!/bin/sh' >"$2"
  chmod +x "$2"
  dd if=/dev/zero bs=1M count=${MEGABYTES:-0} >>"$2" ;;
esac
"""
"""A compiler that is quick: what it makes is a script, followed by as many zeros as are wanted."""

_PROGRAMS = ("git", "runc", "docker-registry", "containerd")
_TOOLS = ("sh", "cat", "chmod", "cp", "dd", "ln", "mkdir", "rm", "true")
FULL = "base.test/full:1"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """Return an engine with 48 MB, without one capability, and with a base image that fits."""
    folder = tmp_path_factory.mktemp("small")
    rootfs = _rootfs(folder)
    make = replace(engines.DOCKER, disk="48m", bounding="-sys_resource")
    with engines.started(tmp_path_factory.mktemp("small-engine"), make) as daemon:
        for name, change in ((BASE, "ENV PATH=/bin"), (FULL, "ENV PATH=/bin MEGABYTES=64")):
            daemon.docker("import", "--change", change, "-", name, stdin=rootfs)
        yield Program.fresh(folder, daemon)


def _rootfs(folder: Path) -> Path:
    for name in ("go", *_PROGRAMS):
        script = folder / name
        script.write_text(_GO if name == "go" else "#!/bin/sh\n")
        script.chmod(0o755)
    with tarfile.open(folder / "base.tar", "w") as tar:
        for name in _TOOLS:
            tar.add(busybox.find().path, f"bin/{name}")
        for name in ("go", *_PROGRAMS):
            tar.add(folder / name, f"bin/{name}")
        for name in ("usr/local/bin", "tmp"):
            tar.add(folder, name, recursive=False)
    return folder / "base.tar"


def test_an_engine_without_space_is_infrastructure(small: Program) -> None:
    ended = replace(small, environment={"COMPAT_BASE_IMAGE": FULL}).pair()
    assert ended.code == 4, ended.err + ended.out
    assert "the engine's disk is full: " in ended.err
    assert "hint: free some there: docker system df says what takes it" in ended.err
    assert "Traceback" not in ended.err


def test_privileges_that_an_engine_cannot_give_are_refused(small: Program) -> None:
    ended = small.pair("--privileges", "privileged")
    assert ended.code == 4, ended.err + ended.out
    # In a container whose engine is old it lacks newer ones as well.
    lacks = r"engine cannot run a privileged container, because it lacks (.*, )?CAP_SYS_RESOURCE\b"
    assert re.search(lacks, ended.err), ended.err
    assert "hint: --privileges auto gives a container all that the engine has" in ended.err
    assert small.daemon.containers() == []
