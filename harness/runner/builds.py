"""The three builds of a pair, side by side where they do not share their inputs."""

from __future__ import annotations

from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any

from harness.backends.base import Artefact, Backend
from harness.events import Listener
from harness.runner.cell import Cell
from harness.tools.process import stop_all


@dataclass(frozen=True)
class Built:
    """What the legs of a pair are run with."""

    suite: Artefact
    control: Artefact
    candidate: Artefact


def build(backend: Backend, cell: Cell, listener: Listener) -> Built:
    """Build suite and both frontends, or find them.

    The control's frontend shares most packages with the suite, so it follows it; the
    candidate's is built at the same time as both. Raises what the backend raises.
    """
    with ThreadPoolExecutor(2, "build") as pool:
        candidate = pool.submit(backend.build_frontend, cell.candidate, listener)
        own = pool.submit(_suite_and_control, backend, cell, listener)
        try:
            _first_error(own, candidate)
            suite, control = own.result()
            return Built(suite, control, candidate.result())
        except BaseException:
            stop_all()
            raise


def _suite_and_control(
    backend: Backend, cell: Cell, listener: Listener
) -> tuple[Artefact, Artefact]:
    return (
        backend.build_suite(cell.suite, listener),
        backend.build_frontend(cell.control, listener),
    )


def _first_error(*builds: Future[Any]) -> None:
    """Wait until all are done or one has failed, and raise that failure at once."""
    done, _ = wait(builds, return_when=FIRST_EXCEPTION)
    for finished in done:
        finished.result()
