"""A scheduler and workers on this machine, for `local:N`; none outlives the block."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from harness.cluster.places import CORES, ENGINE, MEMORY, PRIVILEGED
from harness.errors import InfrastructureError
from harness.plan.queue import PAIR
from harness.tools.crew import Crew
from harness.tools.inherited import ITSELF, inherited
from harness.tools.process import Request, Streamed, stream
from harness.tools.stop import LOOK, check_stop

_PATIENCE = 60.0
_FOR_EVER = 365 * 24 * 3600.0
_TAIL = 2000


@contextmanager
def started(workers: int, memory: int) -> Iterator[str]:
    """Start a scheduler and workers, and return its address.

    Each holds one pair and says that it has all of `memory`, in bytes: the queue of the matrix
    sees to what they need together. Raises InfrastructureError if the scheduler does not start.
    """
    has = {CORES: PAIR, MEMORY: memory, PRIVILEGED: 1, ENGINE: 1}
    resources = ",".join(f"{name}={much}" for name, much in has.items())
    with (
        TemporaryDirectory(prefix="compat-dask-") as made,
        Crew(2, "dask") as crew,
    ):
        file = Path(made) / "scheduler.json"
        common = ["--scheduler-file", str(file), "--no-dashboard"]
        said = bytearray()
        scheduler = crew.start(
            _program, "scheduler", [*common, "--host", "127.0.0.1", "--port", "0"], made, said
        )
        address = _address(file, scheduler, said)
        amounts = ["--nworkers", str(workers), "--nthreads", str(PAIR), "--memory-limit", "0"]
        places = ["--local-directory", made, "--host", "127.0.0.1"]
        crew.start(
            _program,
            "worker",
            [*common, *amounts, *places, "--resources", resources],
            made,
            bytearray(),
        )
        try:
            yield address
        finally:
            crew.stop()


def _program(name: str, words: list[str], folder: str, said: bytearray) -> Streamed:
    def keep(chunk: bytes) -> None:
        said.extend(chunk)
        del said[:-_TAIL]

    argv = (sys.executable, "-m", f"distributed.cli.dask_{name}", *words)
    # What lies in the folder where a program of Python begins is imported first.
    env = inherited(ITSELF, PYTHONSAFEPATH="1")
    return stream(Request(argv, cwd=Path(folder), env=env, timeout=_FOR_EVER), keep)


def _address(file: Path, scheduler: Future[Streamed], said: bytearray) -> str:
    deadline = time.monotonic() + _PATIENCE
    while not file.is_file():
        check_stop("starting a scheduler")
        if scheduler.done() or time.monotonic() > deadline:
            raise InfrastructureError(
                f"the scheduler did not start: {said.decode('utf-8', 'replace').strip()}"
            )
        time.sleep(LOOK)
    address: str = json.loads(file.read_bytes())["address"]
    return address
