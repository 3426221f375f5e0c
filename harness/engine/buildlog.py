"""Reads the plain progress of a BuildKit build for the step that failed.

A step is `#3 NAME`, its failure `#3 ERROR: TEXT`, and what it prints `#3 0.123 TEXT`, the same from
Docker 18.09 to buildx. What a step is called tells whether it fetched an image: then a registry
is to blame, and never a compiler that printed the same words.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_LINE = re.compile(
    r"^#(?P<step>\d+) (?!\d+\.\d+ )(?:ERROR: (?P<error>.*)|(?P<name>.+))$", re.MULTILINE
)
_FETCHES = re.compile(
    r"^(?:\[[^\]]*\] )?(?:resolve image config for|load metadata for|FROM|docker-image://)"
    r"(?: docker-image://)? ?(?P<image>[^\s@]+)"
)


@dataclass(frozen=True)
class Fetch:
    """An image that a build could not get."""

    image: str
    error: str


def failed_fetch(log: str) -> Fetch | None:
    """Return the image whose fetching failed; None if the build failed for another reason."""
    names: dict[str, str] = {}
    for line in _LINE.finditer(log):
        if line["name"]:
            names.setdefault(line["step"], line["name"])
        elif fetch := _FETCHES.match(names.get(line["step"], "")):
            return Fetch(fetch["image"], line["error"])
    return None
