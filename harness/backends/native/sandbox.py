"""Runs a suite's test binary inside namespaces of its own (see init.py, their PID 1)."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from harness.backends.base import LegExit, LegRequest, Overdue, Sink, never
from harness.backends.leg import BESIDE, BINARY, CLIENT, GRACE, OWN_CLIENT, arguments, environment
from harness.backends.leg import programs as taken
from harness.backends.native import rootless
from harness.backends.native.cgroups import make_groups
from harness.backends.native.leftovers import LEFT, read_left
from harness.backends.native.memory import Kills, oom_kills
from harness.backends.native.overdue import Asking
from harness.backends.processes import PROCESSES, WRAPPED, lost_servers
from harness.errors import InfrastructureError
from harness.inside import init
from harness.model import Fault, Reason
from harness.tools.disks import disk_errors
from harness.tools.guard import MARK
from harness.tools.inherited import LEG, PYTHON, inherited
from harness.tools.process import Request, find, stream

if TYPE_CHECKING:
    from harness.engine.endpoint import Endpoint

PROGRAMS = {
    "buildkit-runc": "runc",
    "runc": "runc",
    "registry": "docker-registry",
}
"""Name that the tests look for → Debian's program."""

NAMESPACES = ("unshare", "setpriv", "nsenter")
"""Programs that make the namespaces, and enter them."""

SHIMS = ("containerd-shim", "containerd-shim-runc-v1", "containerd-shim-runc-v2")
"""Of containerd; which of them it has depends on its version."""

# Folders of this machine that are the leg's own: it sees them empty, or what they hold and
# not what it changes in them itself; see init.py.
_TEMPORARY = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108 - made private
_STATE = ("/run",)
_LAYERED = ("/var/lib",)
_HIDDEN = ("/etc/buildkit", "/var/lib/cni")

_SCRATCH = ("/mnt", "/media", "/srv", "/opt")
"""Folders that the file system standard has everywhere; a short name keeps unix sockets short."""

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def run_leg(leg: LegRequest, sink: Sink, overdue: Overdue = never) -> LegExit:
    """Run one leg and stream its output.

    Raises InfrastructureError if the namespaces cannot be prepared, MissingToolError for a
    program that is not installed.
    """
    with disk_errors(leg.folder):
        (leg.folder / PROCESSES).mkdir(parents=True, exist_ok=True)
        if leg.rootless:
            (leg.folder / PROCESSES).chmod(0o1777)
    programs = _programs(leg)
    scratch = _free_folder(_needed(leg, programs))
    spec = leg.folder / "sandbox.json"
    (leg.folder / LEFT).unlink(missing_ok=True)
    request = Request(
        command(spec, offline=leg.offline),
        env=inherited(PYTHON) | inherited(LEG),
        timeout=leg.timeout + GRACE,
    )
    asking = Asking(overdue, leg.folder)
    groups = make_groups()
    try:
        told = _spec(leg, scratch, programs, groups.folders)
        with disk_errors(spec):
            spec.write_bytes(msgspec.json.format(msgspec.json.encode(told)))
        before = oom_kills()
        ended = stream(request, sink, asking.tick)
        killed = groups.kills(oom_kills().since(before))
    finally:
        stuck = groups.remove()
    if ended.status == init.FAILED:
        raise InfrastructureError(
            f"the namespaces of a leg could not be prepared; see {leg.folder / 'raw.log'}",
            hint="compat doctor says what this machine lacks",
        )
    left = read_left(leg.folder / LEFT)
    shared = (
        f"not kept apart from this machine: {what}" for what in (*left.shared, *groups.lacking)
    )
    return LegExit(
        None if asking.asked else ended.status,
        asking.asked or ended.timed_out,
        ended.seconds,
        notes=(*(f"shared with this machine: {what}" for what in shared), *stuck),
        faults=(*faults(killed), *lost_servers(leg.folder)),
        leaked=left.leaked,
    )


def command(spec: Path, *, offline: bool) -> list[str]:
    """Return the command that runs what a spec says in namespaces of its own.

    Offline, that includes a network namespace with nothing but its loopback. Each process is
    killed with its parent: `setpriv` sees to `unshare`, whose parent is the thread that waits
    for it, and `unshare` to the first process of the namespaces.
    """
    unshare, setpriv = (str(find(program)) for program in ("unshare", "setpriv"))
    argv = [setpriv, "--pdeathsig", "KILL", "--", unshare]
    argv += ["--mount", "--propagation", "private", "--pid", "--fork", "--kill-child"]
    argv += ["--mount-proc", "--ipc", *(["--net"] if offline else [])]
    return [*argv, sys.executable, "-I", init.__file__, str(spec)]


def faults(kills: Kills) -> tuple[Fault, ...]:
    """Return which processes the kernel killed while a leg ran: its own, and others'."""
    if not kills.everywhere:
        return ()
    where = "here" if kills.ours else "on this machine"
    number = kills.ours or kills.everywhere
    words = f"memory ran out {where}: the kernel killed {number} of its processes"
    return (Fault(reason=Reason.OOM, words=words, sure=kills.ours > 0),)


