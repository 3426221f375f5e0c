"""Which BuildKit each release of Docker Engine has inside (matrices/engines.yaml).

engines:
- {since: "20.10.21", buildkit: eeb7b65ab7d651770a5ec52a06ea7c96eb97a249}
- {since: "23.0.0", buildkit: 0c9b5aeb269c740650786ba77d882b0259415ec7}

A row holds for its release and all that follow, until the next row.
"""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import Annotated

from msgspec import Meta
from packaging.version import Version

from harness.config.conditions import Sha
from harness.config.schema import load
from harness.config.yamlfile import Complaint, Place
from harness.errors import ConfigError, UsageError
from harness.model import Record

EngineRelease = Annotated[
    str,
    Meta(
        pattern=r"\A[1-9][0-9]?\.[0-9]{1,2}\.[0-9]{1,2}\Z",
        description="a release as MAJOR.MINOR.PATCH",
        examples=['"20.10.21"'],
    ),
]


_NUMBERS = re.compile(r"[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}")


class Vendored(Record, frozen=True, kw_only=True):
    """Some releases in a row that have the same BuildKit."""

    place: Place
    since: EngineRelease
    """The first of them."""
    buildkit: Sha


class Engines(Record, frozen=True, kw_only=True):
    """The releases of Docker Engine, oldest first."""

    engines: tuple[Vendored, ...]

    def __post_init__(self) -> None:
        """Refuse rows out of order. Raises: Complaint."""
        if not self.engines:
            raise Complaint("holds no release", key="engines")
        for before, row in pairwise(self.engines):
            if Version(before.since) >= Version(row.since):
                what = f"{row.since} stands behind {before.since} (line {row.place.line})"
                raise Complaint(what, key="engines", hint="sort the releases, oldest first")

    def inside(self, release: str) -> str:
        """Return the commit of the BuildKit that a release has inside, 40 hex digits.

        What a distribution appends (`20.10.24+dfsg1`) does not matter. Raises UsageError for
        a release before the first row and for what is no version.
        """
        numbers = _NUMBERS.match(release)
        if numbers is None:
            raise UsageError(
                f"Docker Engine {release}: nobody can tell which BuildKit is inside",
                hint="its version is none of Docker's own; name a commit of BuildKit instead",
            )
        found = [row for row in self.engines if Version(row.since) <= Version(numbers[0])]
        if not found:
            raise UsageError(
                f"Docker Engine {release} builds without BuildKit",
                hint=f"use {self.engines[0].since} or later",
            )
        return found[-1].buildkit


def load_engines(path: Path) -> Engines:
    """Read the file. Raises ConfigError if it is not there, or wrong."""
    if not path.is_file():
        raise ConfigError(f"{path} is not there", hint="take it from this project")
    return load(path, Engines)
