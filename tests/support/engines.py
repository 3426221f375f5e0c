"""A container engine of the tests' own: nothing of the machine's is used, and nothing stays."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from harness.engine.builders.docker import find_client

BASE = "base.test/go:1.21"
"""The image in which everything is built."""

MIRROR = "127.0.0.1:5000"
"""Where, in its own network, the tests' engine looks for images before it asks Docker Hub."""

_PATH = "/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_PATIENCE = 60.0
_CGROUPS = Path("/sys/fs/cgroup")

_DOCKERD = """
folder=$1 parent=$2
shift 2
ip link set lo up
for hidden in /run/containerd /run/docker; do
  if [ -d $hidden ]; then mount -t tmpfs none $hidden; fi
done
if [ -n "$COMPAT_DISK" ]; then
  mkdir -p "$folder/data"
  mount -t tmpfs -o "size=$COMPAT_DISK" none "$folder/data"
fi
exec setpriv --bounding-set "$COMPAT_BOUNDING" dockerd \
  --config-file "$folder/daemon.json" --data-root "$folder/data" \
  --exec-root "$folder/exec" --pidfile "$folder/docker.pid" --host "unix://$folder/docker.sock" \
  --cgroup-parent "$parent" --exec-opt native.cgroupdriver=cgroupfs \
  --iptables=false --ip6tables=false "$@"
"""
"""Hides the machine's containerd, which dockerd would use, and its plugins."""

_PODMAN = """
folder=$1 parent=$2
mkdir -p "$folder/data" "$folder/tmp"
cat >"$folder/containers.conf" <<END
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
[containers]
netns = "host"
END
cat /etc/resolv.conf >"$folder/resolv.conf"
mount -t tmpfs none /run
mount -t tmpfs none /dev/shm
mount --bind "$folder/tmp" /var/tmp
if [ ! -e /etc/resolv.conf ]; then  # it led to a file below /run
  mkdir -p "$(dirname "$(readlink -m /etc/resolv.conf)")"
  cp "$folder/resolv.conf" "$(readlink -m /etc/resolv.conf)"
fi
for root in /sys/fs/cgroup /sys/fs/cgroup/*; do
  if [ -f "$root/cgroup.procs" ]; then
    mkdir -p "$root$parent"
    for set in cpuset.cpus cpuset.mems; do  # on v1 a group without them takes no process
      if [ -f "$root/$set" ]; then cat "$root/$set" >"$root$parent/$set"; fi
    done
    echo $$ >"$root$parent/cgroup.procs"
    mount --bind "$root$parent" "$root"
  fi
done
export CONTAINERS_CONF="$folder/containers.conf"
exec unshare --cgroup sh -ec '
  if [ -f /sys/fs/cgroup/cgroup.subtree_control ]; then  # v2: no group has processes and groups
    mkdir -p /sys/fs/cgroup/engine
    echo $$ >/sys/fs/cgroup/engine/cgroup.procs
  fi
  exec podman "$@"' sh --root "$folder/data" --runroot /run/podman-root --tmpdir /run/podman-tmp \
  --runtime runc system service --time=0 "unix://$folder/docker.sock"
"""
"""Its containers share its network, which is its own, so that no plugin for networks is needed."""


@dataclass(frozen=True)
class Make:
    """How an engine is started: a script that is given its folder, its control group and flags."""

    script: str
    flags: tuple[str, ...] = ()
    own_network: bool = True
    disk: str = ""
    """Size of a file system of its own, which ends with it; else it is on the machine's."""
    bounding: str = "+all"
    """Which capabilities it has, for setpriv(1)."""


DOCKER = Make(_DOCKERD)
PODMAN = Make(_PODMAN)


