"""Control groups of a leg's own: one folder in each hierarchy, of cgroup v1, v2 or both.

A leg's first process moves into them and sees nothing of the tree but them (native/init.py), so
whatever it or its daemons make there lies below, and goes with them. See cgroups(7).
"""

from __future__ import annotations

import errno
import logging
import os
import secrets
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import quote, unquote

from harness.backends.native.memory import Kills, counter
from harness.tools import machine

_log = logging.getLogger(__name__)

_PREFIX = "compat-leg."

_REAP = 10.0
"""Seconds within which the kernel must let go of a group whose processes are dead."""

_LOOK = 0.02

_INHERITED = ("cpuset.cpus", "cpuset.mems")
"""What is empty in a new group of cgroup v1, which then takes no process."""

_FROZEN = "freezer.state"
"""Of cgroup v1, where a frozen process does not even die."""

_GONE = {errno.ENOENT, errno.ENODEV}
"""What the kernel says of a group that somebody else removes at this moment."""

_COUNTERS = ("memory.events", "memory.oom_control")


@dataclass(frozen=True)
class Hierarchy:
    """A mounted tree of control groups, and the folder in it below which ours may be made."""

    mount: Path
    parent: Path


@dataclass(frozen=True)
class Groups:
    """The groups of one leg."""

    folders: dict[str, str]
    """Mount point of each hierarchy → the leg's own folder in it."""
    lacking: tuple[str, ...] = ()
    """Hierarchies in which there is none, and why."""

    def kills(self, seen: Kills) -> Kills:
        """Return how much of what the kernel killed for want of memory was the leg's own.

        On v2 that is exact, because a group counts for those below it, too. On v1 it does not, so
        what was killed elsewhere may have been in a group below that is gone.
        """
        files = [
            group / name
            for folder in self.folders.values()
            for group in _tree(Path(folder))
            for name in _COUNTERS
            if (group / name).exists()
        ]
        if not files:
            return seen
        if files[-1].name == _COUNTERS[0]:
            return Kills(counter(files[-1]), counter(files[-1]))
        ours = sum(map(counter, files))
        return Kills(ours, max(ours, seen.everywhere))

    def remove(self) -> tuple[str, ...]:
        """Remove them and all that was made below; return what could not be."""
        deadline = time.monotonic() + _REAP
        left = [Path(folder) for folder in self.folders.values()]
        while left and time.monotonic() < deadline:
            for folder in left:
                _thaw(folder)
            left = [folder for folder in left if not _removed(folder)]
            time.sleep(_LOOK if left else 0)
        words = tuple(f"the control group {folder} cannot be removed" for folder in left)
        for word in words:
            _log.warning("%s", word)
        return words


def make_groups(root: Path = Path("/")) -> Groups:
    """Make a group in each hierarchy, after those of processes that are gone were removed."""
    name = f"{_PREFIX}{quote(machine.process(), safe='')}.{secrets.token_hex(4)}"
    folders, lacking = {}, []
    for hierarchy in hierarchies(root):
        sweep(hierarchy.mount)
        folder = hierarchy.parent / name
        try:
            folder.mkdir(exist_ok=True)
            _inherit(folder)
        except OSError as error:
            lacking.append(f"{hierarchy.mount}: {error.strerror}")
            continue
        folders[str(hierarchy.mount)] = str(folder)
    return Groups(folders, tuple(lacking))


def sweep(mount: Path) -> None:
    """Remove the groups that a process which was killed could not, wherever it was."""
    for folder in [group for group in _tree(mount) if group.name.startswith(_PREFIX)]:
        owner = unquote(folder.name.removeprefix(_PREFIX).rpartition(".")[0])
        if machine.gone(owner):
            _thaw(folder)
            if not _removed(folder):
                _log.debug("left to the next run: %s", folder)


def hierarchies(root: Path = Path("/")) -> list[Hierarchy]:
    """Find the mounted hierarchies that this process is in."""
    ours = _own_paths((root / "proc/self/cgroup").read_text("utf-8"))
    found = []
    for line in (root / "proc/self/mountinfo").read_text("utf-8").splitlines():
        before, _, after = line.partition(" - ")
        shown, place = before.split()[3:5]
        kind, _, options = after.split()[:3]
        if kind not in {"cgroup", "cgroup2"}:
            continue
        controllers = frozenset(options.split(",") if kind == "cgroup" else ())
        own = next((path for names, path in ours.items() if _same(names, controllers)), None)
        if own is None or not PurePosixPath(own).is_relative_to(shown):
            continue
        mount = root / place.lstrip("/")
        group = mount / PurePosixPath(own).relative_to(shown)
        if (group / "cgroup.procs").exists():  # else something else is mounted over it
            found.append(Hierarchy(mount, _handing_on(mount, group)))
    return found


def _own_paths(listed: str) -> dict[frozenset[str], str]:
    """Read the list of our own groups; that of v2 has no controllers."""
    lines = (line.split(":", 2) for line in listed.splitlines())
    return {frozenset(filter(None, names.split(","))): path for _, names, path in lines}


def _same(names: frozenset[str], options: frozenset[str]) -> bool:
    return names <= options if names else not options


def _handing_on(mount: Path, group: Path) -> Path:
    """Return the nearest group, from our own upwards, that hands controllers on to new ones.

    On v2 a group with processes hands on none, unless it is the root. On v1 each does.
    """
    for folder in (group, *group.parents):
        handed_on = folder / "cgroup.subtree_control"
        if not handed_on.exists() or handed_on.read_text("ascii").split():
            return folder
        if folder == mount:
            break
    return group


def _inherit(folder: Path) -> None:
    for name in _INHERITED:
        if (folder / name).exists() and not (folder / "cgroup.controllers").exists():
            (folder / name).write_text((folder.parent / name).read_text("ascii"), "ascii")


def _thaw(folder: Path) -> None:
    """Thaw frozen processes of cgroup v1, so that they can die."""
    for file in (group / _FROZEN for group in _tree(folder)):
        try:
            if file.exists():
                file.write_text("THAWED", "ascii")
        except OSError as error:
            if error.errno not in _GONE:
                raise


def _tree(folder: Path) -> Iterator[Path]:
    """Return a group and all below it, the innermost first."""
    for name, _, _ in os.walk(folder, topdown=False):
        yield Path(name)


def _removed(folder: Path) -> bool:
    """Remove a group and those below it; tell whether that was possible."""
    try:
        for group in _tree(folder):
            group.rmdir()
    except FileNotFoundError:
        return not folder.exists()
    except OSError as error:
        _log.debug("%s: %s", folder, error)
        return False
    return True
