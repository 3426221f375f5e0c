"""What tests cannot do without, as skip lists say it, and what a run has of that.

needs:
  - network                                            # what --offline takes away
  - image docker.io/library/alpine:latest@sha256:HEX   # by this digest, and no stand-in
  - capability CAP_SYS_PTRACE                          # of Linux, capabilities(7)
  - program rootlesskit 2.0                            # that version or newer; or any, without one
  - device /dev/net/tun                                # that every user may open
  - user-namespaces                                    # with IDs of their own, for other users
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum
from typing import Self

from harness.config.yamlfile import Complaint
from harness.engine.capabilities import WRITTEN

_IMAGE = re.compile(r"[a-z0-9][a-z0-9._/:-]{0,254}@(?P<digest>sha256:[0-9a-f]{64})")
_PROGRAM = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+-]{0,63}( [0-9]{1,4}\.[0-9]{1,4})?")
_DEVICE = re.compile(r"/dev(/[A-Za-z0-9][A-Za-z0-9._-]{0,63}){1,4}")
_SHOWN = 60


class Kind(StrEnum):
    """What kind of thing is needed."""

    NETWORK = "network"
    IMAGE = "image"
    CAPABILITY = "capability"
    PROGRAM = "program"
    DEVICE = "device"
    USER_NAMESPACES = "user-namespaces"


class Need:
    """One thing that a test cannot do without."""

    def __init__(self, text: str) -> None:
        """Check what is needed. Raises: Complaint."""
        word, _, self.name = text.partition(" ")
        self.kind = _kind(word)
        """What kind of thing; `name` says which image, capability, program or device."""
        shown = repr(self.name[:_SHOWN])
        if self.kind in {Kind.NETWORK, Kind.USER_NAMESPACES} and self.name:
            raise Complaint(f"`{self.kind}` has no name", hint=f"write {self.kind} alone")
        if self.kind is Kind.IMAGE and not self.digest:
            what = f"{shown} names no image by its digest"
            raise Complaint(what, hint="write NAME:TAG@sha256: and 64 hex digits")
        if self.kind is Kind.CAPABILITY and self.name not in WRITTEN:
            guess = _guess(self.name.upper(), WRITTEN)
            what = f"Linux has no capability {shown}{guess}"
            raise Complaint(what, hint="write it as in capabilities(7), such as CAP_SYS_PTRACE")
        if self.kind is Kind.PROGRAM and not _PROGRAM.fullmatch(self.name):
            what = f"{shown} is no program with or without the least version"
            raise Complaint(what, hint="write its name, or `NAME MAJOR.MINOR`")
        if self.kind is Kind.DEVICE and not _DEVICE.fullmatch(self.name):
            raise Complaint(f"{shown} is no device", hint="write its path, such as /dev/net/tun")

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a need. Raises: Complaint."""
        return cls(text)

    @property
    def digest(self) -> str:
        """Of an image; empty for anything else."""
        found = _IMAGE.fullmatch(self.name)
        return found["digest"] if found else ""

    @property
    def of_machine(self) -> bool:
        """Whether it is a machine that has it, and neither the network nor the seeded images."""
        return self.kind not in {Kind.NETWORK, Kind.IMAGE}

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
        hint = (
            "write network, `image NAME@sha256:…`, `capability CAP_…`, `program NAME`, "
            "`device PATH` or user-namespaces"
        )
        raise Complaint(what, hint=hint)
    return Kind(word)


def _guess(word: str, known: Sequence[str]) -> str:
    near = get_close_matches(word[:_SHOWN], known, n=1)
    return f"; did you mean `{near[0]}`?" if near else ""


def unknown(_need: Need) -> bool:
    """Take whatever is needed to be there: nobody can tell beforehand."""
    return True


@dataclass(frozen=True)
class Has:
    """What a run has of what tests may need, known before it begins."""

    network: bool
    """Then any image can be had, too."""
    digests: Collection[str] = frozenset()
    """Of the images that were seeded."""
    meets: Callable[[Need], bool] = unknown
    """Whether a leg will have what a machine has or has not: see `of_machine`."""

    def lacking(self, needs: Iterable[Need]) -> tuple[Need, ...]:
        """Return what of these is not there, in their order."""
        return tuple(need for need in needs if not self._meets(need))

    def _meets(self, need: Need) -> bool:
        if need.of_machine:
            return self.meets(need)
        return self.network or (need.kind is Kind.IMAGE and need.digest in self.digests)
