"""Where a container engine listens, found as Docker's own client finds it, and the way to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import requests
from docker.api.client import APIClient
from docker.context import ContextAPI
from docker.utils import kwargs_from_env

from harness.tools.asking import EngineFailed
from harness.tools.stop import unless_stopped

DEFAULT_HOST = "unix:///var/run/docker.sock"
CALL = 60
"""Seconds for one answer of the engine."""


class _Client(APIClient):
    """One whose calls are left alone when the work that they are made for is to end."""

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # noqa: ANN401 - as requests has it
        """Send a request and give its answer. Raises Interrupted."""
        send = partial(super().send, request, **options)
        return unless_stopped(send, f"{request.method} {request.path_url}")


@dataclass(frozen=True)
class Endpoint:
    """Where an engine listens."""

    host: str
    origin: str
    """Who says so: DOCKER_HOST, a context's name, or the default."""
    environment: Mapping[str, str]
    """Makes the client program speak to the same engine."""


def endpoint(environment: Mapping[str, str]) -> Endpoint:
    """Find the engine as Docker's own client does: DOCKER_HOST, the context, the default."""
    if host := environment.get("DOCKER_HOST"):
        return Endpoint(host, "DOCKER_HOST", {"DOCKER_HOST": host})
    named = environment.get("DOCKER_CONTEXT")
    context = ContextAPI.get_context(named) if named else ContextAPI.get_current_context()
    if context is None:
        raise EngineFailed(f"there is no docker context {named!r}", hint="docker context ls")
    if context.Name == "default":
        return Endpoint(DEFAULT_HOST, "the default", {"DOCKER_HOST": DEFAULT_HOST})
    origin = f"context {context.Name}"
    return Endpoint(str(context.Host), origin, {"DOCKER_CONTEXT": context.Name})


def client(where: Endpoint, timeout: int = CALL) -> APIClient:
    """Make a client of the engine there. Raises what the Docker SDK raises."""
    options: dict[str, Any] = {"base_url": where.host}
    if name := where.environment.get("DOCKER_CONTEXT"):
        options["tls"] = ContextAPI.get_context(name).TLSConfig
    elif where.origin == "DOCKER_HOST":
        options = {**kwargs_from_env()}
    options["use_ssh_client"] = where.host.startswith("ssh://")
    return _Client(version="auto", timeout=timeout, **options)
