"""What a suite leaves behind, for real: it was counted, and it is gone after the leg.

The suite is a shell script that leaves something of each kind on purpose. Needs root, as the
backend does.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from harness.backends.native import sandbox
from harness.backends.native.cgroups import make_groups
from harness.model import Leaked
from tests.support.shell_legs import MARK, Leg, sleepers
from tests.support.watched_processes import Child, eventually

pytestmark = pytest.mark.integration

NAME = f"compat-leak-{os.getpid()}"
"""Part of the name of everything that these suites leave."""

QUIET = "</dev/null >/dev/null 2>&1"
DAEMONS = f"setsid sleep {MARK} {QUIET} & (setsid setsid sleep {MARK} {QUIET} &)"
MOUNTS = f"mkdir /tmp/{NAME} /run/{NAME} && mount -n -t tmpfs {NAME} /tmp/{NAME}"
MOUNTS += f" && mount -n --bind / /run/{NAME}"
NETWORK = f"ip netns add {NAME}"
NETWORK_OF_A_PROCESS = f"unshare --net setsid sleep {MARK} {QUIET} &"
HIERARCHIES = "$(awk '$3 ~ /^cgroup/ { print $2 }' /proc/mounts | sort -u)"
GROUPS = f"""
for root in {HIERARCHIES}; do mkdir -p $root/{NAME}/inner; done
"""
IN_A_GROUP = f"""{GROUPS}
setsid sleep {MARK} {QUIET} &
for root in {HIERARCHIES}; do
  # On v1 a new group has no processors to begin with.
  if [ ! -e $root/cpuset.cpus ]; then echo $! >$root/{NAME}/inner/cgroup.procs; fi
