"""Where a leg's control groups are made, on every kind of machine; real ones are integration."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from harness.backends.native.cgroups import Groups, hierarchies, make_groups
from harness.backends.native.memory import Kills
from harness.tools import machine

V1 = """\
31 23 0:28 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
40 31 0:37 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,xattr,name=systemd
41 31 0:38 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw,nsdelegate
"""
V1_GROUPS = "4:memory:/job/7\n3:cpu,cpuacct:/\n2:pids:/\n1:name=systemd:/user\n0::/job\n"
V2 = "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n"
SCOPE = "user.slice/user-0.slice/session-3.scope"


def make(root: Path, mounts: str, ours: str, *groups: str) -> Path:
    """Lay out a machine; its groups are given from /sys/fs/cgroup on."""
    for name, text in (("mountinfo", mounts), ("cgroup", ours)):
        (root / "proc/self").mkdir(parents=True, exist_ok=True)
        (root / "proc/self" / name).write_text(text, "utf-8")
    for group in groups:
        write(root / "sys/fs/cgroup" / group / "cgroup.procs", "")
    return root


def write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "ascii")


def places(root: Path) -> dict[str, str]:
    top = root / "sys/fs/cgroup"
    return {
        str(found.mount.relative_to(top)): str(found.parent.relative_to(top))
        for found in hierarchies(root)
    }


def test_on_v1_they_lie_below_our_own_in_each_hierarchy(tmp_path: Path) -> None:
    groups = ("cpu,cpuacct", "memory/job/7", "systemd/user", "unified/job")
    assert places(make(tmp_path, V1, V1_GROUPS, *groups)) == {
        name.split("/")[0]: name for name in groups
    }


def test_in_a_container_our_own_is_the_top_of_what_is_mounted(tmp_path: Path) -> None:
    mounts = V1.replace("0:32 / ", "0:32 /job/7 ")
    assert places(make(tmp_path, mounts, V1_GROUPS, "memory")) == {"memory": "memory"}


def test_a_mount_of_somebody_elses_group_is_left_alone(tmp_path: Path) -> None:
    mounts = V1.replace("0:32 / ", "0:32 /docker/abc ")
    assert places(make(tmp_path, mounts, V1_GROUPS, "memory")) == {}


@pytest.mark.parametrize(
    ("handing_on", "parent"),
    [
        (("user.slice/user-0.slice", "user.slice", ""), "user.slice/user-0.slice"),
        (("",), "."),
        ((SCOPE,), SCOPE),
        ((), SCOPE),
    ],
)
def test_on_v2_they_lie_below_the_nearest_that_hands_controllers_on(
    handing_on: tuple[str, ...], parent: str, tmp_path: Path
) -> None:
    make(tmp_path, V2, f"0::/{SCOPE}\n", SCOPE)
    for group in ("", "user.slice", "user.slice/user-0.slice", SCOPE):
        text = "cpu memory pids\n" if group in handing_on else "\n"
        write(tmp_path / "sys/fs/cgroup" / group / "cgroup.subtree_control", text)
    assert places(tmp_path) == {".": parent}


def test_a_machine_without_control_groups_has_none(tmp_path: Path) -> None:
    assert make_groups(make(tmp_path, "", "")) == Groups({}, ())


def test_where_none_can_be_made_it_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path, **_: object) -> None:
        raise OSError(30, os.strerror(30), str(path))

    make(tmp_path, V2, "0::/\n", "")
    monkeypatch.setattr(Path, "mkdir", refuse)
    mount = tmp_path / "sys/fs/cgroup"
    assert make_groups(tmp_path) == Groups({}, (f"{mount}: Read-only file system",))


def test_each_leg_has_its_own_and_only_those_of_the_dead_are_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path, V2, "0::/\n", "")
    first, second = (make_groups(tmp_path).folders.values() for _ in range(2))
    assert set(first).isdisjoint(second)
    monkeypatch.setattr(machine, "gone", lambda owner: owner == machine.process())
    (third,) = make_groups(tmp_path).folders.values()
    assert [path.name for path in (tmp_path / "sys/fs/cgroup").glob("compat-leg.*")] == [
        Path(third).name
    ]


def folder_with(root: Path, **counters: int) -> Groups:
    """Make the groups of a leg: `leg` and below it `leg/inner`, with what each has counted."""
    for place, number in counters.items():
        group, _, file = place.partition("__")
        name = "memory.events" if file == "v2" else "memory.oom_control"
        write(root / group.replace("_", "/") / name, f"low 0\noom_kill {number}\n")
    return Groups({"/sys/fs/cgroup/memory": str(root / "leg")})


def test_on_v2_a_group_says_exactly_what_was_killed_in_it_and_below(tmp_path: Path) -> None:
    groups = folder_with(tmp_path, leg__v2=2, leg_inner__v2=2)
    assert groups.kills(Kills(ours=9, everywhere=9)) == Kills(2, 2)
    groups = folder_with(tmp_path, leg__v2=0, leg_inner__v2=0)
    assert groups.kills(Kills(ours=9, everywhere=9)) == Kills(0, 0)


def test_on_v1_what_was_killed_elsewhere_may_have_been_ours(tmp_path: Path) -> None:
    groups = folder_with(tmp_path, leg__v1=1, leg_inner__v1=2)
    assert groups.kills(Kills(ours=0, everywhere=5)) == Kills(3, 5)
    groups = folder_with(tmp_path, leg__v1=0, leg_inner__v1=0)
    assert groups.kills(Kills(ours=4, everywhere=5)) == Kills(0, 5)


def test_without_a_memory_controller_they_say_nothing(tmp_path: Path) -> None:
    assert folder_with(tmp_path).kills(Kills(1, 2)) == Kills(1, 2)


@pytest.mark.parametrize("code", [errno.ENODEV, errno.ENOENT])
def test_a_group_that_another_removes_at_this_moment_is_gone(
    code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    group = tmp_path / "freezer" / "leg"
    group.mkdir(parents=True)
    write(group / "freezer.state", "FROZEN")

    def vanish(self: Path, *_: object) -> int:
        self.unlink()
        raise OSError(code, os.strerror(code), str(self))

    monkeypatch.setattr(Path, "write_text", vanish)
    assert Groups({"/sys/fs/cgroup/freezer": str(group)}).remove() == ()
    assert not group.exists()
