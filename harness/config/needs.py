"""What tests cannot do without, as skip lists say it, and what a run has of that.

needs:
  - network                                            # what --offline takes away
  - image docker.io/library/alpine:latest@sha256:HEX   # by this digest, and no stand-in
  - capability CAP_SYS_PTRACE                          # of Linux, capabilities(7)
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from typing import Self

from harness.config.yamlfile import Complaint
from harness.engine.capabilities import WRITTEN

_IMAGE = re.compile(r"[a-z0-9][a-z0-9._/:-]{0,254}@(?P<digest>sha256:[0-9a-f]{64})")
_SHOWN = 60


class Kind(StrEnum):
    """What kind of thing is needed."""

    NETWORK = "network"
    IMAGE = "image"
    CAPABILITY = "capability"


class Need:
    """One thing that a test cannot do without."""

    def __init__(self, text: str) -> None:
        """Check what is needed. Raises: Complaint."""
        word, _, self.name = text.partition(" ")
        self.kind = _kind(word)
        """What kind of thing; `name` says which image or capability."""
        shown = repr(self.name[:_SHOWN])
        if self.kind is Kind.NETWORK and self.name:
            raise Complaint("`network` has no name", hint="write network alone")
        if self.kind is Kind.IMAGE and not self.digest:
            what = f"{shown} names no image by its digest"
            raise Complaint(what, hint="write NAME:TAG@sha256: and 64 hex digits")
        if self.kind is Kind.CAPABILITY and self.name not in WRITTEN:
            guess = _guess(self.name.upper(), WRITTEN)
            what = f"Linux has no capability {shown}{guess}"
            raise Complaint(what, hint="write it as in capabilities(7), such as CAP_SYS_PTRACE")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a need. Raises: Complaint."""
        return cls(text)

    @property
    def digest(self) -> str:
        """Of an image; empty for anything else."""
        found = _IMAGE.fullmatch(self.name)
        return found["digest"] if found else ""

    def __eq__(self, other: object) -> bool:
        """Compare as written."""
        return isinstance(other, Need) and str(self) == str(other)

    def __hash__(self) -> int:
        """Hash to match equality."""
        return hash(str(self))

    def __str__(self) -> str:
        """As it is written."""
        return f"{self.kind} {self.name}".strip()

    def __repr__(self) -> str:
        """`Need('network')`."""
        return f"Need({str(self)!r})"


def _kind(word: str) -> Kind:
    if word not in set(Kind):
        what = f"there is no need {word[:_SHOWN]!r}{_guess(word, list(Kind))}"
        raise Complaint(what, hint="write network, `image NAME@sha256:…` or `capability CAP_…`")
    return Kind(word)


def _guess(word: str, known: Sequence[str]) -> str:
    near = get_close_matches(word[:_SHOWN], known, n=1)
    return f"; did you mean `{near[0]}`?" if near else ""


@dataclass(frozen=True)
class Has:
    """What a run has of what tests may need, known before it begins."""

    network: bool
    """Then any image can be had, too."""
    digests: Collection[str] = frozenset()
    """Of the images that were seeded."""
    capabilities: Collection[str] | None = None
    """None where nobody can tell beforehand: then all are taken to be there."""

    def lacking(self, needs: Iterable[Need]) -> tuple[Need, ...]:
        """Return what of these is not there, in their order."""
        return tuple(need for need in needs if not self._meets(need))

    def _meets(self, need: Need) -> bool:
        if need.kind is Kind.CAPABILITY:
            return self.capabilities is None or need.name in self.capabilities
        return self.network or (need.kind is Kind.IMAGE and need.digest in self.digests)
