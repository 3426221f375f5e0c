"""From our environment to an engine that answers."""

from __future__ import annotations

import os

import requests
from docker.errors import DockerException

from harness.engine.client import Engine
from harness.engine.contexts import find_endpoint
from harness.engine.endpoint import Endpoint
from harness.engine.errors import EngineFailed, said_of
from harness.engine.tunnel import SCHEME, Tunnel
from harness.tools.redaction import redact


def endpoint() -> Endpoint:
    """Return where the engine is that our environment names. Raises EngineFailed."""
    return find_endpoint(os.environ)


def connect() -> Engine:
    """Reach the engine that our environment names. Raises EngineFailed if none answers."""
    where = endpoint()
    tunnel = Tunnel(where.host) if where.host.startswith(SCHEME) else None
    there = where.through(tunnel.socket) if tunnel else where
    try:
        return Engine(there.client(), there)
    except (DockerException, requests.RequestException, OSError) as error:
        said = said_of(error)
        if tunnel:
            said = tunnel.complaint() or said
            tunnel.close()
        nobody = f"no engine answers at {redact(where.host)} ({where.origin})"
        raise EngineFailed(f"{nobody}: {said}") from error
