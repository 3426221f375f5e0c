"""Podman, by its Docker-compatible socket: the demo's verdicts are native's there too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from harness.model import Run
from tests.support import engines
from tests.support.engine_program import Program, verdicts
from tests.support.engines import Daemon

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def podman(tmp_path_factory: pytest.TempPathFactory, base: Path) -> Iterator[Daemon]:
    with engines.started(tmp_path_factory.mktemp("podman-engine"), engines.PODMAN) as running:
        running.stock(base)
        yield running


def test_every_verdict_is_the_native_one(
    tmp_path: Path, podman: Daemon, native: tuple[int, Run, str]
) -> None:
    program = Program.fresh(tmp_path, podman)
    code, run, _ = program.demo("docker")
    assert run.host.tools["engine Product"] == "Podman Engine"
    assert "/podman " in run.host.tools["image builder"]
    assert verdicts(run) == verdicts(native[1])
    assert code == native[0] == 0
    assert podman.containers() == []
    ours = podman.docker("images", "--quiet", "--filter", "label=org.buildkit-compat.project")
    assert set(ours.split()) == set(podman.docker("images", "--quiet", "compat/*").split()) != set()
