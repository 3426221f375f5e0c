"""The two facts about an executable that an image needs: its platform, and whether it is static.

Layout of the headers: https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html and
ch5.pheader.html.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from harness.errors import InfrastructureError

_PT_INTERP = 3
_HEADER = {1: "HHIIIIIHHH", 2: "HHIQQQIHHH"}  # from e_type to e_phnum, by ELF class
_SEGMENT = {1: 32, 2: 56}
_ORDER = {1: "<", 2: ">"}
_IDENT = 16
_MACHINES = {
    (3, "<"): ("386", ""),
    (21, "<"): ("ppc64le", ""),
    (22, ">"): ("s390x", ""),
    (40, "<"): ("arm", "v7"),
    (62, "<"): ("amd64", ""),
    (183, "<"): ("arm64", ""),
    (243, "<"): ("riscv64", ""),
}


@dataclass(frozen=True)
class Executable:
    """What the headers of an ELF file say."""

    architecture: str
    """As Go and OCI name it: amd64, arm64 …"""
    variant: str
    """`v7` for 32-bit ARM, otherwise empty."""
    static: bool
    """True if no dynamic loader is asked for (no PT_INTERP)."""


def inspect(path: Path) -> Executable:
    """Read the headers of the executable at `path`.

    Raises InfrastructureError if it cannot be read, is no ELF file, or is of a machine that
    BuildKit does not run on.
    """
    try:
        with path.open("rb") as file:
            order, kind = _identify(file.read(_IDENT))
            form = order + _HEADER[kind]
            _, machine, _, _, table, _, _, _, size, count = struct.unpack(
                form, file.read(struct.calcsize(form))
            )
            file.seek(table)
            segments = file.read(_segments(size, kind) * count)
        types = struct.unpack(order + f"I{size - 4}x" * count, segments)
        architecture, variant = _MACHINES[machine, order]
    except OSError as error:
        raise InfrastructureError(f"cannot read {path}: {error.strerror}") from error
    except (KeyError, ValueError, OverflowError, struct.error) as error:
        raise InfrastructureError(
            f"{path} is no executable that can be put into an image: "
            "not an ELF file of a machine that BuildKit runs on"
        ) from error
    return Executable(architecture, variant, static=_PT_INTERP not in types)


def _identify(ident: bytes) -> tuple[str, int]:
    """Byte order and class; KeyError if `ident` does not begin an ELF file."""
    if len(ident) < _IDENT or ident[:4] != b"\x7fELF":
        raise KeyError(ident)
    return _ORDER[ident[5]], ident[4]


def _segments(size: int, kind: int) -> int:
    """Size of an entry of the program header table; KeyError if it cannot be that."""
    if size != _SEGMENT[kind]:
        raise KeyError(size)
    return size
