"""The one file that starts programs; everything else hands it a request.

A request is an argument list, never a shell line. Every wait has a bound, every child leads
its own process group, and a group is killed whatever happens to the caller; if this process
itself is killed, guard.py sees to that. What runs in the threads of a crew (crew.py) can be
stopped as one.
"""

from __future__ import annotations

import logging
import os
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from harness.errors import InfrastructureError, Interrupted, MissingToolError
from harness.tools.guard import marked
from harness.tools.inherited import PLAIN, inherited
from harness.tools.pipes import PipeReader
from harness.tools.redaction import redact
from harness.tools.requirements import how_to_install
from harness.tools.stop import check_stop, stop_asked

_log = logging.getLogger(__name__)

_REAP = 10.0
"""Seconds within which the kernel must end a program that was killed."""

_TAIL = 4000

_running: set[int] = set()
"""The groups that were started and have not been killed yet."""

_UMASK = 0o022
"""Of every program, whatever the caller's: what it writes may go into an image."""


class CommandFailed(InfrastructureError):  # noqa: N818 - an event, named as one
    """A program ended with a status that its caller did not accept."""

    def __init__(self, argv: Sequence[str], status: int | None, output: str) -> None:
        """Keep the parts; the message shows the command and the last lines it printed."""
        self.argv = tuple(argv)
        self.status = status
        self.output = output
        how = "was killed at its time limit" if status is None else f"ended with status {status}"
        tail = redact(output[-_TAIL:].strip())
        super().__init__(f"{quoted(argv)} {how}" + (f":\n{tail}" if tail else ""))


@dataclass(frozen=True)
class Request:
    """A program to be run."""

    argv: Sequence[str]
    cwd: Path | None = None
    env: Mapping[str, str] | None = None
    """The whole environment, made by `inherited`; None for that of a PLAIN program."""
    stdin: bytes = b""
    duplex: int | None = None
    """A socket that is standard input and standard output at once; then only errors are kept."""
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


def quoted(argv: Sequence[str]) -> str:
    """Write a command as a person would type it, credentials hidden."""
    return redact(shlex.join(map(str, argv)))


def find(program: str) -> Path:
    """Find a program on PATH or in the system's sbin folders.

    Raises MissingToolError whose hint is the command that installs it.
    """
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/local/sbin:/usr/sbin:/sbin"))
    found = shutil.which(program, path=path)
    if found is None:
        raise MissingToolError(f"{program} is not installed", hint=how_to_install(program))
    return Path(found)


def kill_all() -> None:
    """Kill every program that runs, for a process that is about to end; waits for none."""
    for group in tuple(_running):
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)


def run(request: Request) -> Completed:
    """Run a program to its end and keep what it printed.

    Raises CommandFailed for a status that is not accepted and for the time limit,
    MissingToolError if there is no such program, InfrastructureError if it cannot be run,
    Interrupted if the crew that this thread works for is stopped.
    """
    deadline = time.monotonic() + request.timeout
    out, err = bytearray(), bytearray()
    with _started(request, stderr=subprocess.PIPE) as child:
        reader = PipeReader(child, {child.stdout: out.extend, child.stderr: err.extend})
        while reader.listen():
            check_stop(request.argv[0])
            if time.monotonic() > deadline:
                _kill_group(child)
                reader.finish()
                raise CommandFailed(request.argv, None, _both(out, err))
    status = child.returncode
    if status not in request.accept:
        raise CommandFailed(request.argv, status, _both(out, err))
    return Completed(status, bytes(out), bytes(err))


def _keep_on(_pid: int) -> None:
    """Stand in for somebody who wants to end a program."""


def stream(
    request: Request,
    sink: Callable[[bytes], None],
    tick: Callable[[int], float | None] = _keep_on,
) -> Streamed:
    """Run a program and hand its combined output to `sink` in chunks, as they come.

    `tick` gets its id now and then; where it gives seconds, these are the program's last.
    Statuses are returned, not judged; at the time limit, and if the crew that this thread works
    for is stopped, the group is killed and the status is None. Raises MissingToolError,
    InfrastructureError if the program cannot be run, what `sink` raises, and Interrupted if the
    crew was stopped before.
    """
    begun = time.monotonic()
    deadline = begun + request.timeout
    timed_out = killed = False
    with _started(request, stderr=subprocess.STDOUT) as child:
        reader = PipeReader(child, {child.stdout: sink})
        while not killed and reader.listen():
            if (last := tick(child.pid)) is not None:
                deadline = min(deadline, time.monotonic() + last)
            timed_out = time.monotonic() > deadline
            killed = timed_out or stop_asked()
        if killed:
            _kill_group(child)
            reader.finish()
    status = None if killed else child.returncode
    return Streamed(status, timed_out, time.monotonic() - begun)


@contextmanager
def _started(request: Request, *, stderr: int) -> Iterator[subprocess.Popen[bytes]]:
    """Start a program; when the block ends, however it does, the whole group is dead."""
    if stop_asked():
        raise Interrupted(f"did not start {request.argv[0]}")
    _log.debug("run %s", quoted(request.argv))
    with _input(request) as stdin:
        child = _popen(request, stdin, stderr)
    try:
        yield child
    finally:
        try:
            _kill_group(child)
        finally:
            for pipe in (child.stdout, child.stderr):
                if pipe is not None:
                    pipe.close()


@contextmanager
def _input(request: Request) -> Iterator[IO[bytes] | int]:
    """Return what a program reads; a file, so that nobody has to feed it, and in no folder."""
    if not request.stdin:
        yield subprocess.DEVNULL if request.duplex is None else request.duplex
        return
    with os.fdopen(os.memfd_create("stdin"), "wb+") as file:
        file.write(request.stdin)
        file.seek(0)
        yield file


def _popen(request: Request, stdin: IO[bytes] | int, stderr: int) -> subprocess.Popen[bytes]:
    program = request.argv[0]
    if request.cwd is not None and not request.cwd.is_dir():
        raise InfrastructureError(f"cannot run {program} in {request.cwd}: no such folder")
    try:
        child = subprocess.Popen(
            [str(word) for word in request.argv],
            cwd=request.cwd,
            env={**(inherited(PLAIN) if request.env is None else request.env), **marked()},
            stdin=stdin,
            stdout=subprocess.PIPE if request.duplex is None else request.duplex,
            stderr=stderr,
            start_new_session=True,
            pass_fds=request.keep,
            umask=_UMASK,
        )
    except FileNotFoundError as error:
        raise MissingToolError(f"cannot run {program}: {error.strerror}") from error
    except OSError as error:
        raise InfrastructureError(f"cannot run {program}: {error.strerror}") from error
    _running.add(child.pid)
    return child


def _kill_group(child: subprocess.Popen[bytes]) -> None:
    # Nobody left, or nobody whom we may kill: then the wait below tells.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    try:
        child.wait(_REAP)
    except subprocess.TimeoutExpired as error:
        raise InfrastructureError(f"process {child.pid} cannot be killed") from error
    _running.discard(child.pid)


def _both(out: bytearray, err: bytearray) -> str:
    return (out + err).decode("utf-8", "replace")
