"""The three builds of a pair, side by side where they do not share their inputs."""

from __future__ import annotations

from dataclasses import dataclass

from harness.backends.base import Artefact, Backend
from harness.events import Listener
from harness.plan.cell import Cell
from harness.tools.crew import Crew


@dataclass(frozen=True)
class Built:
    """What the legs of a pair are run with."""

    suite: Artefact
    control: Artefact
    candidate: Artefact


def build(backend: Backend, cell: Cell, listener: Listener) -> Built:
    """Build suite and both frontends, or find them.

    The control's frontend shares most packages with the suite, so it follows it; the
    candidate's is built at the same time as both. Raises what the backend raises, after the
    other build was stopped.
    """
    with Crew(2, "build") as crew:
        candidate = crew.start(backend.build_frontend, cell.candidate, listener)
        own = crew.start(_suite_and_control, backend, cell, listener)
        crew.wait()
        suite, control = own.result()
        return Built(suite, control, candidate.result())


def _suite_and_control(
    backend: Backend, cell: Cell, listener: Listener
) -> tuple[Artefact, Artefact]:
    return (
        backend.build_suite(cell.suite, listener),
        backend.build_frontend(cell.control, listener),
    )
