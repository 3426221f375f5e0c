"""Executables for the tests of everything that reads their headers; none can be run."""

from __future__ import annotations

import struct

AMD64 = 62


def elf(
    *, machine: int = AMD64, interpreted: bool = False, order: str = "<", bits: int = 64
) -> bytes:
    """Make an ELF file with a loadable segment, and one naming a loader if `interpreted`."""
    wide = bits == 64
    header_size, segment_size = (64, 56) if wide else (52, 32)
    ident = b"\x7fELF" + bytes([2 if wide else 1, 1 if order == "<" else 2, 1]) + bytes(9)
    types = [1, 3] if interpreted else [1]
    address = "Q" if wide else "I"
    header = struct.pack(
        f"{order}HHI{address * 3}IHHHHHH",
        *(2, machine, 1),
        *(0, header_size, 0),
        *(0, header_size, segment_size, len(types), 0, 0, 0),
    )
    segments = b"".join(struct.pack(f"{order}I", one).ljust(segment_size, b"\0") for one in types)
    return ident + header + segments
