"""`compat gc` on an engine of its own: what has our label goes, and nothing else."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from docker.api.client import APIClient

from harness.engine.builders import Build, builder_for
from harness.engine.client import OWNER, PROJECT, Engine
from harness.engine.endpoint import Endpoint
from harness.engine.inventory import GO_CACHE, Labelled
from harness.images import busybox
from harness.store import Store
from harness.tools import machine
from tests.support import engines
from tests.support.engines import Daemon, Make

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
BASE = "base.test/shell:1"
OTHER = "/root/.cache/go-build"
NAMED = {"image", "volume"}
OURS = f"{PROJECT}=yes"
_DOCKERFILE = """
FROM {base}
RUN --mount=type=cache,target={folder} echo kept >{folder}/file
"""


@dataclass(frozen=True)
class Cleaner:
    """The program with a cache, and an engine on which there are things of ours and of others."""

    cache: Path
    daemon: Daemon

    def gc(self, *words: str) -> set[str]:
        """Run it and return what became of each thing."""
        argv = [sys.executable, "-m", "harness.cli", "gc", "--json", "--cache", str(self.cache)]
        done = subprocess.run(
            [*argv, *words],
            env={**os.environ, "DOCKER_HOST": self.daemon.host},
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        said = json.loads(done.stdout)
        assert said["engine"]["host"] == self.daemon.host
        return {
            (one["name"].removeprefix("docker.io/") if one["kind"] in NAMED else one["kind"])
            + f": {one['fate']}"
            for one in said["items"]
        }

    def there(self) -> dict[str, set[str]]:
        api = APIClient(self.daemon.host, version="auto")
        held = api.df()
        names = [name for one in api.images() for name in one["RepoTags"] or ()]
        mounts = [one["Description"] for one in held["BuildCache"] or ()]
        return {
            "images": {name.removeprefix("docker.io/") for name in names},
            "containers": {name.strip("/") for one in held["Containers"] for name in one["Names"]},
            "volumes": {one["Name"] for one in held["Volumes"]},
            "mounts": {*re.findall(r"cached mount (\S+) from", "\n".join(mounts))},
        }


@pytest.fixture(scope="module", params=[engines.DOCKER, engines.PODMAN], ids=["docker", "podman"])
def engine(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Daemon]:
    make: Make = request.param
    with engines.started(tmp_path_factory.mktemp("gc-engine"), make) as daemon:
        yield daemon


@pytest.fixture
def cleaner(tmp_path: Path, engine: Daemon) -> Iterator[Cleaner]:
    folder = tmp_path / "gc"
    folder.mkdir()
    shell = busybox.find().path
    with tarfile.open(folder / "base.tar", "w") as tar:
        tar.add(shell, "bin/busybox")
        tar.add(shell, "bin/sh")
    for name, change in (
        (BASE, "CMD sh"),
        ("compat/suite:0a", f"LABEL {OURS}"),
        ("compat/pair:0b", f"LABEL {OURS}"),
        ("compat/suite:0c", "CMD sh"),
    ):
        engine.docker("import", "--change", change, "-", name, stdin=folder / "base.tar")
    _create(engine)
    _mount(engine, folder)
    yield Cleaner(folder / "cache", engine)
    engine.heal()
    for listed, remove in ((("images",), ("rmi",)), (("volume", "ls"), ("volume", "rm"))):
        if there := {*engine.docker(*listed, "--quiet").split()}:
            engine.docker(*remove, "--force", *there)


def _reached(engine: Daemon) -> Engine:
    return Engine(APIClient(engine.host, version="auto"), Endpoint(engine.host, "the test"))


def _mount(engine: Daemon, folder: Path) -> None:
    """Fill mounts in the build cache of an engine that has one."""
    reached = _reached(engine)
    if reached.product.podman:
        return
    for place in (GO_CACHE, OTHER):
        file = folder / "Dockerfile"
        file.write_text(_DOCKERFILE.format(base=BASE, folder=place))
        builder_for(reached.product, reached.where).build(Build("mine/built:1", folder, file))


def _create(engine: Daemon) -> None:
    world, pid, began = machine.process().rsplit(" ", 2)
    gone = f"{world} {pid} {int(began) - 1}"
    for name, owner in (("gone", gone), ("alive", machine.process())):
        given = ("--label", OURS, "--label", f"{OWNER}={owner}")
        engine.docker("create", "--name", name, *given, BASE, "sh")
    engine.docker("create", "--name", "theirs", "compat/pair:0b", "sh")
    engine.docker("volume", "create", "--label", OURS, "ours")
    engine.docker("volume", "create", "theirs")


def test_what_is_ours_goes_when_it_is_old_and_nobody_uses_it(cleaner: Cleaner) -> None:
    before = cleaner.there()
    docker = not _reached(cleaner.daemon).product.podman
    assert before["mounts"] == ({GO_CACHE, OTHER} if docker else set())
    assert cleaner.gc("--dry-run") == {"container: would go"}
    assert cleaner.gc("--dry-run", "--older-than", "0") == {
        "container: would go",
        "container: in use",
        "compat/suite:0a: would go",
        "compat/pair:0b: would go",
        "ours: would go",
        *(["build cache: would go"] if docker else []),
    }
    assert cleaner.there() == before

    store = Store(cleaner.cache)
    with store.locked("engine-0a"):
        pass
    assert cleaner.gc("--older-than", "0") == {
        "container: removed",
        "container: in use",
        "compat/suite:0a: in use",
        "compat/pair:0b: in use",  # by a container of somebody's
        "ours: removed",
        *(["build cache: removed"] if docker else []),
    }
    del store
    assert "compat/suite:0a: removed" in cleaner.gc("--older-than", "0")
    assert cleaner.there() == {
        "images": before["images"] - {"compat/suite:0a"},
        "containers": {"alive", "theirs"},
        "volumes": {"theirs"},
        "mounts": before["mounts"] - {GO_CACHE},
    }


def test_docker_keeps_when_an_image_was_looked_for(cleaner: Cleaner) -> None:
    engine = _reached(cleaner.daemon)
    (before,) = (it for it in Labelled(engine).images() if "compat/pair:0b" in it.name)
    assert engine.has_image("compat/pair:0b")
    assert not engine.has_image("compat/pair:0f")
    (after,) = (it for it in Labelled(engine).images() if "compat/pair:0b" in it.name)
    assert (after.used > before.used) is (not engine.product.podman)
    assert not Labelled(engine).remove_image(before)  # used since, or by a container
