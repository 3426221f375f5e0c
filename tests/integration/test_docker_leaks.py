"""What a suite leaves behind in a container, for real: it goes with the container.

The suite is a shell script in the place of the test binary.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness.backends.base import Privileges
from harness.backends.docker.container import run_leg
from harness.engine.client import Engine
from tests.support import container_legs
from tests.support.engines import Daemon
from tests.support.shell_legs import MARK, Leg, sleepers
from tests.support.watched_processes import eventually

pytestmark = [pytest.mark.integration, container_legs.LEFT_OPEN]

GROUP = f"compat-leak-{os.getpid()}"
LEAKS = f"""
setsid sleep {MARK} </dev/null >/dev/null 2>&1 &
while read -r _ root kind _; do
  case $kind in cgroup*) ;; *) continue ;; esac
  mkdir -p $root/{GROUP}/inner
  # On v1 a new group has no processors to begin with.
  [ -e $root/cpuset.cpus ] || echo $! >$root/{GROUP}/inner/cgroup.procs
  # On v2 it has the controllers that the one above hands on.
  if [ -f $root/cgroup.controllers ]; then
    cmp $root/cgroup.controllers $root/{GROUP}/cgroup.controllers
  fi
done </proc/mounts
mkdir /tmp/on && mount -t tmpfs none /tmp/on
unshare --net true
touch /run/leaked /volume/leaked /var/lib/leaked
echo $$; find /sys/fs/cgroup -name inner | wc -l
exit 7
"""
"""Says which process it is, and how many control groups it made."""


def left(daemon: Daemon) -> dict[str, object]:
    return {
        "processes": sleepers(),
        "containers": daemon.containers(),
        "volumes": daemon.docker("volume", "ls", "--quiet").split(),
        "networks": sorted(daemon.docker("network", "ls", "--quiet").split()),
        "groups": [path for path, _, _ in os.walk("/sys/fs/cgroup") if GROUP in path],
        "mounts": Path(f"/proc/{daemon.process.pid}/mountinfo").read_text("utf-8"),
    }


@pytest.mark.parametrize("privileges", [Privileges.AUTO, Privileges.EXPLICIT])
def test_everything_goes_with_the_container(
    privileges: Privileges, daemon: Daemon, engine: Engine, tmp_path: Path
) -> None:
    request = Leg(tmp_path).request(f"set -e\n{LEAKS}")
    output = bytearray()
    with container_legs.image(daemon, request.suite.path / "bin", {}, "VOLUME /volume") as image:
        before = left(daemon)
        end = run_leg(engine, image, request, output.extend, privileges)
        assert eventually(lambda: left(daemon) == before), left(daemon)
    assert (end.status, end.faults, end.notes, end.leaked) == (7, (), (), None), output
    first, groups = bytes(output).split()
    assert (first, int(groups) > 0) == (b"1", True)
    assert before["volumes"] == before["groups"] == before["processes"] == []
