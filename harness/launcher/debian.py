"""Installs the Debian packages of requirements.toml that this machine lacks.

Nothing ambient is changed beyond that: no package is removed unless requirements.toml says that
it is replaced, and no service is started or enabled by an installation.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from harness.errors import InfrastructureError, MissingToolError
from harness.presence import missing
from harness.start import say
from harness.tools.inherited import DEBIAN, inherited
from harness.tools.process import CommandFailed, Request, run
from harness.tools.requirements import Group, Requirement, install_command, requirements

_REMOVED = re.compile(r"^Remv (\S+)", re.MULTILINE)

_SYSTEMD = Path("/run/systemd/system")
"""Exists if systemd is the running init (sd_booted(3))."""

_INSTALL = ("install", "--yes", "--no-install-recommends", "--option", "DPkg::Lock::Timeout=300")


def provide(groups: Iterable[Group], *, install: bool) -> None:
    """Install what the groups need and this machine lacks, or say how to.

    Without root, without apt-get or with `install` False the command is printed, and only a
    missing requirement of the group `venv` is an error: the rest may not be needed by what is
    run. Raises MissingToolError and InfrastructureError.
    """
    wanted = set(groups)
    known = (need for need in requirements() if need.package)
    lacking = missing(need for need in known if need.group in wanted)
    if not lacking:
        return
    if install and os.geteuid() == 0 and shutil.which("apt-get"):
        _install(lacking)
        lacking = missing(lacking)
        if lacking:
            names = ", ".join(need.title for need in lacking)
            raise MissingToolError(f"still missing after the installation: {names}")
        return
    names = ", ".join(need.title for need in lacking)
    if any(need.group is Group.VENV for need in lacking):
        raise MissingToolError(f"missing: {names}", hint=install_command(lacking))
    say(f"missing: {names}; to install: {install_command(lacking)}")


def _install(lacking: Sequence[Requirement]) -> None:
    packages = list(dict.fromkeys(need.package for need in lacking))
    say(f"installing system packages: {' '.join(packages)} (--no-install refuses)")
    try:
        plan = _apt(*_INSTALL, "--simulate", *packages)
    except CommandFailed:
        say("refreshing the package lists (apt-get update)")
        _apt("update")
        plan = _apt(*_INSTALL, "--simulate", *packages)
    allowed = {name for need in lacking for name in need.replaces}
    removed = set(_REMOVED.findall(plan)) - allowed
    if removed:
        raise InfrastructureError(
            f"installing {' '.join(packages)} would remove {', '.join(sorted(removed))}",
            hint=f"decide yourself: {install_command(lacking)}; or go on with --no-install",
        )
    with _not_started([unit for need in lacking for unit in need.services]):
        _apt(*_INSTALL, *packages)


def _apt(*words: str) -> str:
    return run(Request(["apt-get", *words], env=inherited(DEBIAN), timeout=1800)).text


@contextmanager
def _not_started(units: Sequence[str]) -> Iterator[None]:
    """Keep systemd from starting and enabling the units of the packages installed meanwhile.

    The mask lies in /run: should this be killed, it is gone with the next boot.
    """
    if not units or not _SYSTEMD.is_dir():
        yield
        return
    run(Request(["systemctl", "mask", "--runtime", *units]))
    try:
        yield
    finally:
        run(Request(["systemctl", "unmask", "--runtime", *units]))
    run(Request(["systemctl", "disable", *units]))
