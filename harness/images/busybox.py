"""The distribution's static busybox, of which stand-in images are made."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from harness.errors import InfrastructureError, MissingToolError
from harness.images import elf
from harness.tools import process
from harness.tools.requirements import how_to_install

INSTALL = how_to_install("busybox")

PLACES = (Path("/bin/busybox"), Path("/usr/bin/busybox"), Path("/bin/busybox.static"))
"""Where Debian, a merged /usr, and Alpine (busybox-static) put it."""

_LIST_TIMEOUT = 10.0


@dataclass(frozen=True)
class Busybox:
    """A busybox that runs without any other file."""

    path: Path
    sha256: str
    architecture: str
    variant: str


def find(places: tuple[Path, ...] = PLACES) -> Busybox:
    """Find the first static busybox.

    Raises MissingToolError if there is none, InfrastructureError if it cannot be read.
    """
    dynamic = []
    for path in places:
        if not path.is_file():
            continue
        executable = elf.inspect(path)
        if executable.static:
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            return Busybox(path, digest, executable.architecture, executable.variant)
        dynamic.append(str(path))
    found = f" ({' and '.join(dynamic)} needs shared libraries)" if dynamic else ""
    raise MissingToolError(f"there is no static busybox on this machine{found}", hint=INSTALL)


def applets(busybox: Busybox) -> tuple[str, ...]:
    """Return the names that the busybox can be called by; sorted, without `busybox` itself.

    Raises InfrastructureError if it does not run or knows no applet.
    """
    request = process.Request([str(busybox.path), "--list"], timeout=_LIST_TIMEOUT)
    names = sorted(set(process.run(request).text.split()) - {"busybox"})
    if not names:
        raise InfrastructureError(f"{busybox.path} --list names no applet", hint=INSTALL)
    return tuple(names)
