"""The user that a leg has for rootless daemons, and what a machine has for one."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import Any

import pytest

from harness.backends.base import Problem
from harness.backends.native import needs, rootless
from harness.backends.native.rootless import User, closed
from harness.config.needs import Need
from harness.errors import MissingToolError
from harness.tools.process import CommandFailed, Completed, Request

ALL_IDS = "         0          0 4294967295\n"
"""As in a container without a user namespace."""
FEW_IDS = "         0     100000      65536\n"
"""As in a container of a user of its own."""


@pytest.fixture
def etc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have files of /etc and /proc that a test may change."""
    given = {
        "passwd": "root:x:0:0:root:/root:/bin/bash\nme:x:1000:1000::/home/me:/bin/sh",
        "group": "root:x:0:\n",
        "subuid": "me:100000:65536\n",
        "subgid": "me:100000:65536\n",
        "status": "Name:\tcompat\nNoNewPrivs:\t0\n",
        "uid_map": ALL_IDS,
        "gid_map": ALL_IDS,
    }
    for name, text in given.items():
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(rootless, "_PASSWD", tmp_path / "passwd")
    monkeypatch.setattr(rootless, "_GROUP", tmp_path / "group")
    monkeypatch.setattr(rootless, "_SUBORDINATE", (tmp_path / "subuid", tmp_path / "subgid"))
    monkeypatch.setattr(rootless, "_STATUS", tmp_path / "status")
    monkeypatch.setattr(rootless, "_MAPS", (tmp_path / "uid_map", tmp_path / "gid_map"))
    monkeypatch.setattr(rootless, "run", lambda _request: Completed(0, b"", b""))
    rootless.hindrance.cache_clear()
    needs.meets.cache_clear()
    return tmp_path


def test_a_user_is_added_to_those_that_there_are_and_has_all_subordinate_ids(etc: Path) -> None:
    spec = User("/mnt/user", "/mnt/bin:/bin").spec()
    number = spec["id"]
    files: Any = spec["files"]
    assert files[str(etc / "passwd")].splitlines()[-2:] == [
        "me:x:1000:1000::/home/me:/bin/sh",
        f"compat-rootless:x:{number}:{number}::/mnt/user:/mnt/user/shell",
    ]
    assert files[str(etc / "group")] == f"root:x:0:\ncompat-rootless:x:{number}:\n"
    assert files[str(etc / "subuid")] == files[str(etc / "subgid")]
    assert files[str(etc / "subuid")] == "compat-rootless:100000:65536\n"
    assert "export PATH=/mnt/bin:/bin\n" in str(spec["shell"])
    assert rootless.environment() == {"BUILDKIT_INTEGRATION_ROOTLESS_IDPAIR": f"{number}:{number}"}


def test_folders_that_others_may_not_enter_are_found_from_outside(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    (tmp_path / "root" / "cache" / "suite").mkdir(parents=True)
    (tmp_path / "open").mkdir(mode=0o755)
    for name in ("root", "root/cache"):
        (tmp_path / name).chmod(0o700)
    above = [path for path in tmp_path.parents if not path.stat().st_mode & stat.S_IXOTH]
    wanted = [*above[-1:]] or [tmp_path / "root"]
    assert closed([tmp_path / "root" / "cache" / "suite", tmp_path / "root" / "x"]) == [
        str(path) for path in wanted
    ]
    assert closed([tmp_path / "open" / "x"]) == [str(path) for path in above[-1:]]


HINDRANCES: dict[str, tuple[dict[str, str | None], str, str]] = {
    "no_new_privs": (
        {"status": "NoNewPrivs:\t1\n"},
        "no program may gain rights here (no_new_privs), as newuidmap has to",
        "start this container without no-new-privileges",
    ),
    "few IDs": (
        {"uid_map": FEW_IDS},
        "this container has no user IDs up to 165536",
        "start it with as many, or without a user namespace",
    ),
    "few groups": (
        {"gid_map": FEW_IDS},
        "this container has no user IDs up to 165536",
        "start it with as many, or without a user namespace",
    ),
    "no subuid": ({"subuid": None}, "there is no {etc}/subuid", "touch {etc}/subuid"),
}


@pytest.mark.parametrize("case", HINDRANCES)
def test_what_keeps_a_user_from_namespaces_is_named(case: str, etc: Path) -> None:
    changes, what, fix = HINDRANCES[case]
    for name, text in changes.items():
        if text is None:
            (etc / name).unlink()
        else:
            (etc / name).write_text(text)
    found = rootless.hindrance()
    assert found == Problem(what.format(etc=etc), fix.format(etc=etc))
    assert not needs.meets(Need("user-namespaces"))


@pytest.mark.usefixtures("etc")
def test_where_nothing_keeps_it_there_are_namespaces() -> None:
    assert rootless.hindrance() is None
    assert needs.meets(Need("user-namespaces"))


SETTINGS = {
    "kernel/apparmor_restrict_unprivileged_userns": (
        *("1", "sysctl -w kernel.apparmor_restrict_unprivileged_userns=0"),
    ),
    "kernel/unprivileged_userns_clone": ("0", "sysctl -w kernel.unprivileged_userns_clone=1"),
    "user/max_user_namespaces": ("0", "sysctl -w user.max_user_namespaces=10000"),
    "kernel/other": ("1", "let users other than root make user namespaces: see user_namespaces(7)"),
}


@pytest.mark.parametrize("setting", SETTINGS)
def test_a_kernel_that_keeps_namespaces_to_root_is_told_with_its_setting(
    setting: str, etc: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    value, fix = SETTINGS[setting]
    (etc / setting).parent.mkdir()
    (etc / setting).write_text(f"{value}\n")

    def refuse(request: Request) -> Completed:
        raise CommandFailed(request.argv, 1, "unshare: unshare failed: Operation not permitted")

    monkeypatch.setattr(rootless, "_SYSCTL", etc)
    monkeypatch.setattr(rootless, "run", refuse)
    assert rootless.hindrance() == Problem("unshare: unshare failed: Operation not permitted", fix)


VERSIONS = {
    "rootlesskit": (True, ""),
    "rootlesskit 1.1": (True, "rootlesskit version 1.1.0"),
    "rootlesskit 2.0": (False, "rootlesskit version 1.1.0"),
    "rootlesskit 2.1": (True, "rootlesskit version 2.10.3-dev"),
    "rootlesskit 3.0": (False, "no number"),
}


@pytest.mark.usefixtures("etc")
@pytest.mark.parametrize("need", VERSIONS)
def test_a_program_may_be_too_old(need: str, monkeypatch: pytest.MonkeyPatch) -> None:
    there, told = VERSIONS[need]
    monkeypatch.setattr(needs, "find", lambda name: Path("/usr/bin", name))
    monkeypatch.setattr(needs, "run", lambda _request: Completed(0, told.encode(), b""))
    assert needs.meets(Need(f"program {need}")) is there


@pytest.mark.usefixtures("etc")
def test_a_program_may_not_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    def find(name: str) -> Path:
        raise MissingToolError(name)

    monkeypatch.setattr(needs, "find", find)
    assert not needs.meets(Need("program rootlesskit"))


@pytest.mark.usefixtures("etc")
def test_a_device_is_to_be_open_to_everybody() -> None:
    assert needs.meets(Need("device /dev/null"))
    assert not needs.meets(Need("device /dev/no-such"))
    closed_ones = [f"/dev/{name}" for name in ("kmsg", "mem") if os.path.exists(f"/dev/{name}")]  # noqa: PTH110 - a name
    assert not any(needs.meets(Need(f"device {name}")) for name in closed_ones)
