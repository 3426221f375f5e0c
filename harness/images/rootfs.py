"""The one layer of a stand-in image, from its file system as recipes say it."""

from __future__ import annotations

import tarfile
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from harness.errors import MissingToolError
from harness.images.busybox import INSTALL
from harness.images.layer import Entry
from harness.images.recipes import Links, Tree

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from pathlib import Path

_BUSYBOX = "bin/busybox"


def entries(tree: Tree, busybox: Path, applets: Collection[str]) -> list[Entry]:
    """List the members of the layer: folders, then busybox, then all else in order of names.

    Files of the tree come before applets of the same name. Raises MissingToolError if a program
    that the tests call is neither.
    """
    others = {name: _file(name, file.text, file.mode) for name, file in tree.files.items()}
    others |= {name: _symbolic(name, target) for name, target in tree.links.items()}
    if tree.applets:
        names = (f"bin/{applet}" for applet in applets)
        others |= {name: _applet(name, tree.applets) for name in names if name not in others}
    missing = [call for call in tree.calls if f"bin/{call}" not in others]
    if missing:
        raise MissingToolError(
            f"{busybox} lacks applets that the tests call: {', '.join(missing)}", hint=INSTALL
        )
    modes = dict.fromkeys(_parents([*others, *tree.folders]), "755") | tree.folders
    folders = [Entry(name, int(mode, 8), tarfile.DIRTYPE) for name, mode in sorted(modes.items())]
    program = [Entry(_BUSYBOX, content=busybox)] if tree.applets else []
    return [*folders, *program, *(others[name] for name in sorted(others))]


def _applet(name: str, links: Links) -> Entry:
    if links is Links.HARD:
        return Entry(name, kind=tarfile.LNKTYPE, target=_BUSYBOX)
    return _symbolic(name, f"/{_BUSYBOX}")


def _file(name: str, text: str, mode: str) -> Entry:
    return Entry(name, int(mode, 8), content=text.encode())


def _symbolic(name: str, target: str) -> Entry:
    return Entry(name, 0o777, tarfile.SYMTYPE, target=target)


def _parents(names: Iterable[str]) -> set[str]:
    """All folders that `names` lie in, without the root."""
    return {str(folder) for name in names for folder in PurePosixPath(name).parents[:-1]}
