"""What the kernel tells of processes that it killed for want of memory."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.backends.native import sandbox
from harness.backends.native.memory import Kills, oom_kills
from harness.model import Reason

VMSTAT = "nr_free_pages 7\noom_kill 3\nnuma_hit 9\n"
V1 = "4:memory:/jobs/7\n1:name=systemd:/x\n0::/\n"
V2 = "0::/user.slice/7\n"


@pytest.mark.parametrize(
    ("group", "counter", "text"),
    [
        (V1, "memory/jobs/7/memory.oom_control", "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n"),
        (V2, "user.slice/7/memory.events", "low 0\noom 5\noom_kill 2\noom_group_kill 0\n"),
        ("0::/\n", "memory.events", "oom_kill 2\n"),
    ],
)
def test_both_counters_are_read(group: str, counter: str, text: str, tmp_path: Path) -> None:
    files = {"proc/self/cgroup": group, "proc/vmstat": VMSTAT, f"sys/fs/cgroup/{counter}": text}
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content, "utf-8")
    assert oom_kills(tmp_path) == Kills(ours=2, everywhere=3)


def test_a_kernel_that_does_not_tell_has_killed_nobody(tmp_path: Path) -> None:
    assert oom_kills(tmp_path) == Kills(0, 0)


def test_only_what_came_in_between_counts() -> None:
    assert Kills(3, 9).since(Kills(2, 5)) == Kills(1, 4)


@pytest.mark.parametrize(
    ("kills", "sure"), [(Kills(1, 1), True), (Kills(1, 2), True), (Kills(0, 2), False)]
)
def test_a_leg_during_which_somebody_was_killed_has_a_fault(kills: Kills, *, sure: bool) -> None:
    (fault,) = sandbox.faults(kills)
    assert (fault.reason, fault.sure) == (Reason.OOM, sure)
    assert "memory ran out" in fault.words


def test_a_leg_during_which_nobody_was_killed_has_none() -> None:
    assert sandbox.faults(Kills(0, 0)) == ()
