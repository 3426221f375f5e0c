"""What a leg's namespaces are told to hold; the namespaces themselves are integration tests."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from harness.backends.base import Artefact, LegRequest
from harness.backends.leg import ALARM
from harness.backends.native import sandbox
from harness.backends.native.sandbox import (
    PROGRAMS,
    _arguments,
    _environment,
    _free_folder,
    _programs,
    _spec,
    command,
)
from harness.engine.builders import docker
from harness.errors import InfrastructureError, MissingToolError
from harness.tools.guard import MARK
from tests.support.shell_legs import leg_request

SCRATCH = Path("/mnt")
SUITE_PROGRAMS = ("buildctl", "buildkitd", "dockerfile.test")


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have every program that a leg needs, in one folder of PATH."""
    folder = tmp_path / "usr-bin"
    folder.mkdir()
    for name in ("runc", "docker-registry", "unshare", "setpriv", "containerd", "containerd-shim"):
        (folder / name).touch(mode=0o755)
    monkeypatch.setenv("PATH", str(folder))
    return folder


@pytest.fixture
def request_(tmp_path: Path) -> LegRequest:
    suite = tmp_path / "suite"
    (suite / "bin").mkdir(parents=True)
    for name in SUITE_PROGRAMS:
        (suite / "bin" / name).touch(mode=0o755)
    select = "^TestIntegration$/.*/^worker=oci$"
    return leg_request(tmp_path, select=select, parallel=8, procs=4, timeout=1800.0)


def changed(request: LegRequest, **values: object) -> LegRequest:
    return LegRequest(**{**vars(request), **values})


def test_the_test_binary_is_told_what_to_select_and_when_to_give_up(request_: LegRequest) -> None:
    program, *words = _arguments(request_)
    assert program == str(request_.suite.path / "bin" / "dockerfile.test")
    assert words == [
        "-test.v=test2json",
        "-test.count=1",
        "-test.parallel=8",
        f"-test.timeout={1800 + ALARM:.3f}s",
        "-test.run=^TestIntegration$/.*/^worker=oci$",
    ]


def test_a_skip_is_passed_on_only_if_there_is_one(request_: LegRequest) -> None:
    assert not any("-test.skip" in word for word in _arguments(request_))
    assert _arguments(changed(request_, skip="^A$"))[-1] == "-test.skip=^A$"


@pytest.mark.parametrize("seconds", [1.0, 90.5, 604800.0])
def test_a_time_limit_is_written_as_go_reads_it(seconds: float, request_: LegRequest) -> None:
    (limit,) = (w for w in _arguments(changed(request_, timeout=seconds)) if "timeout" in w)
    number = limit.removeprefix("-test.timeout=").removesuffix("s")
    assert float(number) == seconds + ALARM  # the leg is asked first
    assert set(number) <= set("0123456789.")


def test_the_environment_names_the_frontend_and_only_private_folders(
    request_: LegRequest,
) -> None:
    environment = _environment(request_, SCRATCH)
    assert environment["FRONTEND_GATEWAY_ONLY"] == (f"local:{request_.frontend.path}/frontend.tar")
    assert environment["EXTERNAL_DF_FRONTEND"] == f"{request_.frontend.path}/dockerfile-frontend"
    assert environment["GOMAXPROCS"] == "4"
    assert {environment[name] for name in ("HOME", "TMPDIR")} == {"/mnt/home", "/mnt/tmp"}
    assert environment["PATH"].startswith("/mnt/bin:")
    assert "BUILDKIT_REGISTRY_MIRROR_DIR" not in environment


def test_a_mirror_is_used_as_the_copy_that_the_leg_gets(request_: LegRequest) -> None:
    seeded = changed(request_, mirror=Path("/cache/mirror/k1"))
    assert _environment(seeded, SCRATCH)["BUILDKIT_REGISTRY_MIRROR_DIR"] == "/mnt/mirror"
    assert _spec(seeded, SCRATCH, {}, {})["mirror"] == "/cache/mirror/k1"


