"""From our environment to an engine that answers."""

from __future__ import annotations

import os

import requests
from docker.errors import DockerException

from harness.tools.asking import EngineFailed, said_of
from harness.tools.contexts import find_endpoint
from harness.tools.engine import Engine
from harness.tools.redaction import redact
from harness.tools.tunnel import SCHEME, Tunnel


def connect() -> Engine:
    """Reach the engine that our environment names. Raises EngineFailed if none answers."""
    where = find_endpoint(os.environ)
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
