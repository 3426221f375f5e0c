"""What a run can leave behind, seen from outside: processes, mounts, files; and what it made."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from urllib.parse import unquote

from tests.support.demo_program import Program

ARTEFACTS = ("place", "tree", "suite", "frontend", "mirror", "control")
REPEATABLE = ("place", "tree", "suite", "frontend", "mirror")
"""Kinds that come out the same whenever they are made; a control has times in it."""


_BEFORE = frozenset(Path("/proc/self/mountinfo").read_text("utf-8").splitlines())
"""A machine may have something at /mnt."""


def tagged(tag: str) -> list[str]:
    """Find the processes, in any namespace, that have this word in their environment.

    USER is one of the few variables that get into a leg, so a tag in it marks all of a run.
    """
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                environment = (entry / "environ").read_bytes()
                words = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                continue  # it has just ended, or it is another user's
            if tag.encode() in environment:
                found.append(f"{entry.name} {words}")
    return found


def mounts(folder: Path) -> list[str]:
    """Return the mounts of this namespace that a leg could have made."""
    lines = Path("/proc/self/mountinfo").read_text("utf-8").splitlines()
    ours = (line for line in lines if str(folder) in line or line.split()[4] == "/mnt")
    return [line for line in ours if line not in _BEFORE]


def groups(pids: set[int]) -> list[str]:
    """Find the control groups of the legs that these processes of the program ran."""
    found = []
    for where, folders, _ in os.walk("/sys/fs/cgroup"):
        for name in folders:
            words = unquote(name).split()
            if name.startswith("compat-leg.") and len(words) > 1 and int(words[1]) in pids:
                found.append(os.path.join(where, name))  # noqa: PTH118 - as os.walk
    return found


def strays(program: Program) -> list[str]:
    """Name the files that a run makes for itself and has to remove."""
    temporary = Path(program.environment["TMPDIR"])
    found = [*temporary.iterdir(), *(program.cache / "tmp").iterdir()]
    known = {"go", "gocache", "gopath", "locks", "tmp", "minikit", *ARTEFACTS, "ancestry.sqlite3"}
    found += [path for path in program.cache.iterdir() if path.name not in known]
    if program.runs.is_dir():
        found += [path for path in program.runs.iterdir() if path.name.startswith(".")]
    return sorted(map(str, found))


def manifests(cache: Path) -> dict[str, str]:
    """Return a digest over all that is in each artefact: names, kinds, modes and contents."""
    folders = [path for kind in ARTEFACTS for path in (cache / kind).glob("*")]
    return {f"{path.parent.name}/{path.name}": _digest(path) for path in folders}


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for where, folders, files in os.walk(folder):
        folders.sort()
        for name in sorted((*folders, *files)):
            path = Path(where, name)
            mode = path.lstat().st_mode
            digest.update(f"{path.relative_to(folder)}\0{mode}\0".encode())
            if path.is_symlink():
                digest.update(str(path.readlink()).encode())
            elif path.is_file():
                digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()