def test_scenarios_find_the_python_that_is_here(request_: LegRequest) -> None:
    asked = changed(request_, scenarios=True)
    assert _programs(asked)["python3"] == str(Path(sys.executable).resolve())
    assert sys.base_prefix in _spec(asked, SCRATCH, {}, {})["visible"]  # type: ignore[operator] # a list
    assert _environment(asked, SCRATCH)["SCENARIO_WORKER"] == "oci"
    assert "SCENARIO_WORKER" not in _environment(request_, SCRATCH)


def test_what_a_line_sets_wins(request_: LegRequest) -> None:
    own = changed(request_, environment={"GOMAXPROCS": "1", "BUILDKIT_X": "y"})
    environment = _environment(own, SCRATCH)
    assert (environment["GOMAXPROCS"], environment["BUILDKIT_X"]) == ("1", "y")


def test_of_our_environment_only_the_user_and_proxies_are_passed_on(
    request_: LegRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("USER", "NO_PROXY", "https_proxy"):
        monkeypatch.setenv(name, f"my {name}")
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("SSH_AUTH_SOCK", "/run/agent")
    spec = _spec(request_, SCRATCH, {}, {})
    assert spec["inherits"] == ["USER", "NO_PROXY", "https_proxy", MARK]
    assert not any(value.startswith("my ") for value in _environment(request_, SCRATCH).values())


@pytest.mark.usefixtures("machine")
def test_offline_only_the_network_is_set_apart_and_its_loopback_brought_up(
    request_: LegRequest, tmp_path: Path
) -> None:
    spec = tmp_path / "sandbox.json"
    online, offline = (command(spec, offline=value) for value in (False, True))
    assert [word for word in offline if word not in online] == ["--net"]
    assert offline[-1] == str(spec)
    assert _spec(request_, SCRATCH, {}, {})["loopback"] is True
    assert _spec(changed(request_, offline=False), SCRATCH, {}, {})["loopback"] is False


@pytest.mark.usefixtures("machine")
def test_every_process_of_the_chain_dies_with_its_parent(tmp_path: Path) -> None:
    argv = command(tmp_path / "sandbox.json", offline=True)
    assert argv[1:4] == ["--pdeathsig", "KILL", "--"]
    assert "--kill-child" in argv
    assert argv[argv.index("--pid") :][:2] == ["--pid", "--fork"]


def test_the_programs_are_the_suites_own_and_the_machines_under_the_names_tests_look_for(
    request_: LegRequest, machine: Path
) -> None:
    programs = _programs(request_)
    own = {name: str(request_.suite.path / "bin" / name) for name in SUITE_PROGRAMS}
    assert programs == own | {
        "buildkit-runc": str(machine / "runc"),
        "runc": str(machine / "runc"),
        "registry": str(machine / "docker-registry"),
    }


def test_a_third_commits_client_comes_with_its_daemon_and_hides_neither_of_the_daemons_own(
    request_: LegRequest,
) -> None:
    third = Artefact("c1", Path("/cache/suite/c1"), cached=True, go_minor=21)
    programs = _programs(changed(request_, scenarios=True, buildctl=third))
    own, others = request_.suite.path / "bin", third.path / "bin"
    assert {name: path for name, path in programs.items() if "build" in name} == {
        "buildkitd": str(own / "buildkitd"),
        "daemon-buildctl": str(own / "buildctl"),
        "buildctl": str(others / "buildctl"),
        "client-buildkitd": str(others / "buildkitd"),
        "buildkit-runc": programs["runc"],
    }


def test_the_containerd_worker_gets_what_there_is_of_containerd(
    request_: LegRequest, machine: Path
) -> None:
    programs = _programs(changed(request_, worker="containerd", programs=("containerd",)))
    assert programs["containerd"] == str(machine / "containerd")
    assert "containerd-shim-runc-v2" not in programs


@pytest.mark.parametrize("program", sorted(set(PROGRAMS.values())))
def test_a_missing_program_is_named(
    program: str, request_: LegRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def find(name: str) -> Path:
        if name == program:
            raise MissingToolError(f"{name} is not installed")
        return Path("/usr/bin", name)

    monkeypatch.setattr(sandbox, "find", find)
    with pytest.raises(MissingToolError, match=program):
        _programs(request_)


@pytest.fixture
def candidates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Stand in for /mnt and its like; the second does not exist."""
    folders = [tmp_path / name for name in ("mnt", "media", "srv")]
    for folder in (folders[0], folders[2]):
        folder.mkdir()
    monkeypatch.setattr(sandbox, "_SCRATCH", tuple(map(str, folders)))
    return folders


def test_the_first_folder_that_holds_nothing_needed_is_covered(candidates: list[Path]) -> None:
    mnt, _, srv = candidates
    assert _free_folder([Path("/usr/bin/runc")]) == mnt
    assert _free_folder([Path("/usr/bin/runc"), mnt / "cache" / "suite"]) == srv
    assert _free_folder([mnt]) == srv
    assert _free_folder([Path(f"{mnt}-else/where")]) == mnt


def test_a_folder_is_needed_by_the_name_in_use_and_by_where_a_link_leads(
    candidates: list[Path], tmp_path: Path
) -> None:
    mnt, _, srv = candidates
    (tmp_path / "disk").mkdir()
    (mnt / "cache").symlink_to(tmp_path / "disk")
    assert _free_folder([mnt / "cache" / "suite"]) == srv
    (tmp_path / "link").symlink_to(mnt)
    assert _free_folder([tmp_path / "link" / "runs"]) == srv


def test_a_relative_path_is_needed_where_it_lies(
    candidates: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    mnt, _, srv = candidates
    monkeypatch.chdir(mnt)
    assert _free_folder([Path("cache")]) == srv


def test_if_everything_is_needed_the_error_says_what_to_do(candidates: list[Path]) -> None:
    with pytest.raises(InfrastructureError, match=r"none of .*mnt, .*srv is free") as caught:
        _free_folder(candidates)
    assert "COMPAT_CACHE" in caught.value.hint


def test_a_leg_whose_builds_an_engine_makes_sees_its_socket_and_its_client(
    request_: LegRequest, machine: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = machine / "docker"
    client.touch(mode=0o755)
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")
    monkeypatch.setattr(docker, "find_client", lambda: SimpleNamespace(path=client))
    leg = changed(request_, engine="Docker Engine 20.10.24", offline=False)
    told = _spec(leg, SCRATCH, _programs(leg), {})
    assert f"{tmp_path}/docker.sock" in told["visible"]  # type: ignore[operator]
    programs = told["programs"]
    assert isinstance(programs, dict)
    assert programs["docker"] == str(client)
    assert "dockerfile.test" in programs
    assert not {"buildkitd", "buildctl"} & programs.keys()
    assert told["loopback"] is False
    environment = told["env"]
    assert isinstance(environment, dict)
    assert environment["SCENARIO_ENGINE"] == "Docker Engine 20.10.24"
    assert environment["DOCKER_HOST"] == f"unix://{tmp_path}/docker.sock"
    plain = _environment(request_, SCRATCH)
    assert not {"SCENARIO_ENGINE", "DOCKER_HOST"} & plain.keys()


def test_a_frontend_that_scenarios_bring_is_named_and_stays_in_sight(
    machine: Path, request_: LegRequest, tmp_path: Path
) -> None:
    assert machine.is_dir()
    own = Artefact("k", tmp_path / "gateway", cached=True, go_minor=21)
    asked = changed(request_, gateway=own)
    assert _environment(asked, SCRATCH)["SCENARIO_GATEWAY"] == str(own.path / "frontend.tar")
    assert "SCENARIO_GATEWAY" not in _environment(request_, SCRATCH)
    assert str(own.path) in _visible(asked)
    assert str(own.path) not in _visible(request_)


def _visible(request: LegRequest) -> list[str]:
    visible = _spec(request, SCRATCH, _programs(request), {})["visible"]
    assert isinstance(visible, list)
    return visible
