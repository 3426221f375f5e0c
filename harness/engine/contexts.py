"""Which engine is meant: the one that Docker's own client program would speak to.

The Docker SDK reads contexts too, but none where config.json is missing, and none of the
certificates of a context that has no key.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import msgspec

from harness.engine.endpoint import Certificates, Endpoint
from harness.engine.errors import EngineFailed

DEFAULT_HOST = "unix:///var/run/docker.sock"

_T = TypeVar("_T")


def find_endpoint(environment: Mapping[str, str]) -> Endpoint:
    """Find the engine: DOCKER_HOST, else the context that is chosen, else the default.

    Raises EngineFailed if there is no such context.
    """
    folder = Path(environment.get("DOCKER_CONFIG") or Path.home() / ".docker")
    if host := environment.get("DOCKER_HOST"):
        return Endpoint(host, "DOCKER_HOST", _certificates(environment, folder))
    name = environment.get("DOCKER_CONTEXT") or _chosen(folder / "config.json")
    if name in {"", "default"}:
        return Endpoint(DEFAULT_HOST, "the default")
    return _context(name, folder / "contexts")


def _certificates(environment: Mapping[str, str], folder: Path) -> Certificates | None:
    verify = bool(environment.get("DOCKER_TLS_VERIFY"))
    if not verify and not environment.get("DOCKER_TLS"):
        return None
    return Certificates(Path(environment.get("DOCKER_CERT_PATH") or folder), verify)


class _Configuration(msgspec.Struct):
    """What matters here of the client program's config.json."""

    context: str = msgspec.field(name="currentContext", default="")


class _Target(msgspec.Struct):
    host: str = msgspec.field(name="Host", default=DEFAULT_HOST)
    unverified: bool = msgspec.field(name="SkipTLSVerify", default=False)


class _Endpoints(msgspec.Struct):
    docker: _Target


class _Meta(msgspec.Struct):
    """A context as the client program stores it."""

    endpoints: _Endpoints = msgspec.field(name="Endpoints")


def _chosen(file: Path) -> str:
    return _read(file, _Configuration).context if file.exists() else ""


def _context(name: str, store: Path) -> Endpoint:
    folder = hashlib.sha256(name.encode()).hexdigest()
    file = store / "meta" / folder / "meta.json"
    if not file.exists():
        raise EngineFailed(f"there is no docker context {name!r}", hint="docker context ls")
    target = _read(file, _Meta).endpoints.docker
    pem = store / "tls" / folder / "docker"
    secured = Certificates(pem, not target.unverified) if pem.is_dir() else None
    return Endpoint(target.host, f"context {name}", secured, name)


def _read(file: Path, kind: type[_T]) -> _T:
    try:
        return msgspec.json.decode(file.read_bytes(), type=kind)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise EngineFailed(f"{file} cannot be read: {error}") from error
