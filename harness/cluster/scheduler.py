"""The client's side of a scheduler of Dask: who its workers are, and a task from asking to answer.

Dask gives a task that a worker died over to another one, and after `allowed-failures` more of
them gives it up. All else is seen to here: its workers' versions are compared, what nobody has is
named, a task that has begun is asked to end, and a damaged answer is asked for again.
"""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec
from distributed import Client, Future
from distributed.scheduler import KilledWorker, NoValidWorkerError

from harness.cluster import errand
from harness.cluster.places import Amounts, lacking, pairs
from harness.cluster.wire import Answer, Damaged, Kin, Work, kin, unseal
from harness.errors import InfrastructureError, Interrupted
from harness.plan.cell import default_parallel
from harness.tools import machine
from harness.tools.clock import Stopwatch
from harness.tools.stop import LOOK, check_stop, stop_asked

PATIENCE = 30.0
"""Seconds for a scheduler's first worker, and for one with what a task needs: a worker that died
is back by then where somebody restarts it."""

TRIES = 3
"""Answers that may be damaged, before that is told."""

_CONNECT = 5.0
_WATCH = 5.0
"""Seconds between two looks at what the workers have."""
_ALIKE = "give every worker the same checkout or wheel, and the same minor version of Python"

_T = TypeVar("_T")


