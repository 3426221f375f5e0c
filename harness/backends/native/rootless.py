"""The user that a leg has for rootless daemons, and whether this machine lets one work.

The tests' sandbox starts such a daemon as `sudo -u #UID -i -- rootlesskit buildkitd …`, which
asks for a name, a home and a shell, and for subordinate IDs (subuid(5)). A leg has all of that of
its own: files of its own stand in the place of the machine's, whose users it does not touch.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from harness.backends.base import Problem
from harness.errors import CompatError
from harness.tools.process import Request, run

NAME = "compat-rootless"

_ID = 54321
"""Of the user and its group; rarely one of a machine's own."""

_FIRST, _NUMBER = 100_000, 65_536
"""Its subordinate IDs, as useradd(8) gives them to the first user of a machine."""

_PASSWD, _GROUP = Path("/etc/passwd"), Path("/etc/group")
_SUBORDINATE = (Path("/etc/subuid"), Path("/etc/subgid"))
_STATUS = Path("/proc/self/status")
_MAPS = (Path("/proc/self/uid_map"), Path("/proc/self/gid_map"))

_TRIED = ("unshare", "--user", "--map-root-user", "--mount")
"""Ubuntu's kernel gives every user a namespace, and may give it no power in there."""

_SYSCTL = Path("/proc/sys")
_SWITCHES = (
    ("kernel.apparmor_restrict_unprivileged_userns", "1", "0"),
    ("kernel.unprivileged_userns_clone", "0", "1"),
    ("user.max_user_namespaces", "0", "10000"),
)
"""Settings of kernels that keep user namespaces to root: of Ubuntu, of older Debians, of all."""

PAIR_VARIABLE = "BUILDKIT_INTEGRATION_ROOTLESS_IDPAIR"
"""Tells the tests' sandbox which user is to run rootless daemons; without it there are none."""

_SHELL = """\
#!/bin/sh
export PATH={path}
export XDG_RUNTIME_DIR={home}/run
eval "exec ${{2#exec }}"
"""
"""Becomes the command that it is given (`-c COMMAND`), so that a signal of sudo's reaches that: a
shell which waits for it would end alone, and the tests would wait for the daemon that is left."""


@dataclass(frozen=True)
class User:
    """A leg's own user."""

    home: str
    """A folder that the leg makes for it."""
    path: str
    """Its PATH."""

    def spec(self) -> dict[str, object]:
        """Return what init.py makes: home with what is in it, and files for those of /etc."""
        return {
            "id": _ID,
            "home": self.home,
            "shell": _SHELL.format(path=self.path, home=self.home),
            "files": {str(file): text for file, text in self._files()},
        }

    def _files(self) -> Iterable[tuple[Path, str]]:
        yield _PASSWD, f"{_others(_PASSWD)}{NAME}:x:{_ID}:{_ID}::{self.home}:{self.home}/shell\n"
        yield _GROUP, f"{_others(_GROUP)}{NAME}:x:{_ID}:\n"
        for file in _SUBORDINATE:
            yield file, f"{NAME}:{_FIRST}:{_NUMBER}\n"


def environment() -> dict[str, str]:
    """Return what tells the tests of the user."""
    return {PAIR_VARIABLE: f"{_ID}:{_ID}"}


def closed(paths: Iterable[Path]) -> list[str]:
    """Return the outermost folders above `paths` that other users may not enter."""
    shut = {
        next((above for above in reversed(path.parents) if not above.stat().st_mode & 1), None)
        for path in paths
    }
    return sorted(str(folder) for folder in shut if folder)


@cache
def hindrance() -> Problem | None:
    """Return what keeps users other than root from namespaces with IDs of their own.

    A container may lack IDs, or forbid programs to gain rights; a kernel may keep the namespaces
    to root.
    """
    if "NoNewPrivs:\t1" in _STATUS.read_text("utf-8"):
        what = "no program may gain rights here (no_new_privs), as newuidmap has to"
        return Problem(what, "start this container without no-new-privileges")
    if missing := [str(file) for file in _SUBORDINATE if not file.is_file()]:
        return Problem(f"there is no {' and no '.join(missing)}", f"touch {' '.join(missing)}")
    if not all(_mapped(file.read_text("ascii")) for file in _MAPS):
        what = f"this container has no user IDs up to {_FIRST + _NUMBER}"
        return Problem(what, "start it with as many, or without a user namespace")
    other = ["setpriv", f"--reuid={_ID}", f"--regid={_ID}", "--clear-groups"]
    argv = [*(other if os.geteuid() == 0 else ()), *_TRIED, "true"]
    try:
        run(Request(argv, timeout=30))
    except CompatError as error:
        return Problem(str(error).splitlines()[-1], _remedy())
    return None


def _remedy() -> str:
    """Return the command that lets users other than root make user namespaces."""
    for key, wrong, right in _SWITCHES:
        file = _SYSCTL / key.replace(".", "/")
        if file.is_file() and file.read_text("ascii").strip() == wrong:
            return f"sysctl -w {key}={right}"
    return "let users other than root make user namespaces: see user_namespaces(7)"


def _mapped(text: str) -> bool:
    """Return whether a map of IDs (user_namespaces(7)) has all those of the user."""
    ranges = [tuple(map(int, line.split())) for line in text.splitlines()]
    return any(first <= _ID and first + count >= _FIRST + _NUMBER for first, _, count in ranges)


def _others(file: Path) -> str:
    """Return a file of /etc with a line's end behind it."""
    text = file.read_text("utf-8", "surrogateescape")
    return text if text.endswith("\n") or not text else f"{text}\n"
