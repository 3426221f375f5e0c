"""Mounts of a leg: folders of the machine that become its own."""

import ctypes
import os
from collections.abc import Iterable
from pathlib import Path

INNER = "init"
"""The group on cgroup v2 in which a leg begins."""

_MS_BIND = 0x1000
_MS_REC = 0x4000
_CLONE_NEWCGROUP = 0x02000000
_LIBC = ctypes.CDLL(None, use_errno=True)


class Visible:
    """Files and folders that stay in sight when one above them becomes private."""

    def __init__(self, paths: Iterable[str]) -> None:
        """Hold them by what they are now."""
        self._held = {path: os.open(path, os.O_PATH) for path in paths}

    def show(self, folder: Path) -> None:
        """Show again, where they were, those below a folder that has just been covered."""
        for name, descriptor in self._held.items():
            path = Path(name)
            if not path.is_relative_to(folder):
                continue
            if Path(f"/proc/self/fd/{descriptor}").is_dir():
                path.mkdir(parents=True, exist_ok=True)
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch()
            _bind(descriptor, name)

    def let_go(self) -> None:
        """Hold them no longer."""
        for descriptor in self._held.values():
            os.close(descriptor)


def existing(names: Iterable[str]) -> list[Path]:
    """Return the folders that are there, none twice: /var/run is /run by another name."""
    real = dict.fromkeys(Path(name).resolve() for name in names)
    return [folder for folder in real if folder.is_dir()]


def cover(folder: Path, mode: int = 0o755) -> None:
    """Mount an empty folder over one, in memory.

    No nosuid, no nodev: images with setuid files and device nodes are unpacked in here.
    """
    _mount("tmpfs", str(folder), "tmpfs", options=f"mode={mode:o}")


def layer(folder: Path, changes: Path) -> None:
    """Mount a folder over itself so that what is changed in it goes elsewhere."""
    parts = [changes / name for name in ("upper", "work")]
    for part in parts:
        part.mkdir(parents=True)
    options = f"lowerdir={folder},upperdir={parts[0]},workdir={parts[1]}"
    _mount("overlay", str(folder), "overlay", options=options)


def put(file: Path, place: Path) -> None:
    """Let a file be seen in the place of another."""
    descriptor = os.open(file, os.O_PATH)
    _bind(descriptor, str(place))
    os.close(descriptor)


def enter_groups(groups: dict[str, str]) -> None:
    """Move into control groups, and let them be all that is seen of their hierarchies.

    `groups` has a folder for each mount point.
    """
    opened = [(mount, os.open(folder, os.O_PATH)) for mount, folder in groups.items()]
    for _, descriptor in opened:
        Path(f"/proc/self/fd/{descriptor}/cgroup.procs").write_text("0", "ascii")
    if opened and _LIBC.unshare(_CLONE_NEWCGROUP) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"make a cgroup namespace: {os.strerror(code)}")
    for mount, descriptor in opened:
        _bind(descriptor, mount)
        os.close(descriptor)
        if (controllers := Path(mount, "cgroup.controllers")).exists():
            _hand_on(Path(mount), controllers.read_text("ascii").split())


def thaw(groups: Iterable[str]) -> None:
    """Thaw frozen processes of cgroup v1: frozen, they do not even die."""
    for file in (file for group in groups for file in Path(group).rglob("freezer.state")):
        file.write_text("THAWED", "ascii")


def _hand_on(root: Path, controllers: list[str]) -> None:
    """Hand the controllers of this group to those below; it may then hold no process."""
    (root / INNER).mkdir()
    (root / INNER / "cgroup.procs").write_text("0", "ascii")
    for name in controllers:
        (root / "cgroup.subtree_control").write_text(f"+{name}", "ascii")


def _bind(descriptor: int, target: str) -> None:
    _mount(f"/proc/self/fd/{descriptor}", target, "", _MS_BIND | _MS_REC)


def _mount(source: str, target: str, kind: str, flags: int = 0, options: str = "") -> None:
    words = [word.encode() for word in (source, target, kind)]
    if _LIBC.mount(*words, ctypes.c_ulong(flags), options.encode()) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"mount {kind or source} on {target}: {os.strerror(code)}")
