"""Whether this machine has what tests and workers need of it."""

from __future__ import annotations

import re
import stat
from functools import cache
from pathlib import Path

from packaging.version import Version

from harness.backends.native import rootless
from harness.config.needs import Kind, Need
from harness.engine.capabilities import held
from harness.errors import CompatError, MissingToolError
from harness.tools import machine
from harness.tools.process import Request, find, run

_NUMBER = re.compile(r"\d{1,9}(\.\d{1,9}){1,3}")
_EVERYBODY = stat.S_IROTH | stat.S_IWOTH


@cache
def meets(need: Need) -> bool:
    """Return whether this machine has something of the kinds that `Need.of_machine` names."""
    match need.kind:
        case Kind.CAPABILITY:
            return need.name in held(machine.status())
        case Kind.PROGRAM:
            name, _, least = need.name.partition(" ")
            return _is_there(name, least)
        case Kind.DEVICE:
            return _may_be_opened(Path(need.name))
        case Kind.USER_NAMESPACES:
            return rootless.hindrance() is None
        case Kind.NETWORK | Kind.IMAGE:
            return True


def _is_there(program: str, least: str) -> bool:
    """Return whether a program is there, in a version that is no older than the least."""
    try:
        path = find(program)
        if not least:
            return True
        told = _NUMBER.search(run(Request([str(path), "--version"], timeout=30)).text)
    except (MissingToolError, CompatError):
        return False
    return told is not None and Version(told[0]) >= Version(least)


def _may_be_opened(device: Path) -> bool:
    try:
        mode = device.stat().st_mode
    except OSError:
        return False
    return stat.S_ISCHR(mode) and mode & _EVERYBODY == _EVERYBODY
