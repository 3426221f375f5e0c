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
            head = file.read(_IDENT + struct.calcsize("<HHIQQQIHHH"))
            order, kind = _identify(head)
            _, machine, _, _, table, _, _, _, size, count = struct.unpack_from(
                order + _HEADER[kind], head, _IDENT
            )
            file.seek(table)
            segments = file.read(size * count)
        types = [struct.unpack_from(order + "I", segments, n * size)[0] for n in range(count)]
        architecture, variant = _MACHINES[machine, order]
    except OSError as error:
        raise InfrastructureError(f"cannot read {path}: {error.strerror}") from error
    except (KeyError, struct.error) as error:
        raise InfrastructureError(
            f"{path} is no executable that can be put into an image: "
            "not an ELF file of a machine that BuildKit runs on"
        ) from error
    return Executable(architecture, variant, static=_PT_INTERP not in types)


def _identify(head: bytes) -> tuple[str, int]:
    """Byte order and class; KeyError if `head` does not begin an ELF file."""
    if head[:4] != b"\x7fELF":
        raise KeyError(head[:4])
    return _ORDER[head[5]], head[4]
