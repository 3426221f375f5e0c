"""What ./compat-run decides: which environment, which packages, and what it becomes."""

from __future__ import annotations

import errno
import os
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from harness.errors import InfrastructureError, MissingToolError
from harness.launcher import debian, launch, make_plan
from harness.launcher.environment import Environment
from harness.start import STAMP, start
from harness.tools import pip
from harness.tools.process import CommandFailed, Completed, Request
from harness.tools.requirements import Group, Kind, Requirement

VENV = Requirement(Kind.MODULE, "ensurepip", "python3-venv", Group.VENV, "makes")
RUNC = Requirement(Kind.PROGRAM, "runc", "runc", Group.RUN, "runs")
BUSYBOX = Requirement(
    Kind.PROGRAM, "busybox", "busybox-static", Group.RUN, "fills", replaces=("busybox",)
)
REGISTRY = Requirement(
    Kind.PROGRAM, "registry", "docker-registry", Group.RUN, "serves", services=("registry.service",)
)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Return a checkout that pins nothing."""
    folder = tmp_path / "checkout"
    (folder / "locks").mkdir(parents=True)
    for name in ("run.txt", "runner.txt"):
        (folder / "locks" / name).touch()
    return folder


def _launch(checkout: Path, *args: str) -> int:
    """Start the launcher as ./compat-run does and return its exit code."""

    def body() -> int:
        launch(checkout, args)

    with pytest.raises(SystemExit) as end:
        start(body)
    assert isinstance(end.value.code, int)
    return end.value.code


def test_arguments_are_passed_on_without_the_launchers_own(checkout: Path) -> None:
    plan = make_plan(checkout, ["v0.6", "master", "--no-install", "--offline"])
    assert plan.argv == ("harness.cli", "v0.6", "master", "--offline")
    assert not plan.install
    assert plan.groups == (Group.VENV, Group.RUN)


@pytest.mark.parametrize("args", [[], ["doctor"], ["completion", "zsh"], ["run", "-h"], ["--help"]])
def test_nothing_is_installed_for_a_command_that_only_looks(
    checkout: Path, args: Sequence[str]
) -> None:
    assert make_plan(checkout, args).groups == (Group.VENV,)


def test_the_tests_are_one_command_with_all_that_they_need(checkout: Path) -> None:
    plan = make_plan(checkout, ["tests", "tests/unit", "-k", "refs"])
    assert plan.environment.lock == checkout / "locks" / "runner.txt"
    assert set(plan.groups) == set(Group)
    assert plan.argv[0] == "tox"
    assert plan.argv[-6:] == ("-e", "all", "--", "tests/unit", "-k", "refs")


def test_the_tests_run_on_the_newest_versions_if_asked(checkout: Path) -> None:
    plan = make_plan(checkout, ["tests", "--newest", "tests/unit"])
    assert plan.argv[-4:] == ("-e", "newest", "--", "tests/unit")
    assert plan.environment == make_plan(checkout, ["tests"]).environment


def test_the_environment_lies_in_the_checkout_or_where_it_is_told(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert make_plan(checkout, []).environment.folder == checkout / ".venv"
    monkeypatch.setenv("COMPAT_VENV", "/elsewhere/venv")
    assert make_plan(checkout, []).environment.folder == Path("/elsewhere/venv")


def test_a_folder_of_somebody_else_is_never_emptied(
    checkout: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (checkout / ".venv").mkdir()
    (checkout / ".venv" / "thesis.tex").write_text("years of work")
    monkeypatch.setattr(debian, "provide", lambda *_args, **_kw: None)
    assert _launch(checkout, "demo") == 2
    assert "was not made by compat-run" in capsys.readouterr().err
    assert (checkout / ".venv" / "thesis.tex").read_text() == "years of work"


def test_a_complete_environment_is_entered_at_once(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    became: list[tuple[Sequence[str], Mapping[str, str]]] = []

    def become(_path: Path, argv: Sequence[str], env: Mapping[str, str]) -> None:
        became.append((argv, env))
        raise SystemExit(0)  # as exec does, this does not come back

    hidden = ("PYTHONHOME", "PYTHONPATH", "PYTHONOPTIMIZE", "PYTHONUSERBASE", "VIRTUAL_ENV")
    for name in (*hidden, "COMPAT_RUNS", "PIP_INDEX_URL"):
        monkeypatch.setenv(name, "anything")
    monkeypatch.setattr(os, "execve", become)
    monkeypatch.setattr(debian, "provide", lambda *_args, **_kw: None)
    monkeypatch.setattr(Environment, "_complete", lambda _self: True)
    with pytest.raises(SystemExit):
        launch(checkout, ["doctor"])
    ((argv, env),) = became
    start_file = str(checkout / "harness" / "start.py")
    own = str(checkout / ".venv" / "bin" / "python")
    assert argv == [own, "-I", start_file, "harness.cli", "doctor"]
    assert not [name for name in env if name.startswith(hidden)]
    assert env["COMPAT_RUNS"] == env["PIP_INDEX_URL"] == "anything"


def test_tox_gets_neither_its_own_variables_nor_what_changes_an_installation(
    checkout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in os.environ if name.startswith("PIP_")]:
        monkeypatch.delenv(name)
    for name in ("TOXENV", "TOX_OVERRIDE", "VIRTUALENV_DOWNLOAD", "PIP_TARGET", "PYTHONPATH"):
        monkeypatch.setenv(name, "anything")
    monkeypatch.setenv("PIP_INDEX_URL", "index")
    monkeypatch.setattr(pip, "run", lambda _request: Completed(0, b"", b""))
    env = make_plan(checkout, ["tests"]).variables(Path("python"))
    ours = {k: v for k, v in env.items() if k.startswith(("TOX", "VIRTUALENV", "PIP", "PYTHON"))}
    assert ours == {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_INDEX_URL": "index",
        "TOX_USER_CONFIG_FILE": os.devnull,
        "VIRTUALENV_CONFIG_FILE": os.devnull,
    }


def test_an_environment_whose_python_is_gone_is_made_anew(checkout: Path) -> None:
    made = make_plan(checkout, []).environment
    made.python.parent.mkdir(parents=True)
    made.python.symlink_to("/usr/lib/python-of-yesterday")
    (made.folder / STAMP).write_text(made._wanted())
    assert not made._complete()
    made.python.unlink()
    made.python.symlink_to(sys.executable)
    (made.folder / STAMP).write_text(made._wanted())
    assert made._complete()


def test_another_lock_makes_an_environment_stale(checkout: Path) -> None:
    made = make_plan(checkout, []).environment
    made.python.parent.mkdir(parents=True)
    made.python.symlink_to(sys.executable)
    (made.folder / STAMP).write_text(made._wanted())
    made.lock.write_text("click==9")
    assert not made._complete()


def test_a_full_disk_is_told_without_a_traceback(
    checkout: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill(_self: Environment) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "/small/venv")

    monkeypatch.setattr(debian, "provide", lambda *_args, **_kw: None)
    monkeypatch.setattr(Environment, "provide", fill)
    assert _launch(checkout, "demo") == 4
    assert capsys.readouterr().err.splitlines() == [
        "compat-run: error: /small/venv: No space left on device",
        "compat-run: hint: set COMPAT_VENV to another folder",
    ]


def test_an_interruption_is_130(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_args: object, **_kw: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(debian, "provide", interrupt)
    assert _launch(checkout) == 130


class Machine:
    """A Debian machine that lacks some requirements and remembers what was run on it."""

    def __init__(self, lacking: list[Requirement]) -> None:
        self.lacking = lacking
        self.ran: list[tuple[str, ...]] = []
        self.plan = ""
        self.fails: Callable[[tuple[str, ...]], bool] = lambda _argv: False
        self.useless = False

    def run(self, request: Request) -> Completed:
        argv = tuple(request.argv)
        self.ran.append(argv)
        if self.fails(argv):
            raise CommandFailed(argv, 100, "E: Unable to locate package")
        if "--simulate" in argv:
            return Completed(0, self.plan.encode(), b"")
        if "install" in argv and not self.useless:
            self.lacking = []
        return Completed(0, b"", b"")

    @property
    def words(self) -> list[str]:
        """First words of what was run, options left out."""
        kept = [[word for word in argv if not word.startswith("-")][:3] for argv in self.ran]
        return [" ".join(words) for words in kept]


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Machine:
    made = Machine([RUNC, REGISTRY])
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(debian, "run", made.run)
    monkeypatch.setattr(debian, "missing", lambda _wanted: made.lacking)
    monkeypatch.setattr(shutil, "which", lambda _name: "/usr/bin/apt-get")
    monkeypatch.setattr(debian, "_SYSTEMD", tmp_path / "no-systemd")
    return made


def test_root_installs_what_is_missing_and_says_so_in_one_line(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    debian.provide([Group.RUN], install=True)
    assert machine.words == ["apt-get install DPkg::Lock::Timeout=300"] * 2
    assert machine.ran[-1][-2:] == ("runc", "docker-registry")
    assert capsys.readouterr().err == (
        "compat-run: installing system packages: runc docker-registry (--no-install refuses)\n"
    )


def test_nothing_missing_is_nothing_said(
    machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    machine.lacking = []
    debian.provide([Group.RUN], install=True)
    assert (machine.ran, capsys.readouterr().err) == ([], "")


@pytest.mark.parametrize(("user", "install"), [(0, False), (1000, True)])
def test_without_leave_or_root_the_command_is_printed(
    machine: Machine,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    *,
    user: int,
    install: bool,
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: user)
    debian.provide([Group.RUN], install=install)
    assert machine.ran == []
    assert "apt-get install runc docker-registry" in capsys.readouterr().err


def test_without_ensurepip_nothing_can_go_on(machine: Machine) -> None:
    machine.lacking = [VENV]
    with pytest.raises(MissingToolError) as error:
        debian.provide([Group.VENV], install=False)
    assert error.value.hint == "apt-get install python3-venv"


def test_package_lists_are_refreshed_only_if_they_do_not_help(machine: Machine) -> None:
    machine.fails = lambda argv: "--simulate" in argv and len(machine.ran) == 1
    debian.provide([Group.RUN], install=True)
    assert [words.split()[1] for words in machine.words] == ["install", "update"] + ["install"] * 2


def test_no_package_is_removed_behind_the_users_back(machine: Machine) -> None:
    machine.plan = "Remv docker-ce [5:27.0]\nInst runc (1.1.5)\n"
    with pytest.raises(InfrastructureError, match="would remove docker-ce"):
        debian.provide([Group.RUN], install=True)
    assert len(machine.ran) == 1


def test_a_package_may_be_exchanged_if_the_list_says_so(machine: Machine) -> None:
    machine.lacking = [BUSYBOX]
    machine.plan = "Remv busybox [1:1.35]\nInst busybox-static (1:1.35)\n"
    debian.provide([Group.RUN], install=True)
    assert machine.lacking == []


def test_an_installation_that_brings_nothing_is_an_error(machine: Machine) -> None:
    machine.useless = True
    with pytest.raises(MissingToolError, match=r"still missing .*: runc, registry$"):
        debian.provide([Group.RUN], install=True)


def test_no_service_is_started_where_systemd_runs(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(debian, "_SYSTEMD", tmp_path)
    debian.provide([Group.RUN], install=True)
    assert machine.words == [
        "apt-get install DPkg::Lock::Timeout=300",
        "systemctl mask registry.service",
        "apt-get install DPkg::Lock::Timeout=300",
        "systemctl unmask registry.service",
        "systemctl disable registry.service",
    ]


def test_the_mask_is_lifted_even_if_the_installation_fails(
    machine: Machine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(debian, "_SYSTEMD", tmp_path)
    machine.fails = lambda argv: "install" in argv and "--simulate" not in argv
    with pytest.raises(CommandFailed):
        debian.provide([Group.RUN], install=True)
    assert machine.words[-1] == "systemctl unmask registry.service"
