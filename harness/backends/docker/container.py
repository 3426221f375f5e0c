"""The container of a leg: what it may do, what it is given, and how it ends."""

from __future__ import annotations

import io
import logging
import os
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from signal import SIGKILL
from typing import Any

from harness.backends import goroutines
from harness.backends.base import LegExit, LegRequest, Overdue, Privileges, Sink, never
from harness.backends.docker import kept
from harness.backends.leg import BINARY, GRACE, arguments
from harness.backends.processes import lost_servers
from harness.engine.client import Engine
from harness.engine.containers import Container, Ended, Power
from harness.engine.errors import EngineCannot, EngineFailed
from harness.model import Fault, Reason
from harness.tools.inherited import CONTAINER, inherited

_log = logging.getLogger(__name__)

TMP = "/tmp"  # noqa: S108 - a tmpfs of the container
MIRROR = "/compat/mirror"
SCENARIOS = "/compat/scenarios"
LABELS = "org.buildkit-compat"

_DUMPS = 10.0
"""Seconds for a program to write its goroutines when asked."""

_CHUNK = 1 << 20
_KILLED = 128 + SIGKILL


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

    taker = kept.Taker(leg.folder)
    power = engine.power(image)
    privileged = _privileged(power, privileges)
    container = Container(
        image,
        kept.command(arguments(f"{SCENARIOS}/bin/{BINARY}" if leg.scenarios else BINARY, leg)),
        labels=_labels(leg),
        environment=_environment(leg),
        options={
            "tmpfs": {TMP: "rw,exec,suid,dev,mode=1777"},
            **({"network_mode": "none"} if leg.offline else {}),
            **({"privileged": True} if privileged else _explicit(power)),
        },
        unmasked=not privileged,
        files=_files(leg),
        results=((kept.FOLDER, taker.take),),
    )
    ended = engine.run(container, sink, timeout=leg.timeout + GRACE, grace=_DUMPS, tick=tick)
    return LegExit(
        None if asked else ended.status,
        asked or ended.timed_out,
        ended.seconds,
        notes=tuple(taker.notes),
        faults=(*(() if asked else _faults(ended)), *lost_servers(leg.folder)),
    )


def _faults(ended: Ended) -> tuple[Fault, ...]:
    """Return what befell a container.

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
    """Return all that the engine itself has, which is less than `--privileged` asks for."""
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
    """Return what belongs to this leg alone; the rest is in the pair's image."""
    return {
        **({} if leg.offline else inherited(CONTAINER)),
        "GOMAXPROCS": str(leg.procs),
        **({"BUILDKIT_REGISTRY_MIRROR_DIR": MIRROR} if leg.mirror else {}),
    }


def _files(leg: LegRequest) -> tuple[tuple[str, Callable[[], Iterator[bytes]]], ...]:
    """Return what is put into the container before it starts, by the folder where it goes."""
    folders = {MIRROR: leg.mirror, SCENARIOS: leg.tests.path if leg.scenarios else None}
    given = ((where, folder) for where, folder in folders.items() if folder)
    return (
        ("/", kept.scripts),
        *((os.path.dirname(where), _archive(folder, where)) for where, folder in given),  # noqa: PTH120 - in the image
    )


def _archive(given: Path, where: str) -> Callable[[], Iterator[bytes]]:
    """Pack a folder: each leg has a copy of its own, wherever the engine is."""

    def chunks() -> Iterator[bytes]:
        packed = io.BytesIO()
        with tarfile.open(fileobj=packed, mode="w") as tar:
            tar.add(given, os.path.basename(where))  # noqa: PTH119 - in the image
        packed.seek(0)
        while chunk := packed.read(_CHUNK):
            yield chunk

    return chunks
