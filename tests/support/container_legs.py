"""Legs in containers of images that are made here: a base image with a few programs in it."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Lock

import pytest

from harness.backends.base import LegExit, LegRequest, Overdue, Privileges, Sink, never
from harness.backends.docker.container import TMP, run_leg
from harness.backends.docker.images import PAIR_FOLDER
from harness.backends.leg import environment
from harness.engine.client import Engine
from tests.support.engines import BASE, Daemon
from tests.support.fatal_suite import RunsLeg

LEFT_OPEN = pytest.mark.filterwarnings(
    "ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning"
)
"""The Docker SDK leaves it to the garbage collector to close a container's stream."""


@contextmanager
def image(
    daemon: Daemon, programs: Path, variables: Mapping[str, str], *changes: str
) -> Iterator[str]:
    """Make an image whose PATH leads to the programs in a folder; it goes with the block."""
    name = f"box.test/{secrets.token_hex(8)}:1"
    container = daemon.docker("create", BASE, "true").strip()
    for program in programs.iterdir():
        daemon.docker("cp", str(program), f"{container}:/usr/local/bin/{program.name}")
    told = [*changes, *(f"ENV {variable}={value}" for variable, value in variables.items())]
    daemon.docker("commit", *(f"--change={change}" for change in told), container, name)
    daemon.docker("rm", container)
    try:
        yield name
    finally:
        daemon.docker("rmi", "--force", name)


@contextmanager
def images(daemon: Daemon) -> Iterator[Callable[[LegRequest], str]]:
    """Return what makes the image of a leg, with the programs of its suite's folder.

    Where the frontend is in there tells which one it is. The images go with the block.
    """
    made: dict[str, str] = {}
    lock = Lock()
    with ExitStack() as stack:

        def image_of(leg: LegRequest) -> str:
            frontend = f"{PAIR_FOLDER}/{leg.frontend.key}"
            told = environment(leg, temporary=TMP, frontend=frontend, mirror="")
            with lock:
                if (key := str(told)) not in made:
                    programs = leg.suite.path / "bin"
                    made[key] = stack.enter_context(image(daemon, programs, told))
                return made[key]

        yield image_of


@contextmanager
def in_containers(engine: Engine, daemon: Daemon) -> Iterator[RunsLeg]:
    """Return what runs legs in containers of such images."""
    with images(daemon) as image_of:

        def run(leg: LegRequest, sink: Sink, overdue: Overdue = never) -> LegExit:
            return run_leg(engine, image_of(leg), leg, sink, Privileges.AUTO, overdue)

        yield run