@dataclass
class Daemon:
    """An engine in namespaces of its own."""

    make: Make
    folder: Path
    parent: str
    """The control group that its containers are in."""
    process: subprocess.Popen[bytes]

    @property
    def host(self) -> str:
        return f"unix://{self.folder / 'docker.sock'}"

    def restart(self) -> None:
        """Start it again where it was, after it was killed."""
        self.process = _process(self.make, self.folder, self.parent)
        _wait(self)

    def docker(self, *words: str, stdin: Path | None = None) -> str:
        """Run the client program and return what it prints."""
        environment = {**os.environ, "DOCKER_HOST": self.host}
        with (stdin or Path(os.devnull)).open("rb") as file:
            done = subprocess.run(
                [_client(), *words],
                env=environment,
                stdin=file,
                capture_output=True,
                text=True,
                timeout=900,
                check=False,
            )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def stock(self, image: Path) -> None:
        """Load the base image."""
        self.docker("import", "--change", f"ENV PATH={_PATH}", "-", BASE, stdin=image)

    def containers(self) -> list[str]:
        return self.docker("ps", "--all", "--quiet").split()

    @property
    def inside(self) -> tuple[str, ...]:
        """What begins the command line of a program that shares its network."""
        return ("nsenter", f"--net=/proc/{self.process.pid}/ns/net")

    def heal(self) -> None:
        """Be an engine that answers, without containers, whatever was done to it."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGCONT)
        else:
            self.restart()
        if left := self.containers():
            self.docker("rm", "--force", "--volumes", *left)

    def works(self) -> bool:
        """Return whether anything runs in a container, a step of a build too."""
        groups = _groups(self.parent)
        return any(_members(Path(below)) for own in groups for below, _, _ in os.walk(own))

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Let it answer nobody until the block ends."""
        os.killpg(self.process.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.killpg(self.process.pid, signal.SIGCONT)

    def kill(self) -> None:
        """End it, and with it every process of its namespaces."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(_PATIENCE)


@cache
def _client() -> Path:
    return find_client().path


@contextmanager
def started(folder: Path, make: Make = DOCKER) -> Iterator[Daemon]:
    """Run an engine in namespaces of its own; when the block ends, nothing of it is left."""
    (folder / "daemon.json").write_text("{}")
    parent = f"/compat-{folder.name}-{os.getpid()}"
    daemon = Daemon(make, folder, parent, _process(make, folder, parent))
    try:
        _wait(daemon)
        yield daemon
    finally:
        daemon.kill()
        for name in ("data", "tmp"):
            shutil.rmtree(folder / name, ignore_errors=True)
        _remove_cgroups(parent)


def _process(make: Make, folder: Path, parent: str) -> subprocess.Popen[bytes]:
    # After a kill they name processes that are others by now.
    for name in ("docker.pid", "docker.sock"):
        (folder / name).unlink(missing_ok=True)
    shutil.rmtree(folder / "exec", ignore_errors=True)
    argv = ["unshare", "--mount", "--propagation", "private", "--pid", "--fork"]
    argv += ["--kill-child", "--mount-proc", *(["--net"] if make.own_network else [])]
    argv += ["sh", "-ec", make.script, "sh", str(folder), parent, *make.flags]
    environment = {**os.environ, "COMPAT_DISK": make.disk, "COMPAT_BOUNDING": make.bounding}
    with (folder / "engine.log").open("wb") as log:
        return subprocess.Popen(
            argv, env=environment, stdout=log, stderr=log, start_new_session=True
        )


def _wait(daemon: Daemon) -> None:
    log = daemon.folder / "engine.log"
    deadline = time.monotonic() + _PATIENCE
    while not _listens(daemon.folder / "docker.sock"):
        assert daemon.process.poll() is None, log.read_text()
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.1)


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as ours:
        return ours.connect_ex(str(path)) == 0


def _remove_cgroups(parent: str) -> None:
    """Remove what killed containers leave in the kernel's tree of cgroups."""
    deadline = time.monotonic() + _PATIENCE
    for own in _groups(parent):
        for folder, _, _ in os.walk(own, topdown=False):
            # Processes that were killed count as members until they are gone.
            while "populated 1" in _events(Path(folder)) or _members(Path(folder)):
                assert time.monotonic() < deadline, f"{folder} is still in use"
                time.sleep(0.05)
            Path(folder).rmdir()


def _groups(parent: str) -> list[Path]:
    """Return a control group in every hierarchy."""
    roots = (_CGROUPS, *_CGROUPS.glob("*/"))
    return [root / parent.lstrip("/") for root in roots if (root / parent.lstrip("/")).is_dir()]


def _events(cgroup: Path) -> str:
    file = cgroup / "cgroup.events"  # of cgroup v2 alone
    return file.read_text() if file.exists() else ""


def _members(cgroup: Path) -> str:
    try:
        return (cgroup / "cgroup.procs").read_text()
    except OSError:
        return ""  # it is being removed