done
"""
FILES = f"""
mktemp -d $TMPDIR/{NAME}XXXX; mktemp -d $TMPDIR/{NAME}XXXX
touch /tmp/{NAME} /var/tmp/{NAME} /dev/shm/{NAME}
"""
STATE = f"""
{sys.executable} -c 'import socket; socket.socket(socket.AF_UNIX).bind("/run/{NAME}.sock")'
mkdir -p /run/{NAME}/below /var/lib/cni/networks/{NAME}; touch /var/lib/{NAME}
"""


def under_way(processes: int) -> str:
    """Return the words for a shell to wait until so many sleep, and do nothing else any more."""
    sleeping = "cat /proc/[0-9]*/comm 2>/dev/null | grep -cx sleep || true"
    return f"until [ $({sleeping}) -ge {processes} ]; do :; done"


@pytest.fixture
def leg(tmp_path: Path) -> Leg:
    return Leg(tmp_path / "leg")


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """Look at this machine before and after."""
    before = traces()
    assert not [line for line in before if NAME in line or line.startswith("process ")]
    yield
    assert eventually(lambda: traces() == before), traces()


def traces() -> list[str]:
    """Return all that a leg of these tests has left on this machine."""
    mounts = Path("/proc/self/mountinfo").read_text("utf-8").splitlines()
    owned = f"%20{os.getpid()}%20"
    return [
        *(f"process {pid}" for pid in sleepers()),
        *(f"mount {line}" for line in mounts if NAME in line),
        *(path for path, _, _ in os.walk("/sys/fs/cgroup") if NAME in path or owned in path),
        *(
            str(path)
            for folder in ("/run", "/run/netns", "/tmp", "/var/tmp", "/dev/shm", "/var/lib")  # noqa: S108 - looked at
            for path in Path(folder).glob(f"{NAME}*")
        ),
        *map(str, Path("/var/lib").glob(f"cni/networks/{NAME}")),
        *(line for line in Path("/proc/sysvipc/msg").read_text("ascii").splitlines()[1:]),
    ]


@pytest.mark.parametrize(
    ("script", "leaked"),
    [
        (DAEMONS, Leaked(processes=2)),
        (MOUNTS, Leaked(mounts=2, temporary=1, state=1)),
        # The name is a file in /run/netns, which `ip` makes a mount so that others see it.
        (NETWORK, Leaked(mounts=2, namespaces=1, state=1)),
        (NETWORK_OF_A_PROCESS, Leaked(processes=1, namespaces=1)),
        (GROUPS, Leaked(groups=2)),
        (IN_A_GROUP, Leaked(groups=2, processes=1)),
        (FILES, Leaked(temporary=5)),
        (STATE, Leaked(state=4)),
        ("ipcmk --queue", Leaked()),
        (f"(sleep 0.3 {QUIET} &)", Leaked()),
        ("exit 0", Leaked()),
    ],
    ids=[
        "processes",
        "mounts",
        "network",
        "network of a process",
        "groups",
        "groups with a process",
        "files",
        "state",
        "message queue",
        "process that is about to end",
        "nothing",
    ],
)
def test_what_was_left_is_counted_and_gone(script: str, leaked: Leaked, leg: Leg) -> None:
    end, output = leg(f"set -e\n{script}\n{under_way(leaked.processes)}\nexit 7")
    assert end.status == (0 if script == "exit 0" else 7), output
    assert end.leaked == leaked
    assert end.notes == ()


def test_what_was_left_is_named_in_the_folder_of_the_leg(leg: Leg) -> None:
    leg(f"{DAEMONS}\n{FILES}\n{under_way(2)}")
    said = msgspec.json.decode((leg.folder / "out" / "left.json").read_bytes())
    assert said["processes"] == {"number": 2, "names": ["sleep x2"]}
    assert f"/dev/shm/{NAME}" in said["temporary"]["names"]  # noqa: S108 - of the leg


def test_a_leg_sees_its_own_part_of_the_control_groups_and_nothing_else(leg: Leg) -> None:
    own, below = leg.says(
        "grep -v unified /proc/self/cgroup | cut -d: -f3 | sort -u | tr '\\n' ' '; echo\n"
        f"find {HIERARCHIES} -mindepth 1 -type d | grep -v /init$ | wc -l"
    ).split("\n")
    assert set(own.split()) <= {"/", "/init"}
    assert below == "0"


def test_a_leg_that_is_killed_leaves_nothing_and_counts_nothing(
    leg: Leg, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sandbox, "GRACE", 0.2)
    leg.timeout = 2.0
    end, _ = leg("\n".join((DAEMONS, MOUNTS, IN_A_GROUP, FILES, STATE, f"sleep {MARK}")))
    assert (end.timed_out, end.leaked) == (True, None)


def test_a_frozen_process_is_let_go_so_that_it_can_die(leg: Leg) -> None:
    freeze = f"""
    setsid sleep {MARK} {QUIET} &
    if [ -d /sys/fs/cgroup/freezer ]; then
      mkdir /sys/fs/cgroup/freezer/{NAME}; cd /sys/fs/cgroup/freezer/{NAME}
      echo $! >cgroup.procs; echo FROZEN >freezer.state
    else
      mkdir /sys/fs/cgroup/{NAME}; cd /sys/fs/cgroup/{NAME}
      echo $! >cgroup.procs; echo 1 >cgroup.freeze
    fi
    """
    end, output = leg(f"set -e\n{freeze}\necho frozen; exit 1")
    assert (output, end.leaked) == ("frozen\n", Leaked(processes=1, groups=1))


KILLED = """\
import sys
from pathlib import Path
from tests.support.shell_legs import Leg
Leg(Path(sys.argv[1]))(sys.argv[2])
"""


def test_groups_of_a_killed_run_are_removed_by_the_next(leg: Leg, tmp_path: Path) -> None:
    root = str(Path(__file__).parents[2])
    words = [sys.executable, "-c", KILLED, str(tmp_path / "killed"), f"{IN_A_GROUP}; wait"]
    with Child(words, env={**os.environ, "PYTHONPATH": root}, cwd=root) as child:
        assert eventually(lambda: bool(sleepers()))
        child.send_signal(signal.SIGKILL)
    assert eventually(lambda: not sleepers())
    assert [line for line in traces() if NAME in line]

    def swept() -> bool:
        leg("exit 0")
        return not [line for line in traces() if NAME in line]

    assert eventually(swept)  # a group in which a process was not reaped yet is left to the next


def test_the_groups_of_others_that_are_alive_stay() -> None:
    mine = make_groups()
    try:
        make_groups().remove()
        assert all(Path(folder).is_dir() for folder in mine.folders.values())
    finally:
        assert mine.remove() == ()
    assert mine.folders
