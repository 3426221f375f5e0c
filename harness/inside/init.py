"""The first process of a leg's namespaces: prepares mounts, runs one program, reaps orphans.

Run by `unshare` as `python -I init.py SPEC.json`, standard library only, as PID 1. When it
ends the kernel kills every process of its PID namespace and drops every mount of its mount
namespace, which is how nothing of a leg can outlive it, whoever is killed first. Before that it
writes down what the program has left.

SPEC.json: groups (mount point of a cgroup hierarchy → the leg's own folder in it), scratch
(folder that becomes a private tmpfs), temporary and state (folders that become empty ones),
layered (folders to which changes are private), hide (further folders that become empty ones),
opened (folders that become empty ones which every user may enter), visible (what stays in sight of
all these), mirror (folder copied to scratch/mirror, or null), programs (name → path, linked into
scratch/bin), wrapped (name → path of a script that stands in the program's place, which is in
scratch/real then), processes (folder for what these scripts keep), user (one that is added: id,
home, shell, and files, path → text, that are seen in the place of others; or null), loopback
(bring up lo), argv, cwd, env (variables of the program), inherits (names of those that it has of
this process), left (file that says what the program left). Folders that do not exist are left out.
"""

import fcntl
import json
import os
import shutil
import signal
import socket
import struct
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
from harness.inside import left, mounts

FAILED = 125
"""Exit status if the namespace could not be prepared; Go test binaries end with 0, 1 or 2."""

_SIOCSIFFLAGS = 0x8914
_IFF_UP = 0x1
_SIGNALLED = 128

_FOLDERS = {"tmp": 0o1777, "bin": 0o755, "real": 0o755, "home": 0o700}
"""Below scratch, with their modes."""


def main(spec_file: str) -> int:
    """Prepare, run, reap, write down what was left; return the program's exit status."""
    spec = json.loads(Path(spec_file).read_bytes())
    os.umask(0o022)  # another user of the leg has to come through what is made here
    try:
        shared = _prepare(spec)
        before = _look(spec)
        child = os.fork()
        if child == 0:
            _begin_afresh()
            os.chdir(spec["cwd"])
            os.execve(spec["argv"][0], spec["argv"], _environment(spec))  # noqa: S606 - no shell wanted
    except OSError as error:
        sys.stderr.write(f"compat-init: {error}\n")
        return FAILED
    status = _reap(child)
    try:
        left.settle()
        said = {**left.between(before, _look(spec)), "shared": shared}
        Path(spec["left"]).write_text(json.dumps(said, indent=1), "utf-8")
        mounts.thaw(spec["groups"])
    except OSError as error:
        sys.stderr.write(f"compat-init: after the end: {error}\n")
    return status


def _begin_afresh() -> None:
    """Reset what signals are ignored or blocked: programs inherit that, and Go's heed it."""
    for number in signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}:
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def _environment(spec: dict) -> dict[str, str]:  # type: ignore[type-arg] # plain JSON, checked by its writer
    ours = {name: os.environ[name] for name in spec["inherits"] if name in os.environ}
    return {**ours, **spec["env"]}


def _prepare(spec: dict) -> list[str]:  # type: ignore[type-arg] # as above
    """Make what is the leg's own; return what it has to share with the machine, and why."""
    # Before a mount may cover them.
    scripts = {name: Path(path).read_bytes() for name, path in spec["wrapped"].items()}
    mounts.enter_groups(spec["groups"])
    shared = _cover(spec, mounts.Visible(spec["visible"]))
    _fill(spec, Path(spec["scratch"]), scripts)
    if spec["user"]:
        _add_user(spec["user"], Path(spec["scratch"]))
    if spec["loopback"]:
        _loopback_up()
    return shared


def _cover(spec: dict, visible: mounts.Visible) -> list[str]:  # type: ignore[type-arg] # as above
    shared = []
    mounts.cover(Path(spec["scratch"]))
    for folder in mounts.existing(spec["temporary"] + spec["state"]):
        mounts.cover(folder, folder.stat().st_mode & 0o7777)
        visible.show(folder)
    for folder in mounts.existing(spec["opened"]):
        mounts.cover(folder)
        visible.show(folder)
    for folder in mounts.existing(spec["layered"]):
        try:
            mounts.layer(folder, _changes(spec["scratch"], str(folder)))
        except OSError as error:
            shared.append(str(error))
        else:
            visible.show(folder)
    visible.let_go()
    hidden = mounts.existing(spec["hide"])
    for folder in hidden:
        mounts.cover(folder)
    spec["hide"] = [str(folder) for folder in hidden]
    return shared


def _fill(spec: dict, scratch: Path, scripts: dict[str, bytes]) -> None:  # type: ignore[type-arg] # as above
    for name, mode in _FOLDERS.items():
        (scratch / name).mkdir()
        (scratch / name).chmod(mode)
    (scratch / "processes").symlink_to(spec["processes"])
    for name, target in spec["programs"].items():
        (scratch / ("real" if name in scripts else "bin") / name).symlink_to(target)
        if name in scripts:
            (scratch / "bin" / name).write_bytes(scripts[name])
            (scratch / "bin" / name).chmod(0o755)
    if spec["mirror"]:
        shutil.copytree(spec["mirror"], scratch / "mirror")


def _add_user(user: dict, scratch: Path) -> None:  # type: ignore[type-arg] # as above
    """Let there be a user who has what a login takes to be there."""
    home = Path(user["home"])
    for folder in (home, home / "run"):
        folder.mkdir(mode=0o700)
    (home / "shell").write_text(user["shell"], "utf-8")
    (home / "shell").chmod(0o755)
    for path in (home, *home.iterdir()):
        os.chown(path, user["id"], user["id"])
    for name, text in user["files"].items():
        own = scratch / "etc" / Path(name).name
        own.parent.mkdir(exist_ok=True)
        own.write_text(text, "utf-8", "surrogateescape")
        mounts.put(own, Path(name))


def _look(spec: dict) -> left.Seen:  # type: ignore[type-arg] # as above
    scratch = spec["scratch"]
    changes = {f"{_changes(scratch, name)}/upper": name for name in spec["layered"]}
    return left.look(
        groups=spec["groups"],
        temporary=[f"{scratch}/tmp", *spec["temporary"]],  # noqa: S108 - the leg's own
        state={**{name: name for name in (*spec["state"], *spec["hide"])}, **changes},
    )


def _changes(scratch: str, layered: str) -> Path:
    return Path(scratch, "changes", layered.strip("/").replace("/", "-"))


def _loopback_up() -> None:
    request = struct.pack("16sh14x", b"lo", _IFF_UP)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, request)


def _reap(child: int) -> int:
    while True:
        pid, status = os.wait()
        if pid == child:
            code = os.waitstatus_to_exitcode(status)
            return code if code >= 0 else _SIGNALLED - code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
