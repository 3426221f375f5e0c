"""What `docker login` keeps for a registry, as skopeo can read it.

skopeo reads Docker's config.json, but knows nothing of its `credsStore`, and asks a helper for
Docker Hub by another name than Docker does. So helpers are asked here, by Docker's rules, and what
they say is handed over in memory: it is in no file and on no command line.

Protocol: https://github.com/docker/docker-credential-helpers/blob/v0.8.0/README.md#development.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import msgspec

from harness.engine.registry_errors import HUB
from harness.errors import MissingToolError
from harness.tools.homes import expanded
from harness.tools.inherited import BUILDER, inherited
from harness.tools.process import Request, find, run

_HUB_SERVER = "https://index.docker.io/v1/"
_HUB_HOST = "index.docker.io"
"""What Docker calls its Hub, where it asks for a login and in config.json."""
_IDENTITY = "<token>"
"""Stands for a user where the secret is an identity token."""
_PLAIN = re.compile(r"[A-Za-z0-9._-]{1,60}")
_ASKING = 60.0
"""Seconds; a helper may ask a person."""


class _Config(msgspec.Struct, frozen=True, rename="camel"):
    creds_store: str = ""
    cred_helpers: dict[str, str] = msgspec.field(default_factory=dict)


class _Told(msgspec.Struct, frozen=True, rename="pascal"):
    username: str = ""
    secret: str = ""


@dataclass(frozen=True)
class Login:
    """Where a program finds what it is to log in with."""

    file: str = ""
    """In the form of config.json; empty for where it looks itself."""
    keep: tuple[int, ...] = ()
    """Descriptors that it has to inherit."""


@contextmanager
def login_for(registry: str, tell: Callable[[str], None]) -> Iterator[Login]:
    """Give the login for a registry, for as long as the block lasts."""
    if os.environ.get("REGISTRY_AUTH_FILE"):
        yield Login()
        return
    named = os.environ.get("DOCKER_CONFIG")
    file = (Path(named) if named else expanded("~/.docker")) / "config.json"
    there = _of_helper(file, registry, tell)
    if there is None:
        yield Login(str(file)) if named and file.is_file() else Login()
        return
    with os.fdopen(os.memfd_create("login"), "wb") as memory:
        memory.write(msgspec.json.encode({"auths": {registry: there}}))
        memory.flush()
        yield Login(f"/proc/self/fd/{memory.fileno()}", (memory.fileno(),))


def _of_helper(file: Path, registry: str, tell: Callable[[str], None]) -> dict[str, str] | None:
    """Return an entry of `auths` by what a helper says; None if none is named or it knows none."""
    try:
        config = msgspec.json.decode(file.read_bytes(), type=_Config)
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None  # skopeo says what is wrong with it
    hub = registry == HUB
    name = config.cred_helpers.get(_HUB_HOST if hub else registry) or config.creds_store
    if not _PLAIN.fullmatch(name):
        return None
    try:
        program = find(f"docker-credential-{name}")
    except MissingToolError:
        tell(f"{file} names docker-credential-{name}, which is not there: no login for {registry}")
        return None
    asked = (_HUB_SERVER if hub else registry).encode()
    request = Request(
        [str(program), "get"],
        env=inherited(BUILDER),
        stdin=asked,
        timeout=_ASKING,
        accept=frozenset(range(256)),
    )
    try:
        told = msgspec.json.decode(run(request).stdout, type=_Told)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None  # it knows none, and says so in words
    if told.username == _IDENTITY:
        return {"auth": _encoded(f"{_IDENTITY}:"), "identitytoken": told.secret}
    return {"auth": _encoded(f"{told.username}:{told.secret}")}


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode("ascii")
