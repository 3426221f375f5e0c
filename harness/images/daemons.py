"""Published daemons: buildkitd, buildctl and their helpers, taken out of an image's layers.

Only programs are taken, to run in a leg beside the tests of their commit, so they have to be
static: what is linked to libraries of its image would find those of another machine.
"""

from __future__ import annotations

import posixpath
import re
import tempfile
from pathlib import Path

from harness.images.contents import unpack
from harness.images.frontends import looks_like
from harness.images.oci import PATH
from harness.images.published import Config, Image, Kind, Unfit, program_of
from harness.model import Side

FOLDER = "bin"

_DAEMON = "buildkitd"
_NEEDED = (_DAEMON, "buildctl")
_HELPERS = re.compile(r"buildkit-[A-Za-z0-9._-]{1,60}")
"""Runc, network plugins and emulators, which the daemon looks for by these names first."""
_RUNC = "buildkit-runc"


def _wanted(path: str) -> bool:
    name = posixpath.basename(path)
    return name in _NEEDED or _HELPERS.fullmatch(name) is not None


def _check(config: Config) -> str:
    return "it is a Dockerfile frontend" if looks_like(config) else ""


def _fill(image: Image, folder: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Write the programs that a container of the image would find."""
    dest = folder / FOLDER
    dest.mkdir()
    taken, left = [], []
    with tempfile.TemporaryDirectory(dir=folder, prefix=".parts-") as working:
        found = _by_name(image.config, unpack(image.layers, _wanted, Path(working)))
        for name in _NEEDED:
            if name not in found:
                raise Unfit(f"it has no {name} in its PATH")
        for name, file in sorted(found.items()):
            try:
                static = program_of(file, image, name).static
            except Unfit:
                if name in _NEEDED:
                    raise
                continue  # a script
            if static:
                (dest / name).hardlink_to(file)  # which may have another name, too
                (dest / name).chmod(0o755)
                taken.append(f"{FOLDER}/{name}")
            elif name in _NEEDED:
                raise Unfit(f"its {name} needs libraries of the image, so it runs nowhere else")
            else:
                left.append(f"{name} needs libraries of the image, so it is not taken")
    if f"{FOLDER}/{_RUNC}" not in taken:
        left.append(f"containers are run by the runc of this machine: it has no {_RUNC} to take")
    return tuple(taken), tuple(left)


def _by_name(config: Config, found: dict[str, Path]) -> dict[str, Path]:
    """Return programs by name, as PATH finds them; the entry point may name the daemon itself."""
    told = dict(it.partition("=")[::2] for it in (PATH, *(config.config.environment or ())))
    folders = [posixpath.normpath(it) for it in told["PATH"].split(":") if it]
    named: dict[str, Path] = {}
    for word in config.entrypoint:
        if posixpath.basename(word) == _DAEMON and word in found:
            named[_DAEMON] = found[word]
    for folder in folders:
        for path, file in found.items():
            if posixpath.dirname(path) == folder:
                named.setdefault(posixpath.basename(path), file)
    return named


DAEMON = Kind(
    side=Side.SUITE,
    called="BuildKit daemon",
    hint="moby/buildkit has daemons; a frontend is named behind the daemon",
    program=f"{FOLDER}/{_DAEMON}",
    check=_check,
    fill=_fill,
)