def _needed(leg: LegRequest, programs: dict[str, str]) -> list[Path]:
    """Return what a leg must see."""
    needed = [leg.suite.path, leg.tests.path, leg.frontend.path, leg.folder, Path(sys.executable)]
    needed += [Path(sys.base_prefix)] if leg.scenarios else []
    needed += [Path(path) for path in programs.values()]
    needed += [leg.mirror] if leg.mirror else []
    needed += [leg.gateway.path] if leg.gateway else []
    needed += [_engine().socket] if leg.engine else []
    needed += [path for path in (Path("/etc/resolv.conf"),) if path.exists()]
    return _names(needed)


def _names(paths: Iterable[Path]) -> list[Path]:
    """Return the names that the leg uses and where links lead: both must stay in sight."""
    return sorted({name for path in paths for name in (path.absolute(), path.resolve())})


def _spec(
    leg: LegRequest, scratch: Path, programs: dict[str, str], groups: dict[str, str]
) -> dict[str, object]:
    return {
        "groups": groups,
        "scratch": str(scratch),
        "visible": [str(path) for path in _needed(leg, programs)],
        "temporary": _TEMPORARY,
        "state": _STATE,
        "layered": _LAYERED,
        "hide": _HIDDEN,
        "left": str(leg.folder / LEFT),
        "mirror": str(leg.mirror) if leg.mirror else None,
        "programs": programs,
        "wrapped": {name: str(script) for name, script in WRAPPED.items()},
        "processes": str(leg.folder / PROCESSES),
        "loopback": leg.offline,
        "opened": rootless.closed(_needed(leg, programs)) if leg.rootless else [],
        "user": rootless.User(f"{scratch}/user", _path(scratch)).spec() if leg.rootless else None,
        "argv": _arguments(leg),
        "cwd": str(leg.tests.path / "src"),
        "env": _environment(leg, scratch),
        "inherits": [*inherited(LEG), MARK],
    }


def _programs(leg: LegRequest) -> dict[str, str]:
    # Scenarios are Python, and are to find the one that is here.
    found = {"python3": str(Path(sys.executable).resolve())} if leg.scenarios else {}
    # Beside an engine there is no daemon: what does not ask the engine has nothing to build with.
    own = () if leg.engine else sorted((leg.suite.path / "bin").iterdir())
    found |= {path.name: str(path) for path in own}
    found |= {name: str(leg.tests.path / "bin" / name) for name in taken(leg)}
    if leg.buildctl:
        found[OWN_CLIENT] = found[CLIENT]
        found |= {name: str(leg.buildctl.path / "bin" / it) for name, it in BESIDE.items()}
    for name, program in PROGRAMS.items():
        found.setdefault(name, str(find(program)))  # a published daemon brings its own runc
    found |= {"docker": _client()} if leg.engine else {}
    for program in leg.programs:
        found[program] = str(find(program))
    for program in SHIMS if "containerd" in found else ():
        if where := shutil.which(program):
            found[program] = where
    return found


def _engine() -> Endpoint:
    """Return where the engine is that builds in the daemon's place; few legs have one."""
    from harness.engine.connect import endpoint  # noqa: PLC0415 - slow to load

    return endpoint()


def _client() -> str:
    """Return the client program of that engine."""
    from harness.engine.builders.docker import find_client  # noqa: PLC0415 - slow to load

    return str(find_client().path)


def _arguments(leg: LegRequest) -> list[str]:
    return arguments(str(leg.tests.path / "bin" / BINARY), leg)


def _environment(leg: LegRequest, scratch: Path) -> dict[str, str]:
    common = environment(
        leg,
        temporary=f"{scratch}/tmp",  # noqa: S108 - inside the leg's own tmpfs
        frontend=str(leg.frontend.path),
        mirror=f"{scratch}/mirror" if leg.mirror else "",
    )
    if leg.engine:
        common |= {"DOCKER_HOST": _engine().host, "SCENARIO_ENGINE": leg.engine}
    # The user's own home may hold credentials and helpers for them, which daemons would ask.
    common |= rootless.environment() if leg.rootless else {}
    return {"PATH": _path(scratch), "HOME": f"{scratch}/home", **common}


def _path(scratch: Path) -> str:
    return f"{scratch}/bin:{_PATH}"


def _free_folder(needed: Iterable[Path]) -> Path:
    """Choose a folder to cover with the leg's private tmpfs: none that the leg must see."""
    names = _names(needed)
    for name in _SCRATCH:
        folder = Path(name)
        if folder.is_dir() and not any(path.is_relative_to(folder) for path in names):
            return folder
    raise InfrastructureError(
        f"none of {', '.join(_SCRATCH)} is free for a leg's temporary files",
        hint="put the cache elsewhere with COMPAT_CACHE",
    )
