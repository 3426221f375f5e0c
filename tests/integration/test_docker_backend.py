"""The demo on an engine of its own: the same verdicts as native's, and nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from harness.journal import read_run
from harness.model import Leg, Run
from harness.store import Store, default_cache
from tests.integration import engines
from tests.integration.conftest import GoToolchain
from tests.integration.engines import Daemon

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[2]
BASE = "base.test/go:1.21"


@dataclass(frozen=True)
class Program:
    """The program with a cache, a folder of runs and an engine."""

    folder: Path
    daemon: Daemon

    def start(self, *words: str) -> subprocess.Popen[str]:
        hidden = ("COMPAT_", "GIT_", "DOCKER_")
        kept = {k: v for k, v in os.environ.items() if not k.startswith(hidden)}
        places = ("--cache", str(self.folder / "cache"), "--out", str(self.folder / "runs"))
        return subprocess.Popen(
            [sys.executable, "-m", "harness.cli", *words, *places],
            cwd=ROOT,
            env={**kept, "DOCKER_HOST": self.daemon.host, "COMPAT_BASE_IMAGE": BASE},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def demo(self, backend: str) -> tuple[int, Run, str]:
        with self.start("demo", "--backend", backend, "--stage", "generic") as child:
            out, err = child.communicate(timeout=500)
        assert child.returncode in {0, 1}, err + out
        return child.returncode, self.latest(), err

    def demo_until(self, word: str) -> subprocess.Popen[str]:
        """Start the demo on the engine and come back once it has said a word."""
        child = self.start("demo", "--backend", "docker", "--stage", "generic")
        assert child.stderr
        for line in child.stderr:
            if word in line:
                return child
        pytest.fail(f"the demo ended without {word!r}")

    def latest(self) -> Run:
        return read_run((self.folder / "runs" / "latest").resolve())


@pytest.fixture(scope="module")
def daemon(
    tmp_path_factory: pytest.TempPathFactory, go_store: Store, go_toolchain: GoToolchain
) -> Iterator[Daemon]:
    image = engines.base_image(go_store, go_toolchain("1.21.13"))
    with engines.started(tmp_path_factory.mktemp("engine")) as running:
        path = "PATH=/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        running.docker("import", "--change", f"ENV {path}", "-", BASE, stdin=image)
        yield running


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory, daemon: Daemon) -> Program:
    folder = tmp_path_factory.mktemp("docker")
    (folder / "cache").mkdir()
    (default_cache() / "go").mkdir(parents=True, exist_ok=True)
    (folder / "cache" / "go").symlink_to(default_cache() / "go")
    return Program(folder, daemon)


@pytest.fixture(scope="module")
def seen(program: Program) -> tuple[int, Run]:
    code, run, _ = program.demo("docker")
    return code, run


def test_every_verdict_is_the_native_one(program: Program, seen: tuple[int, Run]) -> None:
    code, run = seen
    native_code, native, _ = program.demo("native")
    assert (run.pair.backend, native.pair.backend) == ("docker", "native")
    assert {row.name: row.verdict for row in run.judgements} == {
        row.name: row.verdict for row in native.judgements
    }
    assert code == native_code == 1


def test_the_run_records_the_engine(seen: tuple[int, Run]) -> None:
    tools = seen[1].host.tools
    assert tools["engine ServerVersion"]
    assert tools["docker client"]


@pytest.mark.usefixtures("seen")
def test_a_second_run_builds_nothing_and_uses_the_control_again(program: Program) -> None:
    _, run, err = program.demo("docker")
    assert "  built" not in err
    assert [leg.cached for leg in run.legs if leg.leg is Leg.CONTROL and not leg.attempt] == [True]


@pytest.mark.usefixtures("seen")
def test_an_image_that_was_removed_is_built_again(program: Program) -> None:
    for name in ("suite", "pair"):
        images = program.daemon.docker("images", "--quiet", f"compat/{name}").split()
        program.daemon.docker("rmi", "--force", *images)
    code, _, err = program.demo("docker")
    assert code == 1
    assert [line for line in err.splitlines() if line.endswith("  built")], err


@pytest.mark.usefixtures("seen")
def test_everything_on_the_engine_bears_our_label(program: Program) -> None:
    ours = program.daemon.docker(
        "images", "--quiet", "--filter", "label=org.buildkit-compat.project"
    )
    named = program.daemon.docker("images", "--quiet", "compat/*")
    assert set(ours.split()) == set(named.split()) != set()
    assert program.daemon.containers() == []


@pytest.mark.usefixtures("seen")
def test_an_interrupted_run_leaves_no_container(program: Program) -> None:
    with program.demo_until("TestExportLabels") as child:
        child.send_signal(signal.SIGINT)
        begun = time.monotonic()
        child.communicate(timeout=60)
        assert time.monotonic() - begun < 30
    assert child.returncode == 130
    assert program.latest().interrupted
    assert program.daemon.containers() == []


@pytest.mark.usefixtures("seen")
def test_what_a_killed_run_leaves_is_removed_by_the_next(program: Program) -> None:
    with program.demo_until("TestExportLabels") as child:
        child.kill()
    assert program.daemon.containers()
    code, _, _ = program.demo("docker")
    assert code == 1
    assert program.daemon.containers() == []


@pytest.mark.usefixtures("seen")
def test_an_engine_that_goes_away_is_an_infrastructure_failure(program: Program) -> None:
    """The last test: the engine is gone afterwards."""
    with program.demo_until("TestExportLabels") as child:
        program.daemon.kill()
        _, err = child.communicate(timeout=120)
    assert child.returncode == 4, err
    assert "error: " in err
    assert "Traceback" not in err
    again = program.start("demo", "--backend", "docker", "--stage", "generic")
    with again:
        _, err = again.communicate(timeout=120)
    assert again.returncode == 4
    assert "no engine answers at" in err
    assert "hint: " in err
