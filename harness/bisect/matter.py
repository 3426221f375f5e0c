"""What of a commit's tree decides over one side of it: the rest changes nothing that is built.

Go is asked at both ends of a range for the packages that the side is compiled from. Between them
a package may come and go: a folder that neither end has at all counts as one of them, so that
nothing is left out that could matter.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from harness.backends.native.build import Package
from harness.backends.steps import FRONTEND_DOCKERFILE, RELEASES, TESTS
from harness.model import Side

GO_MOD, MODULES = "go.mod", "vendor/modules.txt"
LANGUAGE = (GO_MOD, MODULES)
"""Files of which the versions of the language matter, and nothing else."""

_VENDOR = "vendor/"
_SUFFIXES = (".go", ".s", ".S", ".c", ".h", ".syso")
_TEST = "_test.go"
_OF_GO_MOD = re.compile(r"^(?:module|go|toolchain|godebug)\s.*$", re.MULTILINE)
_BLOCK = re.compile(r"^godebug \(.*?^\)", re.MULTILINE | re.DOTALL)
_TESTS = TESTS.removeprefix("./")
_QUOTED = '"'
"""What begins a path that git had to write with escapes."""


@dataclass(frozen=True)
class Matter:
    """What may decide over a side; every source file may, where Go could not be asked."""

    side: Side
    folders: frozenset[str] | None = None
    """Of the packages, at either end."""
    embedded: frozenset[str] = frozenset()
    """Folders of files that are compiled in as they are."""
    elsewhere: frozenset[str] = frozenset()
    """Folders that an end has and that hold none of these packages."""

    @classmethod
    def of(cls, side: Side, packages: Collection[Package], there: Iterable[str]) -> Matter:
        """Take what Go said at the ends, and every folder that the trees of the ends have."""
        folders = frozenset(package.folder for package in packages)
        embedded = {_folder(file) for package in packages for file in package.embedded}
        return cls(side, folders, frozenset(embedded), frozenset(there) - folders - embedded)

    def takes(self, path: str) -> bool:
        """Return whether a change of this file may change what is built."""
        if path in LANGUAGE:
            return False  # of which `language` says more
        folder = _folder(path)
        whole = folder in self.embedded or self._always(path)
        source = path.endswith(_SUFFIXES) and not path.endswith(_TEST)
        return whole or (source and folder not in self.elsewhere)

    def _always(self, path: str) -> bool:
        """Return whether a file matters whatever packages there are; an escaped name may."""
        read = path == FRONTEND_DOCKERFILE or path.startswith((f"{RELEASES}/", _QUOTED))
        # A suite's tests read what lies beside them.
        return read or (self.side is Side.SUITE and path.startswith(f"{_TESTS}/"))

    def language(self, texts: Mapping[str, str]) -> tuple[str, ...]:
        """Return which Go each module is written in, of those that a package comes from."""
        own = texts.get(GO_MOD, "")
        said = [*_OF_GO_MOD.findall(own), *_BLOCK.findall(own)]
        return (*said, *self._vendored(texts.get(MODULES, "")))

    def _vendored(self, text: str) -> list[str]:
        found, module, says = [], "", ""
        for line in text.splitlines():
            if line.startswith("# "):
                module, says = line.split(" ")[1], ""
            elif line.startswith("## "):
                says = line.rpartition("go ")[2] if "go " in line else ""
            elif says and (self.folders is None or _VENDOR + line in self.folders):
                found.append(f"{module} {says}")
                says = ""  # once for each module
        return found


def weight(paths: Iterable[str]) -> float:
    """Return how likely a change is to matter, by the files that it touches.

    One of BuildKit's own counts whole, a vendored one little: they come by the hundred.
    """
    own = sum(not path.startswith(_VENDOR) for path in paths)
    return 1.0 + own + (0.0 if own else 0.5)


def _folder(path: str) -> str:
    return PurePosixPath(path).parent.as_posix()
