"""How a leg becomes a container: its command, its rights, its network, and what befell it."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path
from typing import Any, cast

import pytest

from harness.backends import goroutines, leg
from harness.backends.base import Artefact, LegRequest, Privileges
from harness.backends.docker import container
from harness.backends.docker.container import run_leg
from harness.backends.docker.images import HOME
from harness.engine.client import Engine
from harness.engine.containers import Container, Ended, Power
from harness.engine.errors import EngineFailed
from harness.model import Reason
from tests.support.fake_engine import LACKING, WHOLE, FakeEngine
from tests.support.shell_legs import leg_request


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


def _leg(folder: Path, **changes: Any) -> LegRequest:  # noqa: ANN401 - any field
    own = {"parallel": 8, "procs": 8, "folder": folder / "run-1" / "candidate"}
    return leg_request(folder, **own | changes)


def _ran(engine: FakeEngine, request: LegRequest, wanted: Privileges) -> Container:
    run_leg(cast("Engine", engine), "compat/pair:1", request, bytearray().extend, wanted)
    return engine.ran[-1]


@pytest.mark.parametrize("power", [WHOLE, LACKING])
def test_a_shell_becomes_the_test_binary_that_is_told_the_same_as_by_native(
    tmp_path: Path, power: Power
) -> None:
    request = _leg(tmp_path, skip="TestB")
    box = _ran(FakeEngine(power), request, Privileges.AUTO)
    shell, option, script, name, *told = box.command
    assert (shell, option, name) == ("sh", "-c", "first.sh")
    assert script.rstrip().endswith('exec "$@"')
    assert told[:4] == ["/compat/leg", "buildkitd", "registry", "--"]
    assert told[4:] == leg.arguments("dockerfile.test", request)
    assert told[-2:] == ["-test.run=^TestIntegration$", "-test.skip=TestB"]
    assert box.labels == {
        "org.buildkit-compat.run": "run-1",
        "org.buildkit-compat.leg": "candidate",
    }


def test_what_nobody_may_share_is_a_leg_s_own(tmp_path: Path) -> None:
    options = _ran(FakeEngine(LACKING), _leg(tmp_path), Privileges.AUTO).options
    assert options["cgroupns"] == "private"
    assert "binds" not in options


@pytest.mark.parametrize(
    ("power", "wanted", "privileged"),
    [
        (WHOLE, Privileges.AUTO, True),
        (LACKING, Privileges.AUTO, False),
        (WHOLE, Privileges.EXPLICIT, False),
        (WHOLE, Privileges.PRIVILEGED, True),
        (LACKING, Privileges.EXPLICIT, False),
    ],
)
def test_a_leg_is_privileged_where_the_engine_can_give_that(
    tmp_path: Path, power: Power, wanted: Privileges, *, privileged: bool
) -> None:
    box = _ran(FakeEngine(power), _leg(tmp_path), wanted)
    assert box.options.get("privileged", False) is privileged
    assert box.unmasked is not privileged
    assert "cap_add" in box.options or privileged


def test_what_an_engine_cannot_give_is_refused_before_it_is_tried(tmp_path: Path) -> None:
    engine = FakeEngine(LACKING)
    with pytest.raises(EngineFailed, match="it lacks CAP_SYS_RESOURCE, CAP_BPF itself") as caught:
        _ran(engine, _leg(tmp_path), Privileges.PRIVILEGED)
    assert "--privileges auto" in caught.value.hint
    assert engine.ran == []


def test_what_the_engine_lacks_and_knows_is_dropped(tmp_path: Path) -> None:
    options = _ran(FakeEngine(LACKING), _leg(tmp_path), Privileges.AUTO).options
    assert options["cap_add"] == ["ALL"]
    assert options["cap_drop"] == ["sys_resource"]
    assert "seccomp=unconfined" in options["security_opt"]


@pytest.mark.parametrize("offline", [True, False])
def test_offline_means_no_network_and_no_proxy(
    engine: FakeEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, offline: bool
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy")
    box = _ran(engine, _leg(tmp_path, offline=offline), Privileges.AUTO)
    assert (box.options.get("network_mode") == "none") is offline
    assert ("HTTPS_PROXY" in box.environment) is not offline


def test_seeded_images_are_given_as_a_copy(engine: FakeEngine, tmp_path: Path) -> None:
    (tmp_path / "mirror-1" / "data").mkdir(parents=True)
    (tmp_path / "mirror-1" / "data" / "blob").write_bytes(b"x" * (3 << 20))
    box = _ran(engine, _leg(tmp_path, mirror=tmp_path / "mirror-1"), Privileges.AUTO)
    _, (folder, archive) = box.files
    with tarfile.open(fileobj=io.BytesIO(b"".join(archive()))) as tar:
        assert "mirror/data/blob" in tar.getnames()
    assert f"{folder}/mirror" == box.environment["BUILDKIT_REGISTRY_MIRROR_DIR"]


def test_scenarios_are_given_as_a_copy_and_started_there(
    engine: FakeEngine, tmp_path: Path
) -> None:
    (tmp_path / "s" / "bin").mkdir(parents=True)
    (tmp_path / "s" / "bin" / "dockerfile.test").write_text("#!/usr/bin/env python3\n")
    tests = Artefact("scenarios", tmp_path / "s", cached=True, go_minor=26)
    box = _ran(engine, _leg(tmp_path, tests=tests, scenarios=True), Privileges.AUTO)
    _, (folder, archive) = box.files
    with tarfile.open(fileobj=io.BytesIO(b"".join(archive()))) as tar:
        assert "scenarios/bin/dockerfile.test" in tar.getnames()
    assert f"{folder}/scenarios/bin/dockerfile.test" in box.command


@pytest.mark.parametrize(
    ("status", "out_of_memory", "reasons"),
    [
        (0, False, []),
        (1, False, []),
        (2, False, []),
        (None, False, []),
        (1, True, [Reason.OOM]),
        (137, True, [Reason.OOM]),
        (137, False, [Reason.ENGINE]),
    ],
)
def test_what_befell_a_container_is_a_fault_of_its_leg(
    engine: FakeEngine,
    tmp_path: Path,
    status: int | None,
    *,
    out_of_memory: bool,
    reasons: list[Reason],
) -> None:
    engine.end = Ended(status, timed_out=False, out_of_memory=out_of_memory, seconds=3.0)
    ended = run_leg(
        cast("Engine", engine), "i", _leg(tmp_path), bytearray().extend, Privileges.AUTO
    )
    assert ended.status == status
    assert [fault.reason for fault in ended.faults] == reasons


def test_the_programs_of_a_leg_that_is_overdue_are_asked_for_their_goroutines_once(
    engine: FakeEngine, tmp_path: Path
) -> None:
    engine.end = Ended(2, timed_out=False, out_of_memory=False, seconds=3.0)
    one, request = cast("Engine", engine), _leg(tmp_path)
    request.folder.mkdir(parents=True)
    ended = run_leg(one, "i", request, bytearray().extend, Privileges.AUTO, lambda: True)
    assert (ended.status, ended.timed_out, ended.faults) == (None, True, ())
    assert engine.ticked == [goroutines.LAST_WORDS, None]
    ((name, command),) = engine.executed
    assert (name, command[0], command[-1]) == ("box", "/bin/sh", "buildkitd")
    assert (request.folder / goroutines.KEPT).read_bytes() == b"SIGQUIT: quit\n"


def test_the_folder_of_seeded_images_lies_in_the_folder_of_ours() -> None:
    assert Path(container.MIRROR).parent == Path(HOME)
