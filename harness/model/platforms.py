"""Platforms that daemons run on, as OCI writes them: os/arch, or os/arch/variant."""

from __future__ import annotations

from difflib import get_close_matches
from typing import Annotated

from msgspec import Meta

Platform = Annotated[
    str,
    Meta(
        pattern=r"\A[a-z0-9]{1,20}/[a-z0-9_]{1,20}(/v[0-9]{1,2})?\Z",
        description="os/arch or os/arch/variant, as OCI writes it: `linux/amd64`",
    ),
]

USUAL = "linux/amd64"
"""That of runs which do not say, because they were made before there was another."""

LINUX = "linux"

PLATFORMS = (
    USUAL,
    "linux/arm64",
    "linux/arm/v7",
    "linux/ppc64le",
    "linux/riscv64",
    "linux/s390x",
    "windows/amd64",
    "windows/arm64",
    "freebsd/amd64",
    "freebsd/arm64",
)
"""What releases of BuildKit have a daemon for."""

_ARM = "linux/arm"
_SHOWN = 60


def platform_of(architecture: str) -> str:
    """Return the platform of a Linux machine, given its architecture as Go names it."""
    found = f"{LINUX}/{architecture}"
    return f"{found}/v7" if found == _ARM else found


def unknown(platform: str) -> str:
    """Return what is wrong with a platform that no daemon is released for; empty if one is."""
    if platform in PLATFORMS:
        return ""
    near = get_close_matches(platform[:_SHOWN], PLATFORMS, n=1)
    guess = f"; did you mean `{near[0]}`?" if near else ""
    return f"there is no platform {platform[:_SHOWN]!r}{guess}"


WRITE = f"write one of: {', '.join(PLATFORMS)}"
"""A hint beside it."""