@dataclass
class Cluster:
    """A scheduler that answers, with workers that are as we are. For several threads."""

    client: Client
    address: str
    refused: dict[str, str] = field(default_factory=dict)
    """Workers that came later and are not as we are, and why."""

    def workers(self) -> dict[str, Amounts]:
        """Return what each worker says that it has, by its address. Raises InfrastructureError."""
        if self.client.status != "running":
            raise self.gone()
        try:
            found: Mapping[str, Any] = self.client.scheduler_info(n_workers=-1)["workers"]
        except (OSError, KeyError, ValueError) as error:
            raise self.gone() from error
        return {name: it["resources"] for name, it in found.items() if name not in self.refused}

    def see(self, cache: str, token: str) -> bool:
        """Whether a file of our cache is in every worker's; `cache` is as `errand.sees` has it."""
        found = self.client.run(errand.sees, cache, token, on_error="return")
        return all(it is True for it in found.values())

    def parallel(self) -> int:
        """Return how many tests a leg runs at once on the worker that has least room for them.

        One number for all, as controls that were run with another are other controls.
        """
        has, cpus = self.workers(), self.client.run(machine.cpus, on_error="ignore")
        there = cpus.keys() & has.keys()
        room = (max(2, default_parallel(cpus[it]) // pairs([has[it]])) for it in there)
        return min(room, default=default_parallel())

    def perform(self, work: Work, needs: Amounts, take: Callable[[Answer], _T]) -> _T:
        """Have a worker do a task; return what `take` makes of its answer.

        A damaged answer is asked for again, TRIES times in all; `take` too may raise Damaged.
        Raises InfrastructureError for what the scheduler or its workers fail at, and Interrupted
        if the crew that this thread works for is stopped and nothing came of the task.
        """
        asked = msgspec.msgpack.encode(work)
        damaged: Damaged | None = None
        for _ in range(TRIES):
            try:
                return take(self._answer(asked, work.task, needs))
            except Damaged as error:
                damaged = error
        raise InfrastructureError(
            f"the result of {work.task} came damaged {TRIES} times: {damaged}",
            hint="see what lies between here and the workers",
        ) from damaged

    def _answer(self, asked: bytes, task: str, needs: Amounts) -> Answer:
        """Return the answer of a worker that is as we are."""
        while True:
            key = f"compat {task} {secrets.token_hex(8)}"
            answer = unseal(self._result(self._submit(asked, key, needs), key, task, needs))
            if not answer.refusal:
                return answer
            if not answer.worker:
                raise InfrastructureError(f"{task} was refused: {answer.refusal}", hint=_ALIKE)
            self.refused[answer.worker] = answer.refusal

    def _submit(self, asked: bytes, key: str, needs: Amounts) -> Future[bytes]:
        check_stop(key)
        alike = list(self.workers()) if self.refused else None
        if alike == []:
            raise _unlike(self.refused)
        return self.client.submit(
            errand.perform, asked, key=key, resources=dict(needs), workers=alike, pure=False
        )

    def _result(self, future: Future[bytes], key: str, task: str, needs: Amounts) -> bytes:
        watch, fitting, looked = Stopwatch(), 0.0, -_WATCH
        while not future.done():
            if stop_asked():
                return self._stopped(future, key, task)
            if watch.seconds - looked >= _WATCH:
                looked = watch.seconds
                told = lacking(task, needs, self.workers().values())
                fitting = fitting if told else looked
                if told and looked - fitting >= PATIENCE:
                    future.cancel()
                    raise InfrastructureError(
                        told, hint="start one with it: dask worker --resources …"
                    )
            time.sleep(LOOK)
        return self._ended(future, task)

    def _ended(self, future: Future[bytes], task: str) -> bytes:
        try:
            return future.result()
        except KilledWorker as error:
            raise InfrastructureError(
                f"{task} was given up: the last of the workers that died over it was "
                f"{error.last_worker.address}",
                hint="see their logs, and whether their machines ran out of memory",
            ) from error
        except NoValidWorkerError as error:
            raise InfrastructureError(f"no worker can run {task}: {error}") from error
        except CancelledError as error:
            raise self.gone() from error
        except Exception as error:
            raise InfrastructureError(
                f"a worker could not begin {task}: {type(error).__name__}: {error}", hint=_ALIKE
            ) from error

    def _stopped(self, future: Future[bytes], key: str, task: str) -> bytes:
        """Ask a task to end and return what it has; one that has not begun never does."""
        begun = self.client.run(errand.stop, key, on_error="ignore")
        if not any(begun.values()):
            future.cancel()
            raise Interrupted(f"stopped: {task}")
        deadline = time.monotonic() + errand.GRACE
        while not future.done() and time.monotonic() < deadline:
            time.sleep(LOOK)
        if not future.done():
            future.cancel()
            raise Interrupted(f"stopped: {task}")
        return self._ended(future, task)

    def gone(self) -> InfrastructureError:
        """Return what is told of a scheduler that was there."""
        return InfrastructureError(
            f"the scheduler at {self.address} is gone",
            hint="start it and its workers again, then go on with --resume latest",
        )


@contextmanager
def connected(address: str, workers: int = 1) -> Iterator[Cluster]:
    """Connect to a scheduler, wait for so many workers, and see that they are as we are.

    Raises InfrastructureError for a scheduler that does not answer or has no workers, and for
    workers of another version of this program, another Python, or another architecture.
    """
    for name in ("distributed", "distributed.client", "tornado"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # what matters is raised
    try:
        client = Client(address, timeout=_CONNECT, set_as_default=False)
    except (OSError, ValueError) as error:
        raise InfrastructureError(
            f"no scheduler of Dask answers at {address}",
            hint="start one: dask scheduler; and workers: dask worker ADDRESS",
        ) from error
    try:
        cluster = Cluster(client, address)
        try:
            _check(client, address, workers)
        except OSError as error:  # distributed's errors of connections are some
            raise cluster.gone() from error
        yield cluster
    finally:
        client.close(timeout=_CONNECT)


def _check(client: Client, address: str, workers: int) -> None:
    try:
        client.wait_for_workers(workers, timeout=PATIENCE)
    except TimeoutError as error:
        raise InfrastructureError(
            f"the scheduler at {address} has no worker",
            hint=f"start one: dask worker {address} --resources cores=2,memory=8e9,privileged=1",
        ) from error
    ours = kin()
    versions: Any = client.get_versions()
    other = {
        name: told for name, it in versions["workers"].items() if (told := _other(ours, it["host"]))
    }
    if not other:
        found = client.run(errand.describe, on_error="return")
        other = {name: told for name, it in found.items() if (told := _unlike_us(ours, it))}
    if other:
        raise _unlike(other)


def _other(ours: Kin, host: Mapping[str, str]) -> str:
    """Return what of a worker's machine is different, before anything of ours runs on it."""
    python = ".".join(host["python"].split(".")[:2])
    return ours.other(Kin(ours.harness, python, host["machine"]))


def _unlike_us(ours: Kin, came: bytes | Exception) -> str:
    if isinstance(came, Exception):
        return f"this program is not there, or another version ({type(came).__name__}: {came})"
    return ours.other(msgspec.json.decode(came, type=Kin))


def _unlike(workers: Mapping[str, str]) -> InfrastructureError:
    told = "; ".join(f"{name}: {what}" for name, what in workers.items())
    return InfrastructureError(f"workers that could tell otherwise: {told}", hint=_ALIKE)
