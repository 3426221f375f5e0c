"""The container of a leg: what it may do, what it is given, and how it ends."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Callable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

from harness.backends.base import LegExit, LegRequest, Sink
from harness.backends.leg import BINARY, GRACE, arguments, passed_on
from harness.tools.containers import Container, Power
from harness.tools.engine import Engine

TMP = "/tmp"  # noqa: S108 - a tmpfs of the container
MIRROR = "/compat/mirror"
LABELS = "org.buildkit-compat"
_DUMPS = 10.0
"""Seconds for a program to write its goroutines when asked."""

_CHUNK = 1 << 20


class Privileges(StrEnum):
    """What a leg's container is given."""

    AUTO = "auto"
    PRIVILEGED = "privileged"
    EXPLICIT = "explicit"


def run_leg(
    engine: Engine, image: str, leg: LegRequest, sink: Sink, privileges: Privileges
) -> LegExit:
    """Run a leg in a container of a pair's image. Raises EngineFailed."""
    power = engine.power(image)
    privileged = _privileged(power, privileges)
    container = Container(
        image,
        tuple(arguments(BINARY, leg)),
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
    ended = engine.run(container, sink, timeout=leg.timeout + GRACE, grace=_DUMPS)
    notes = ("the engine ran out of memory for this leg",) if ended.out_of_memory else ()
    return LegExit(ended.status, ended.timed_out, ended.seconds, notes)


def _privileged(power: Power, wanted: Privileges) -> bool:
    """Choose `--privileged` where the engine has every capability that this would give."""
    if wanted is Privileges.AUTO:
        return not power.absent
    return wanted is Privileges.PRIVILEGED


def _explicit(power: Power) -> dict[str, Any]:
    """Give all that the engine itself has, which is less than `--privileged` asks for."""
    return {
        "cap_add": ["ALL"],
        "cap_drop": list(power.known),
        "security_opt": ["seccomp=unconfined", "apparmor=unconfined"],
        "device_cgroup_rules": ["a *:* rwm"],
        "binds": ["/sys/fs/cgroup:/sys/fs/cgroup:rw"],
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
