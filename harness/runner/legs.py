"""One leg: the test binary's output goes to disk and through the parser as it comes."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from harness.backends.base import Backend, LegRequest
from harness.events import LegEnded, LegStarted, Listener, TestEnded
from harness.gotest.logs import split_daemon_log
from harness.gotest.stream import StreamParser
from harness.journal import LegFolder
from harness.model import Leg, LegRun, Outcome
from harness.store import Store, key_of
from harness.tools.clock import now

_FILE = "leg.json"


@dataclass(frozen=True)
class LegRunner:
    """Runs legs with one backend and tells one listener."""

    backend: Backend
    listener: Listener

    def run(
        self, request: LegRequest, folder: LegFolder, leg: Leg, attempt: int, expected: int | None
    ) -> LegRun:
        """Run one leg to its end, whatever that is, and give what its tests did."""
        folder.make()
        started = now()
        self.listener(LegStarted(leg, attempt, expected))

        def ended(name: str, outcome: Outcome, seconds: float | None) -> None:
            self.listener(TestEnded(leg, attempt, name, outcome, seconds))

        parser = StreamParser(ended, _log_writer(folder))
        with folder.raw_log.open("wb", buffering=0) as raw:

            def sink(chunk: bytes) -> None:
                raw.write(chunk)
                parser.feed(chunk)

            end = self.backend.run(request, sink)
        parsed = parser.finish(end.status, timed_out=end.timed_out)
        self.listener(LegEnded(leg, attempt, end.seconds))
        return LegRun(
            leg=leg,
            attempt=attempt,
            selection=request.select,
            skipped=request.skip,
            started=started,
            seconds=end.seconds,
            exit_status=end.status,
            timed_out=end.timed_out,
            cached=False,
            folder=folder.relative,
            results=parsed.results,
            parents=parsed.parents,
            notes=(*end.notes, *parsed.notes),
        )


def _log_writer(folder: LegFolder) -> Callable[[str, bytes], None]:
    def write(name: str, log: bytes) -> None:
        test, daemon = split_daemon_log(log)
        folder.test_log(name).write_bytes(test)
        if daemon:
            folder.daemon_log(name).write_bytes(daemon)

    return write


class ControlStore:
    """Control runs that can stand in for a new one: every input was the same."""

    def __init__(self, store: Store, versions: dict[str, str], kernel: str) -> None:
        """Keep them in `store`; programs and kernel of this machine are part of every key."""
        self._store = store
        self._machine = {"versions": versions, "kernel": kernel}

    def find(self, request: LegRequest, folder: LegFolder) -> LegRun | None:
        """Give a stored run with its logs copied to `folder`, or None."""
        stored = self._store.find("control", self._key(request))
        if stored is None:
            return None
        shutil.copytree(stored, folder.path)
        run = msgspec.json.decode((folder.path / _FILE).read_bytes(), type=LegRun)
        return msgspec.structs.replace(run, cached=True)

    def keep(self, request: LegRequest, folder: LegFolder, run: LegRun) -> None:
        """Store a control run, unless it ended early: then it says too little to stand in."""
        if run.timed_out or run.exit_status not in {0, 1}:
            return

        def make(empty: Path) -> None:
            shutil.copytree(folder.path, empty, dirs_exist_ok=True)
            (empty / _FILE).write_bytes(msgspec.json.encode(run))

        self._store.publish("control", self._key(request), make)

    def _key(self, request: LegRequest) -> str:
        return key_of(
            {
                "suite": request.suite.key,
                "frontend": request.frontend.key,
                "worker": request.worker,
                "select": request.select,
                "skip": request.skip,
                "parallel": request.parallel,
                "procs": request.procs,
                "timeout": request.timeout,
                "offline": request.offline,
                "mirror": request.mirror.name if request.mirror else None,
                "environment": request.environment,
                **self._machine,
            }
        )
