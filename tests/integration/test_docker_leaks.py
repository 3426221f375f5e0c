"""What a suite leaves behind in a container, for real: it goes with the container.

The suite is a shell script in the place of the test binary.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.integration.engines import BASE, Daemon
from tests.integration.legs import MARK, sleepers
from tests.integration.watching import eventually

pytestmark = pytest.mark.integration

IMAGE = "leaks.test/suite:1"
GROUP = f"compat-leak-{os.getpid()}"
LEAKS = f"""
setsid sleep {MARK} </dev/null >/dev/null 2>&1 &
for root in /sys/fs/cgroup /sys/fs/cgroup/*; do
  if [ -f $root/cgroup.procs ]; then
    mkdir -p $root/{GROUP}/inner
    # On v1 a new group has no processors to begin with.
    [ -e $root/cpuset.cpus ] || echo $! >$root/{GROUP}/inner/cgroup.procs
  fi
done
mkdir /tmp/on && mount -t tmpfs none /tmp/on
unshare --net true
touch /run/leaked /volume/leaked /var/lib/leaked
echo $$; find /sys/fs/cgroup -name inner | wc -l
exit 7
"""
"""Says which process it is, and how many control groups it made."""


def suite(daemon: Daemon, folder: Path) -> None:
    """Make an image whose test binary this is; it has a volume, too."""
    (folder / "script").write_text(f"#!/bin/sh\nset -e\n{LEAKS}", "utf-8")
    program = "/usr/local/bin/dockerfile.test"
    words = ("sh", "-c", f"cat >{program} && chmod +x {program}")
    name = f"suite-{os.getpid()}"
    daemon.docker("run", "--interactive", "--name", name, BASE, *words, stdin=folder / "script")
    daemon.docker("commit", "--change", "VOLUME /volume", name, IMAGE)
    daemon.docker("rm", name)


def left(daemon: Daemon) -> dict[str, object]:
    return {
        "processes": sleepers(),
        "containers": daemon.containers(),
        "volumes": daemon.docker("volume", "ls", "--quiet").split(),
        "networks": sorted(daemon.docker("network", "ls", "--quiet").split()),
        "groups": [path for path, _, _ in os.walk("/sys/fs/cgroup") if GROUP in path],
        "mounts": Path(f"/proc/{daemon.process.pid}/mountinfo").read_text("utf-8"),
    }


RUN = """
import sys
from pathlib import Path
from harness.backends.docker.container import Privileges, run_leg
from harness.tools.connect import connect
from tests.integration.legs import Leg

request = Leg(Path(sys.argv[1])).request("exit 0")
end = run_leg(connect(), sys.argv[2], request, sys.stdout.buffer.write, Privileges.EXPLICIT)
sys.exit(end.faults[0].words if end.faults else end.status)
"""


def test_everything_goes_with_the_container(daemon: Daemon, tmp_path: Path) -> None:
    suite(daemon, tmp_path)
    before = left(daemon)
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", RUN, tmp_path / "leg", IMAGE],
        cwd=root,
        env={**os.environ, "DOCKER_HOST": daemon.host, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 7, done.stdout + done.stderr
    first, groups = done.stdout.split()
    assert (first, int(groups) > 0) == ("1", True)
    assert eventually(lambda: left(daemon) == before), left(daemon)
    assert before["volumes"] == before["groups"] == before["processes"] == []
    daemon.docker("rmi", IMAGE)
