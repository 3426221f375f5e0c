"""Client programs that build images, one for each make of engine."""

from __future__ import annotations

from harness.engine.builders import docker, podman
from harness.engine.builders.base import Build, Builder
from harness.engine.endpoint import Endpoint
from harness.engine.product import Product
from harness.errors import MissingToolError

__all__ = ["Build", "Builder", "builder_for"]


def builder_for(product: Product, where: Endpoint) -> Builder:
    """Choose what can build on an engine. Raises MissingToolError, saying what is missing."""
    if product.podman:
        return podman.find_client(where)
    if not product.buildkit:
        raise MissingToolError(
            f"{product} has no BuildKit",
            hint="install Docker 18.09 or newer, or Podman",
        )
    return docker.DockerClient(docker.find_client(), where)
