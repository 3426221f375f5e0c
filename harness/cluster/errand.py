"""What a Dask worker does: a task in a child process of its own, which never outlives it.

The worker imports this module by its name and is told bytes (wire.py). The child runs what a
matrix on one machine runs, so that whatever it meets, the worker lives; if the worker is killed,
its guard kills the child (tools/guard.py). Dask itself stops no task that has begun: whether one
is still wanted is looked up while the child runs, and a child that is not is asked to end.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import msgspec
from distributed import Worker, get_worker
from distributed.core import Status

from harness.cluster.places import CORES
from harness.cluster.wire import ANSWER, WORK, Answer, Work, failure, kin, seal
from harness.errors import CompatError, InfrastructureError
from harness.plan.queue import PAIR
from harness.store import default_cache
from harness.tools.inherited import ITSELF, inherited
from harness.tools.process import Request, stream

CHILD = "harness.cli.task"
"""The program; it is called with the folder that holds WORK, and leaves ANSWER there."""

GRACE = 60.0
"""Seconds in which a child that was asked to end writes down what it has."""

_TAIL = 4000
_NEVER = 7 * 24 * 3600.0
"""Seconds for a child; its legs and builds have limits of their own."""

_stopped: set[str] = set()
"""Keys of tasks that were asked to end; added to by the worker's own thread."""
_running: set[str] = set()
_mutex = threading.Lock()


def describe() -> bytes:
    """Return what this worker is, for `Kin`."""
    return msgspec.json.encode(kin())


def sees(cache: str, token: str) -> bool:
    """Return whether a file lies in this worker's cache, which is at `cache` if not as usual."""
    return (Path(cache) if cache else default_cache()).joinpath(token).is_file()


def stop(key: str) -> bool:
    """Ask a task to end, with what it has; return whether it runs here."""
    with _mutex:
        if key in _running:
            _stopped.add(key)
        return key in _running


def perform(asked: bytes) -> bytes:
    """Do a task, and return an answer, sealed; whatever goes wrong is an answer too."""
    worker = get_worker()
    key = str(worker.get_current_task())
    with _mutex:
        _running.add(key)
    try:
        return _perform(asked, worker, key)
    except CompatError as error:
        return seal(failure(error))
    finally:
        with _mutex:
            _running.discard(key)
            _stopped.discard(key)


def _perform(asked: bytes, worker: Worker, key: str) -> bytes:
    work = msgspec.msgpack.decode(asked, type=Work)
    if other := work.kin.other(kin()):
        return seal(Answer(refusal=other, worker=worker.address))
    pairs = max(1, int(worker.state.total_resources.get(CORES, 0)) // PAIR)
    with TemporaryDirectory(prefix="compat-task-", dir=worker.local_directory) as made:
        folder = Path(made)
        (folder / WORK).write_bytes(
            msgspec.msgpack.encode(
                msgspec.structs.replace(work, options={"jobs": pairs, **work.options})
            )
        )
        said = bytearray()

        def keep(chunk: bytes) -> None:
            said.extend(chunk)
            del said[:-_TAIL]

        ended = stream(
            Request((sys.executable, "-m", CHILD, made), env=inherited(ITSELF), timeout=_NEVER),
            keep,
            _asker(lambda: _unwanted(worker, key)),
        )
        if (folder / ANSWER).is_file():
            return (folder / ANSWER).read_bytes()
    how = "was killed" if ended.status is None else f"ended with status {ended.status}"
    raise InfrastructureError(
        f"{work.task} {how} on {worker.address} and left no answer: "
        f"{said.decode('utf-8', 'replace').strip() or 'it said nothing'}",
        hint="see the worker's log",
    )


def _unwanted(worker: Worker, key: str) -> bool:
    """Whether a task is to end: by `stop`, as it was cancelled, or as its worker ends.

    Of a client that is gone the scheduler cancels all tasks.
    """
    task = worker.state.tasks.get(key)
    wanted = task is not None and task.state == "executing"
    return key in _stopped or not wanted or worker.status is not Status.running


def _asker(unwanted: Callable[[], bool]) -> Callable[[int], float | None]:
    """Return what asks a child to end, once; it gives the seconds that are left then."""
    asked = False

    def tick(pid: int) -> float | None:
        nonlocal asked
        if asked or not unwanted():
            return None
        asked = True
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGINT)
        return GRACE

    return tick
