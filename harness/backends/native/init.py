"""The first process of a leg's namespaces: prepares mounts, runs one program, reaps orphans.

Run by `unshare` as `python -I init.py SPEC.json`, standard library only, as PID 1. When it
ends the kernel kills every process of its PID namespace and drops every mount of its mount
namespace, which is how nothing of a leg can outlive it, whoever is killed first.

SPEC.json: scratch (folder that becomes a private tmpfs), hide (folders that become empty ones),
mirror (folder copied to scratch/mirror, or null), programs (name → path, linked into
scratch/bin), kept (names of those whose stderr is kept: in scratch/bin stands `wrapper` for them,
a script), processes (folder for what is kept), loopback (bring up lo), argv, cwd, env (added to
the environment of this process).
"""

import ctypes
import fcntl
import json
import os
import shutil
import signal
import socket
import struct
import sys
from pathlib import Path

FAILED = 125
"""Exit status if the namespace could not be prepared; Go test binaries end with 0, 1 or 2."""

_SIOCSIFFLAGS = 0x8914
_IFF_UP = 0x1
_SIGNALLED = 128
_IGNORED_BY_PYTHON = (signal.SIGPIPE, signal.SIGXFSZ)


def main(spec_file: str) -> int:
    """Prepare, run, reap; give the program's exit status."""
    spec = json.loads(Path(spec_file).read_bytes())
    try:
        _prepare(spec)
        child = os.fork()
        if child == 0:
            for number in _IGNORED_BY_PYTHON:
                signal.signal(number, signal.SIG_DFL)
            os.chdir(spec["cwd"])
            os.execve(spec["argv"][0], spec["argv"], os.environ | spec["env"])  # noqa: S606 - no shell wanted
    except OSError as error:
        sys.stderr.write(f"compat-init: {error}\n")
        return FAILED
    return _reap(child)


def _prepare(spec: dict) -> None:  # type: ignore[type-arg] # plain JSON, checked by its writer
    wrapper = Path(spec["wrapper"]).read_bytes()  # before a mount may cover it
    for folder in spec["hide"]:
        if Path(folder).is_dir():
            _mount_tmpfs(folder)
    scratch = Path(spec["scratch"])
    _mount_tmpfs(str(scratch))
    (scratch / "tmp").mkdir(mode=0o1777)
    (scratch / "tmp").chmod(0o1777)
    (scratch / "bin").mkdir()
    (scratch / "real").mkdir()
    (scratch / "home").mkdir(mode=0o700)
    (scratch / "processes").symlink_to(spec["processes"])
    for name, target in spec["programs"].items():
        kept = name in spec["kept"]
        (scratch / ("real" if kept else "bin") / name).symlink_to(target)
        if kept:
            (scratch / "bin" / name).write_bytes(wrapper)
            (scratch / "bin" / name).chmod(0o755)
    if spec["mirror"]:
        shutil.copytree(spec["mirror"], scratch / "mirror")
    if spec["loopback"]:
        _loopback_up()


def _mount_tmpfs(folder: str) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    # No nosuid, no nodev: images with setuid files and device nodes are unpacked in here.
    if libc.mount(b"tmpfs", folder.encode(), b"tmpfs", ctypes.c_ulong(0), b"mode=0755") != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"mount tmpfs on {folder}: {os.strerror(code)}")


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
