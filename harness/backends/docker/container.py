"""The container of a leg: what it may do, what it is given, and how it ends."""

from __future__ import annotations

import io
import logging
import os
import tarfile
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from signal import SIGKILL
from typing import Any

from harness.backends import goroutines
from harness.backends.base import LegExit, LegRequest, Overdue, Sink, never
from harness.backends.leg import BINARY, GRACE, arguments, passed_on
from harness.model import Fault, Reason
from harness.tools.asking import EngineCannot, EngineFailed
from harness.tools.containers import Container, Ended, Power
from harness.tools.engine import Engine

_log = logging.getLogger(__name__)

TMP = "/tmp"  # noqa: S108 - a tmpfs of the container
MIRROR = "/compat/mirror"
LABELS = "org.buildkit-compat"
_DUMPS = 10.0
"""Seconds for a program to write its goroutines when asked."""

_OWN_GROUPS = (
    "sh",
    "-c",
    """
    while read -r _ where kind _; do
      case $kind in cgroup | cgroup2) mount -o remount,bind,rw "$where" ;; esac
    done </proc/mounts
    if [ -f /sys/fs/cgroup/cgroup.controllers ]; then
      mkdir -p /sys/fs/cgroup/init && echo $$ >/sys/fs/cgroup/init/cgroup.procs
      for name in $(cat /sys/fs/cgroup/cgroup.controllers); do
        echo "+$name" >/sys/fs/cgroup/cgroup.subtree_control
      done
    fi
    exec "$0" "$@"
    """,
)
"""Lets a program make groups below its container's, which go with it; it stays the first process.

An engine mounts them read-only unless a container is privileged. On cgroup v2 a group that hands
controllers on may hold no process.
"""

_CHUNK = 1 << 20
_KILLED = 128 + SIGKILL


class Privileges(StrEnum):
    """What a leg's container is given."""

    AUTO = "auto"
    PRIVILEGED = "privileged"
    EXPLICIT = "explicit"


def run_leg(
    engine: Engine,
    image: str,
    leg: LegRequest,
    sink: Sink,
    privileges: Privileges,
    overdue: Overdue = never,
) -> LegExit:
    """Run a leg in a container of a pair's image. Raises EngineFailed."""
    asked = False

    def tick(name: str) -> float | None:
        nonlocal asked
        if asked or not overdue():
            return None
        asked = True
        try:
            said = engine.execute(name, goroutines.command())
        except EngineFailed as error:  # it has just ended, or the engine, which will show
            _log.debug("a leg could not be asked for its goroutines: %s", error)
            said = b""
        (leg.folder / goroutines.KEPT).write_bytes(said)
        return goroutines.LAST_WORDS

    power = engine.power(image)
    privileged = _privileged(power, privileges)
    container = Container(
        image,
        tuple(arguments(BINARY, leg) if privileged else [*_OWN_GROUPS, *arguments(BINARY, leg)]),
        labels=_labels(leg),
        environment=_environment(leg),
        options={
            "tmpfs": {TMP: "rw,exec,suid,dev,mode=1777"},
            **({"network_mode": "none"} if leg.offline else {}),
            **({"privileged": True} if privileged else _explicit(power)),
        },
        unmasked=not privileged,
        files=((os.path.dirname(MIRROR), _archive(leg.mirror)),) if leg.mirror else (),  # noqa: PTH120 - in the image
    )
    ended = engine.run(container, sink, timeout=leg.timeout + GRACE, grace=_DUMPS, tick=tick)
    if asked:
        return LegExit(None, timed_out=True, seconds=ended.seconds)
    return LegExit(ended.status, ended.timed_out, ended.seconds, faults=_faults(ended))


def _faults(ended: Ended) -> tuple[Fault, ...]:
    """Give what befell a container.

    Nobody inside can kill its first process (pid_namespaces(7)), so whoever did was outside.
    """
    if ended.out_of_memory:
        words = "memory ran out: the engine says that a process of this leg was killed for that"
        return (Fault(reason=Reason.OOM, words=words),)
    if ended.status == _KILLED:
        words = "the test binary was killed from outside its container"
        return (Fault(reason=Reason.ENGINE, words=words),)
    return ()


def _privileged(power: Power, wanted: Privileges) -> bool:
    """Choose `--privileged` where the engine has every capability that this would give.

    Raises EngineCannot if it is asked for where the engine cannot give it.
    """
    if wanted is Privileges.PRIVILEGED and power.absent:
        lacking = ", ".join(f"CAP_{name.upper()}" for name in power.absent)
        raise EngineCannot(
            f"the engine cannot run a privileged container, because it lacks {lacking} itself",
            hint="--privileges auto gives a container all that the engine has",
        )
    return wanted is not Privileges.EXPLICIT and not power.absent


def _explicit(power: Power) -> dict[str, Any]:
    """Give all that the engine itself has, which is less than `--privileged` asks for."""
    return {
        "cap_add": ["ALL"],
        "cap_drop": list(power.known),
        "security_opt": ["seccomp=unconfined", "apparmor=unconfined"],
        "device_cgroup_rules": ["a *:* rwm"],
        "cgroupns": "private",
    }


def _labels(leg: LegRequest) -> dict[str, str]:
    return {f"{LABELS}.run": leg.folder.parent.name, f"{LABELS}.leg": leg.folder.name}


def _environment(leg: LegRequest) -> dict[str, str]:
    """Give what belongs to this leg alone; the rest is in the pair's image."""
    return {
        **({} if leg.offline else passed_on()),
        "GOMAXPROCS": str(leg.procs),
        **({"BUILDKIT_REGISTRY_MIRROR_DIR": MIRROR} if leg.mirror else {}),
    }


def _archive(mirror: Path) -> Callable[[], Iterator[bytes]]:
    """Pack the seeded images: each leg has a copy of its own, wherever the engine is."""

    def chunks() -> Iterator[bytes]:
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as tar:
            tar.add(mirror, os.path.basename(MIRROR))  # noqa: PTH119 - in the image
        packed.seek(0)
        while chunk := packed.read(_CHUNK):
            yield chunk

    return chunks
