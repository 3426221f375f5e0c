"""A scheduler of Dask with workers as their users start them, each with what it says it has."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.support.watched_processes import Child, eventually

ROOT = Path(__file__).parents[2]
WHOLE = "cores=2,memory=32e9,privileged=1"
TASK = "harness.cli.task"


@dataclass
class Cluster:
    """Started in a folder; ends with its block."""

    folder: Path
    stack: ExitStack
    workers: dict[str, Child[bytes]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Start the scheduler."""
        words = ("--host", "127.0.0.1", "--port", "0", "--no-dashboard")
        self.scheduler = self.start("scheduler", *words)
        assert eventually(lambda: bool(self.address)), (self.folder / "log").read_text("utf-8")

    @property
    def address(self) -> str:
        """Where the scheduler is; nothing as long as its file, written in place, is not whole."""
        try:
            told: str = json.loads((self.folder / "scheduler.json").read_bytes())["address"]
        except (FileNotFoundError, json.JSONDecodeError):
            return ""
        return told.replace("tcp://", "dask://")

    def start(self, name: str, *words: str, package: Path = ROOT, **env: str) -> Child[bytes]:
        file = ("--scheduler-file", str(self.folder / "scheduler.json"))
        with (self.folder / "log").open("ab") as log:
            return self.stack.enter_context(
                Child(
                    [sys.executable, "-m", f"distributed.cli.dask_{name}", *file, *words],
                    cwd=self.folder,
                    env={**os.environ, "PYTHONPATH": str(package), "PYTHONSAFEPATH": "1", **env},
                    stdout=log,
                    stderr=subprocess.STDOUT,
                )
            )

    def worker(
        self, name: str, resources: str = WHOLE, package: Path = ROOT, **env: str
    ) -> Child[bytes]:
        local = self.folder / name
        words = ("--no-nanny", "--no-dashboard", "--nthreads", "2", "--memory-limit", "0")
        where = ("--local-directory", str(local), "--host", "127.0.0.1")
        made = self.start(
            "worker", *words, *where, "--resources", resources, package=package, **env
        )
        self.workers[name] = made
        return made


@contextmanager
def cluster(folder: Path) -> Iterator[Cluster]:
    """Start a scheduler; its workers are started by the test."""
    folder.mkdir(parents=True)
    with ExitStack() as stack:
        yield Cluster(folder, stack)


def tasks(worker: Child[bytes]) -> list[int]:
    """Return the ids of the children in which a worker does its tasks."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            try:
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                words = (entry / "cmdline").read_bytes()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if parent == worker.pid and TASK.encode() in words:
                found.append(int(entry.name))
    return found
