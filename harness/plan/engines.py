"""The container engine that answers here, which may build in the place of a daemon."""

from __future__ import annotations

from dataclasses import dataclass

from harness.config.datadir import Data
from harness.config.engines import load_engines
from harness.engine.connect import connect, endpoint
from harness.errors import UsageError


@dataclass(frozen=True)
class Answering:
    """An engine that answered."""

    name: str
    """Make and version, for example `Docker Engine 20.10.24+dfsg1`."""
    buildkit: str
    """Commit of the BuildKit inside, 40 hex digits."""


def answering(data: Data) -> Answering:
    """Ask the engine that DOCKER_HOST or Docker's context names what it is.

    Raises EngineFailed if none answers, UsageError for one without BuildKit, or that is reached
    through ssh: it could not take images from this machine's loopback.
    """
    where = endpoint()
    if not where.local:
        raise UsageError(
            f"the engine at {where.host} is on another machine",
            hint="scenarios serve images on the loopback: run them where the engine is",
        )
    made = connect().product
    if not made.buildkit:
        raise UsageError(f"{made} builds without BuildKit", hint="use Docker Engine 18.09 or later")
    return Answering(str(made), load_engines(data.engines_file).inside(made.version))
