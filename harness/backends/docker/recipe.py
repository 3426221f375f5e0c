"""What an image is built from, and the key that says so."""

from __future__ import annotations

import os
from dataclasses import dataclass

from harness.backends.base import BuildRequest
from harness.backends.docker.rendering import digest
from harness.backends.steps import ENVIRONMENT
from harness.errors import ConfigError
from harness.images import published
from harness.model import Published, Side
from harness.store import key_of

BASE_IMAGE = "COMPAT_BASE_IMAGE"
"""Names, in the environment, the image that generic builds begin with."""

_RECIPE = 3
"""Part of every key: raised when the way of building changes what is built."""

GENERIC_SUITE = "suite.generic"
OWN_SUITE = "suite.upstream"
GENERIC_FRONTEND = "frontend.generic"
"""Names of templates."""

_GENERIC = "generic"
_UPSTREAM = "upstream"
_AUTO = "auto"


@dataclass(frozen=True)
class Recipe:
    """One commit to be built, with what was chosen for it."""

    request: BuildRequest
    go: str
    """The Go release in full."""
    architecture: str
    """Of the engine, as it names it."""
    salt: str = ""
    """Sets this build apart from all others: nothing that exists is used for it."""

    @property
    def source(self) -> str:
        """Whose Dockerfile is built."""
        return self.request.line.stage.source

    @property
    def generic(self) -> bool:
        """Whether our own template is built in any case."""
        return self.source == _GENERIC

    @property
    def auto(self) -> bool:
        """Whether our own template takes the place of a Dockerfile that does not build."""
        return self.source == _AUTO

    @property
    def base(self) -> str:
        """The image that a generic build begins with. Raises ConfigError if it is an option."""
        name = os.environ.get(BASE_IMAGE) or self.request.line.stage.base
        if name.startswith("-"):
            raise ConfigError(f"{BASE_IMAGE}: {name!r} is no name of an image")
        return name.replace("{go}", self.go)

    def key(self, kind: Side) -> str:
        """Digest everything that goes into what is built."""
        if self.request.commit.image:
            return self._published(kind, self.request.commit.image)
        request = self.request
        stage = request.line.stage
        return key_of(
            {
                "recipe": _RECIPE,
                **({"salt": self.salt} if self.salt else {}),
                "kind": kind,
                "architecture": self.architecture,
                "commit": request.commit.sha,
                "named": [request.commit.version, request.commit.dockerfile],
                "patches": [patch.sha256 for patch in request.patches],
                "channel": request.channel,
                "stage": [stage.source, stage.dockerfile, stage.target],
                "base": os.environ.get(BASE_IMAGE, "") if self.source == _UPSTREAM else self.base,
                "go": [self.go, ENVIRONMENT],
                "module": request.line.module,
                "daemon_tags": request.line.daemon_tags,
                "environment": request.line.environment,
                "templates": digest(GENERIC_SUITE, OWN_SUITE, GENERIC_FRONTEND),
            }
        )

    def _published(self, kind: Side, image: Published) -> str:
        """Digest a published image: a daemon is put beside our own base, a frontend is all."""
        key = published.key(kind, image.digest)
        if kind is Side.FRONTEND:
            return key
        made = {"recipe": _RECIPE, "base": self.base, "template": digest(GENERIC_SUITE)}
        return key_of({**made, **({"salt": self.salt} if self.salt else {}), "image": key})
