"""The words of this machine, the network and registries (machine.toml): whose fault is a failure.

The file is part of the program and not of the data that people edit, because its lines are only as
good as the test that reads each one's `text` back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Annotated

import msgspec

from harness.model import Reason, Record

FILE = "machine.toml"

_NEAR = re.compile(
    r"(?<![\w.])(?:127\.\d|localhost\b|\[::1\])|\bdial unix\b|\.sock\b", re.IGNORECASE
)
"""Where no other machine is spoken of."""

_ESCAPE = re.compile(r"(\\.)")
"""Of a regular expression; the case of its letter has a meaning."""

_Words = Annotated[str, msgspec.Meta(min_length=1)]


class Saying(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of the file."""

    says: _Words
    """A regular expression; capital letters do not matter, and ^ and $ are those of a line."""
    by: _Words
    """The program that says it, and the version in which it was read."""
    text: _Words
    """A whole error of that kind."""
    remote: bool = False
    """True if it counts only where another machine is spoken of."""


class _File(Record, frozen=True, kw_only=True, rename="kebab", forbid_unknown_fields=True):
    disk: tuple[Saying, ...]
    oom: tuple[Saying, ...]
    limits: tuple[Saying, ...]
    container: tuple[Saying, ...]
    engine: tuple[Saying, ...]
    rate_limit: tuple[Saying, ...]
    image_pull: tuple[Saying, ...]
    network: tuple[Saying, ...]
    quoted: tuple[Saying, ...]


@dataclass(frozen=True)
class Machine:
    """Tells the machine's fault by its words."""

    sayings: tuple[tuple[Reason, Saying], ...]
    """In the order in which they are looked for."""
    quoted: tuple[Saying, ...]
    """What a failure only repeats."""

    def reason_of(self, error: str, lost: re.Pattern[str]) -> Reason | None:
        """Return the cause of an error, or None if it is not the machine's.

        A line in which `lost` is found tells of a connection to the daemon.
        """
        error = self.unquoted(error)
        far = "\n".join(
            line for line in error.splitlines() if not (_NEAR.search(line) or lost.search(line))
        ).lower()
        error = error.lower()
        found = (
            reason
            for reason, it in self.sayings
            if _lower(it.says).search(far if it.remote else error)
        )
        return next(found, None)

    def unquoted(self, error: str) -> str:
        """Return an error without what it only repeats."""
        for it in self.quoted:
            error = re.sub(it.says, "", error, flags=re.IGNORECASE | re.MULTILINE)
        return error


@cache
def machine() -> Machine:
    """Read the file of this program. Raises msgspec.ValidationError if it is wrong."""
    text = resources.files("harness.gotest").joinpath(FILE).read_bytes()
    told = msgspec.toml.decode(text, type=_File)
    return Machine(sayings=tuple(_sayings(told)), quoted=told.quoted)


def _sayings(told: _File) -> Iterator[tuple[Reason, Saying]]:
    for reason, sayings in (
        (Reason.DISK, told.disk),
        (Reason.OOM, told.oom),
        (Reason.LIMITS, told.limits),
        (Reason.CONTAINER, told.container),
        (Reason.ENGINE, told.engine),
        (Reason.RATE_LIMIT, told.rate_limit),
        (Reason.IMAGE_PULL, told.image_pull),
        (Reason.NETWORK, told.network),
    ):
        for it in sayings:
            yield reason, it


@cache
def _lower(says: str) -> re.Pattern[str]:
    """Return a pattern for text in small letters, which `re` searches faster than in any case."""
    parts = (it if it.startswith("\\") else it.lower() for it in _ESCAPE.split(says))
    return re.compile("".join(parts), re.MULTILINE)
