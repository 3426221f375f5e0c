"""What a suite left behind, seen from the first process of its leg before all of it goes.

It is counted as a difference: of what there is once the namespaces are prepared, and once the
test binary has ended.
"""

import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from harness.inside.mounts import INNER

NAMES = 20
"""So many of a kind are named; all are counted."""

_SETTLE = 1.0
"""Seconds for processes that are about to end when the test binary does."""

_LOOK = 0.02

_LENGTH = 100
"""Bytes of a name that are kept."""

Seen = dict[str, dict[object, str]]
"""Kind → what tells one from another → its name."""


def settle() -> None:
    """Wait until nobody else is here, for a moment."""
    deadline = time.monotonic() + _SETTLE
    while time.monotonic() < deadline:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return  # this process is the last parent of every other
        if not pid:
            time.sleep(_LOOK)


def look(groups: Iterable[str], temporary: Iterable[str], state: Mapping[str, str]) -> Seen:
    """Return what there is.

    `groups` are mount points of cgroup hierarchies, `temporary` folders for temporary files, and
    `state` folders for what programs keep of their own, with the names that these see.
    """
    mounts = list(_mounts())
    return {
        "processes": dict(_processes()),
        "mounts": {(number, at): f"{kind} on {at}" for number, at, kind, _ in mounts},
        "namespaces": dict(_networks(root for _, _, _, root in mounts)),
        "groups": {path: path for group in groups for path in _below(group)},
        "temporary": dict(_entries({name: name for name in temporary})),
        "state": dict(_entries(state)),
    }


def between(before: Seen, after: Seen) -> dict[str, dict[str, object]]:
    """Return how many of each kind have come, and name some."""
    said: dict[str, dict[str, object]] = {}
    for kind, seen in after.items():
        new = Counter(name for key, name in seen.items() if key not in before[kind])
        named = [f"{name} x{times}" if times > 1 else name for name, times in sorted(new.items())]
        said[kind] = {"number": new.total(), "names": [_short(name) for name in named[:NAMES]]}
    return said


def _short(name: str) -> str:
    return os.fsencode(name)[:_LENGTH].decode("utf-8", "replace")


def _processes() -> Iterator[tuple[object, str]]:
    for pid in _pids():
        with suppress(OSError):  # it ended meanwhile
            yield pid, Path(f"/proc/{pid}/comm").read_text("utf-8", "replace").strip()


def _pids() -> list[str]:
    own = str(os.getpid())
    return [name for name in _names("/proc") if name.isdecimal() and name != own]


def _names(folder: str) -> list[str]:
    return [path.name for path in Path(folder).iterdir()]


def _mounts() -> Iterator[tuple[str, str, str, str]]:
    """Return number, place, kind and root of each (proc_pid_mountinfo(5))."""
    for line in Path("/proc/self/mountinfo").read_text("utf-8", "replace").splitlines():
        words = line.split()
        yield words[0], words[4], words[words.index("-") + 1], words[3]


def _networks(roots: Iterable[str]) -> Iterator[tuple[object, str]]:
    """Return the network namespaces besides our own that a mount or a process holds."""
    own = str(Path("/proc/self/ns/net").readlink())
    held = {root for root in roots if root.startswith("net:")}
    for pid in _pids():
        with suppress(OSError):
            held.add(str(Path(f"/proc/{pid}/ns/net").readlink()))
    yield from ((name, name) for name in held - {own})


def _below(group: str) -> Iterator[str]:
    """Return the control groups below, the same name for one in all hierarchies."""
    for folder, names, _ in os.walk(group):
        for name in names:
            path = os.path.relpath(os.path.join(folder, name), group)  # noqa: PTH118 - as os.walk
            if path != INNER:
                yield path


def _entries(folders: Mapping[str, str]) -> Iterator[tuple[object, str]]:
    for folder, known_as in folders.items():
        with suppress(FileNotFoundError):
            for name in _names(folder):
                yield (folder, name), f"{known_as}/{name}"
