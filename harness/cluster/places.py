"""What a task needs of a worker, what workers say that they have, and who is named by what. Pure.

Workers say what they have in Dask's own way: `dask worker --resources cores=4,memory=16e9,…`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from harness.errors import UsageError
from harness.plan.queue import PAIR

CORES, MEMORY, PRIVILEGED, ENGINE = "cores", "memory", "privileged", "engine"

SHARE = 2.0**-10
"""What a task takes of something that is there or not: Dask knows amounts alone."""

MOST_LOCAL = 256
_FORMS = "write dask://HOST:PORT for a scheduler, or local:N for N workers on this machine"
_SCHEDULER = re.compile(r"dask://(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):([0-9]{1,5})", re.ASCII)
_LOCAL = re.compile(r"local:([0-9]{1,4})", re.ASCII)

Amounts = Mapping[str, float]
"""How much of what, by the names of Dask's resources."""


@dataclass(frozen=True)
class Executor:
    """Who carries out the tasks of a matrix."""

    address: str = ""
    """Of a scheduler, as Dask writes it; empty for one of our own."""
    workers: int = 0
    """On this machine, if there is no address."""
    jobs: int | None = None
    """Pairs at once; None for what the scheduler's workers hold when a run begins."""

    @classmethod
    def parse(cls, text: str, jobs: int | None = None) -> Executor:
        """Parse `dask://HOST:PORT` or `local:N`. Raises UsageError."""
        if found := _SCHEDULER.fullmatch(text):
            host, port = found.groups()
            if 0 < int(port) < 1 << 16:
                return cls(address=f"tcp://{host}:{port}", jobs=jobs)
        if (found := _LOCAL.fullmatch(text)) and 0 < int(found[1]) <= MOST_LOCAL:
            if jobs is not None:
                raise UsageError(f"{text} says how many pairs run at once", hint="leave --jobs out")
            return cls(workers=int(found[1]))
        raise UsageError(f"--executor {text!r} names nobody who could run tasks", hint=_FORMS)


def of_cell(*, legs: int, memory: int, backend: str, engine: bool) -> dict[str, float]:
    """Return what a cell takes; `engine` says whether a container engine builds in it."""
    return {CORES: float(legs), MEMORY: float(memory), **_rights(backend, engine=engine)}


def of_build(*, memory: int, backend: str) -> dict[str, float]:
    """Return what a build takes: a compiler fills what a pair does, and needs no privileges."""
    rights = {ENGINE: SHARE} if backend == "docker" else {}
    return {CORES: float(PAIR), MEMORY: float(memory), **rights}


def _rights(backend: str, *, engine: bool) -> dict[str, float]:
    native = backend == "native"
    found = {PRIVILEGED: SHARE} if native else {}
    return found | ({ENGINE: SHARE} if engine or not native else {})


def pairs(workers: Iterable[Amounts]) -> int:
    """Return how many pairs of legs workers run at once, one at least."""
    return max(1, sum(int(has.get(CORES, 0)) // PAIR for has in workers))


def lacking(task: str, needs: Amounts, workers: Iterable[Amounts]) -> str:
    """Return a sentence that names what no worker has for a task; empty if one has it all."""
    there = list(workers)
    if any(all(has.get(name, 0) >= much for name, much in needs.items()) for has in there):
        return ""
    for name, much in needs.items():
        most = max((has.get(name, 0) for has in there), default=0)
        if most < much:
            return f"no worker has {_amount(name, much)}, which {task} needs{_most(name, most)}"
    all_of = ", ".join(_amount(name, much) for name, much in needs.items())
    return f"no worker has all of {all_of}, which {task} needs together"


def _amount(name: str, much: float) -> str:
    if much == SHARE:
        return f"the resource `{name}`"
    return f"{name}={much:.0f}"


def _most(name: str, most: float) -> str:
    return f" (the most is {name}={most:g})" if most else ""
