"""The way to a container engine, for the Docker SDK and for the client programs alike."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import requests
from docker.api.client import APIClient
from docker.tls import TLSConfig

from harness.tools.inherited import BUILDER, inherited
from harness.tools.stop import unless_stopped

CALL = 60
"""Seconds for one answer of the engine."""

_REACH = 20
"""Seconds for its first answer."""


class _Client(APIClient):
    """One whose calls are left alone when the work that they are made for is to end."""

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:  # noqa: ANN401 - as requests has it
        """Send a request and return its answer. Raises Interrupted.

        An engine's certificate is vouched for by its own authority alone, whatever
        REQUESTS_CA_BUNDLE names for the rest of the world.
        """
        options["verify"] = self.verify
        send = partial(super().send, request, **options)
        return unless_stopped(send, f"{request.method} {request.path_url}")


@dataclass(frozen=True)
class Certificates:
    """A folder with ca.pem and, if we are to show who we are, cert.pem and key.pem."""

    folder: Path
    verify: bool
    """Whether the engine must show a certificate that ca.pem vouches for."""

    def config(self) -> TLSConfig:
        """Return them to the Docker SDK. Raises TLSParameterError."""
        own = (self.folder / "cert.pem", self.folder / "key.pem")
        shown = (str(own[0]), str(own[1])) if all(file.exists() for file in own) else None
        ca_file = str(self.folder / "ca.pem")
        return TLSConfig(client_cert=shown, ca_cert=ca_file, verify=self.verify)


@dataclass(frozen=True)
class Endpoint:
    """Where an engine listens."""

    host: str
    """As it was named: unix://, tcp:// or ssh://."""
    origin: str
    """Who says so: DOCKER_HOST, a context's name, or the default."""
    certificates: Certificates | None = None
    """None for a connection without TLS."""
    context: str = ""
    """Name of the context of Docker's client program, if it has one."""
    tunnel: Path | None = None
    """Socket through which everybody goes."""

    @property
    def local(self) -> bool:
        """Whether it is on this machine."""
        return self.host.startswith("unix://")

    @property
    def socket(self) -> Path:
        """The file that one on this machine listens on."""
        return Path(self.host.removeprefix("unix://"))

    @property
    def address(self) -> str:
        """What to connect to."""
        return f"unix://{self.tunnel}" if self.tunnel else self.host

    def through(self, tunnel: Path) -> Endpoint:
        """Go through a tunnel that begins at a socket here."""
        return replace(self, tunnel=tunnel, context="")

    def client(self, timeout: int = CALL) -> APIClient:
        """Connect; `timeout` is the limit of each later call. Raises what the Docker SDK raises."""
        tls = self.certificates.config() if self.certificates else False
        api = _Client(self.address, version="auto", timeout=_REACH, tls=tls)
        api.timeout = timeout
        return api

    def for_docker(self, **extra: str) -> dict[str, str]:
        """Return the environment in which Docker's client program speaks to this engine."""
        ours = inherited(BUILDER, **extra)
        if self.context:
            return ours | {"DOCKER_CONTEXT": self.context}
        if self.certificates:
            switch = "DOCKER_TLS_VERIFY" if self.certificates.verify else "DOCKER_TLS"
            ours |= {switch: "1", "DOCKER_CERT_PATH": str(self.certificates.folder)}
        return ours | {"DOCKER_HOST": self.address}
