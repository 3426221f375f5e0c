"""Takes secrets out of what a leg's daemons said.

A script inside the leg writes it down as it is said (backends/kept.sh), so it is on the disk before
we see it, unlike the output of the tests.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from harness.backends.processes import PROCESSES
from harness.journal.files import replacing
from harness.tools.redaction import Mask

_CHUNK = 1 << 20


def mask_kept(folder: Path, secrets: Sequence[str]) -> None:
    """Hide secrets in all that was kept in a leg's folder. Raises InfrastructureError."""
    for kept in sorted((folder / PROCESSES).glob("*")) if secrets else ():
        if kept.is_file() and not kept.is_symlink():
            _mask(kept, secrets)


def _mask(file: Path, secrets: Sequence[str]) -> None:
    with file.open("rb") as said, replacing(file, durable=False) as masked:

        def put(piece: bytes) -> None:
            masked.write(piece)

        mask = Mask(put, secrets)
        while chunk := said.read(_CHUNK):
            mask.feed(chunk)
        mask.finish()
