"""The one file that starts programs; everything else hands it a request.

A request is an argument list, never a shell line. Every wait has a bound, every child leads
its own process group, and a group is killed whatever happens to the caller.
"""

from __future__ import annotations

import logging
import os
import re
import select
import shlex
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness.errors import InfrastructureError, Interrupted, MissingToolError

_log = logging.getLogger(__name__)

_stopping = threading.Event()

_POLL = 0.2
"""Seconds between two looks at the clock and at `stop_all`."""

_CHUNK = 1 << 16
_TAIL = 4000
_SECRET = re.compile(r"(?i)(://)[^/@\s]+@|((?:token|password|secret|key)[=:]\s*)\S+")


class CommandFailed(InfrastructureError):  # noqa: N818 - an event, named as one
    """A program ended with a status that its caller did not accept."""

    def __init__(self, argv: Sequence[str], status: int | None, output: str) -> None:
        """Keep the parts; the message shows the command and the last lines it printed."""
        self.argv = tuple(argv)
        self.status = status
        self.output = output
        how = "was killed at its time limit" if status is None else f"ended with status {status}"
        tail = output[-_TAIL:].strip()
        super().__init__(f"{quoted(argv)} {how}" + (f":\n{tail}" if tail else ""))


@dataclass(frozen=True)
class Request:
    """A program to be run."""

    argv: Sequence[str]
    cwd: Path | None = None
    env: Mapping[str, str] | None = None
    """The whole environment; None for ours without GIT_*."""
    stdin: bytes = b""
    timeout: float = 600.0
    """Seconds until the group is killed."""
    accept: frozenset[int] = field(default_factory=lambda: frozenset({0}))
    keep: tuple[int, ...] = ()
    """Descriptors that the child inherits; a lock among them is held until the child is gone."""


@dataclass(frozen=True)
class Completed:
    """What a program left behind."""

    status: int
    stdout: bytes
    stderr: bytes

    @property
    def text(self) -> str:
        """Standard output as text; bytes that are not UTF-8 are replaced."""
        return self.stdout.decode("utf-8", "replace")


@dataclass(frozen=True)
class Streamed:
    """How a streamed program ended; its output went to the sink."""

    status: int | None
    """None if it was killed."""
    timed_out: bool
    seconds: float


def redact(text: str) -> str:
    """Hide credentials in URLs and in `token=…` words, for logs and error texts."""
    return _SECRET.sub(
        lambda m: (m.group(1) or m.group(2) or "") + "***" + ("@" if m.group(1) else ""), text
    )


def quoted(argv: Sequence[str]) -> str:
    """Write a command as a person would type it, credentials hidden."""
    return redact(shlex.join(map(str, argv)))


def clean_environment(**extra: str) -> dict[str, str]:
    """Our environment without GIT_* (a caller's repository must not leak in), plus `extra`."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    return {**kept, **extra}


def find(program: str, *, install: str = "") -> Path:
    """Find a program on PATH or in the system's sbin folders.

    Raises MissingToolError whose hint is `install`, the command that installs it.
    """
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/local/sbin:/usr/sbin:/sbin"))
    found = shutil.which(program, path=path)
    if found is None:
        raise MissingToolError(f"{program} is not installed", hint=install)
    return Path(found)


def stop_all() -> None:
    """End every program that is running and start no more: the user asked to stop.

    `run` then raises Interrupted, `stream` returns with status None.
    """
    _stopping.set()


def run(request: Request) -> Completed:
    """Run a program to its end and keep what it printed.

    Raises CommandFailed for a status that is not accepted and for the time limit,
    MissingToolError if there is no such program, Interrupted after `stop_all`.
    """
    deadline = time.monotonic() + request.timeout
    child = _start(request, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        while True:
            try:
                out, err = child.communicate(request.stdin or None, timeout=_POLL)
                break
            except subprocess.TimeoutExpired:
                if _stopping.is_set():
                    raise Interrupted(f"stopped {request.argv[0]}") from None
                if time.monotonic() > deadline:
                    _kill_group(child)
                    out, err = child.communicate()
                    raise CommandFailed(request.argv, None, _both(out, err)) from None
    finally:
        _kill_group(child)
    if child.returncode not in request.accept:
        raise CommandFailed(request.argv, child.returncode, _both(out, err))
    return Completed(child.returncode, out, err)


def stream(
    request: Request,
    sink: Callable[[bytes], None],
    *,
    on_timeout: Callable[[int], float] | None = None,
) -> Streamed:
    """Run a program and hand its combined output to `sink` in chunks, as they come.

    At the time limit `on_timeout` is told the child's pid, may ask it for diagnostics, and
    returns for how many more seconds to listen before the kill. Statuses are returned, not
    judged. Raises MissingToolError, and Interrupted if `stop_all` came before.
    """
    begun = time.monotonic()
    child = _start(request, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if child.stdout is None:
        raise InfrastructureError(f"{quoted(request.argv)} has no output to read")
    deadline = begun + request.timeout
    timed_out = stopped = False
    with child, child.stdout as pipe:
        try:
            while _pump(pipe.fileno(), sink, child):
                if _stopping.is_set():
                    stopped = True
                    break
                if time.monotonic() < deadline:
                    continue
                if timed_out or on_timeout is None:
                    timed_out = stopped = True
                    break
                timed_out = True
                deadline = time.monotonic() + on_timeout(child.pid)
        finally:
            _kill_group(child)
    status = None if stopped else child.returncode
    return Streamed(status, timed_out, time.monotonic() - begun)


def _start(request: Request, *, stdout: int, stderr: int) -> subprocess.Popen[bytes]:
    if _stopping.is_set():
        raise Interrupted(f"did not start {request.argv[0]}")
    _log.debug("run %s", quoted(request.argv))
    try:
        return subprocess.Popen(
            [str(word) for word in request.argv],
            cwd=request.cwd,
            env=clean_environment() if request.env is None else dict(request.env),
            stdin=subprocess.PIPE if request.stdin else subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            start_new_session=True,
            pass_fds=request.keep,
        )
    except FileNotFoundError as error:
        raise MissingToolError(f"cannot run {request.argv[0]}: {error.strerror}") from error
    except PermissionError as error:
        raise InfrastructureError(f"cannot run {request.argv[0]}: {error.strerror}") from error


def _pump(descriptor: int, sink: Callable[[bytes], None], child: subprocess.Popen[bytes]) -> bool:
    """Pass on what is there within a short wait; False once nobody writes any more."""
    ready, _, _ = select.select([descriptor], [], [], 0.1)
    if ready:
        chunk = os.read(descriptor, _CHUNK)
        if chunk:
            sink(chunk)
        return bool(chunk)
    # A grandchild that holds the pipe open must not keep us: the child's own end decides.
    return child.poll() is None


def _kill_group(child: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(child.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    finally:
        child.wait()


def _both(out: bytes, err: bytes) -> str:
    return (out + err).decode("utf-8", "replace")
