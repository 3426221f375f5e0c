"""One leg: the test binary's output goes to disk and through the parser as it comes."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from io import FileIO
from pathlib import Path

import msgspec

from harness.backends.base import Backend, LegExit, LegRequest
from harness.backends.leg import secrets
from harness.backends.processes import PROCESSES, processes
from harness.config.oracle import SILENT, Oracle
from harness.errors import InfrastructureError
from harness.events import LegEnded, LegStarted, Listener, TestEnded
from harness.gotest.logs import split_daemon_log
from harness.gotest.settle import Parsed
from harness.gotest.stream import StreamParser, format_of
from harness.journal import LegFolder
from harness.journal.files import replacing
from harness.journal.folder import RAW_LOG
from harness.model import Leg, LegRun, Outcome, Record, Suspicion
from harness.plan.cell import Control
from harness.run.driven import check_driven
from harness.run.hangs import Budgets, LastWords, Watch, with_stuck
from harness.run.suspicions import Life, marked
from harness.store import Store, key_of
from harness.tools.clock import ClockWatch, Stopwatch, now, since_boot
from harness.tools.disks import disk_errors
from harness.tools.redaction import Mask
from harness.tools.stop import stop_asked
from harness.verdict.faults import excused, fault_of, faults_of

_END = "end.json"
_CHUNK = 1 << 20


@dataclass(frozen=True)
class LegRunner:
    """Runs legs with one backend and tells one listener."""

    backend: Backend
    listener: Listener
    oracle: Oracle = SILENT
    budgets: Budgets = field(default_factory=Budgets)

    def run(
        self, request: LegRequest, folder: LegFolder, leg: Leg, attempt: int, expected: int | None
    ) -> LegRun:
        """Run one leg to its end, whatever that is, and return what its tests did.

        If the machine or an engine fails under it, it ends there. Raises InfrastructureError if
        the main run ended before any test began, UsageError if the tests cannot drive the daemon,
        and what else the backend raises.
        """
        folder.make()
        started, watch, clock = now(), Stopwatch(), ClockWatch()
        lives: list[Life] = []
        self.listener(LegStarted(leg, attempt, expected))

        def ended(name: str, outcome: Outcome, seconds: float | None) -> None:
            lives.append(Life(name, since_boot() - (seconds or 0), since_boot()))
            if not stop_asked():  # else it did not end: it was killed
                parent = parser.has_subtests(name)
                self.listener(TestEnded(leg, attempt, name, outcome, seconds, parent))

        parser = StreamParser(format_of(request.tests.go_minor), ended, log_writer(folder))
        hangs = Watch(self.budgets, parser.at_work, lambda: watch.seconds, request.timeout)
        last = LastWords()
        # Without a buffer: what a killed run had read is there to be looked at.
        with folder.raw_log.open("wb", buffering=0) as raw:

            def take(chunk: bytes) -> None:
                with disk_errors(folder.raw_log):
                    _write(raw, chunk)
                parser.feed(chunk)
                clock.look()

            def sink(chunk: bytes) -> None:
                # Tests that fail when their daemons are asked to quit have not failed.
                (last.feed if hangs.ended else take)(chunk)

            mask = Mask(sink, secrets())
            try:
                end = self.backend.run(request, mask.feed, hangs)
            except InfrastructureError as error:
                if attempt == 0 and not parser.begun:
                    error.add_context(leg.value)
                    raise
                end = LegExit(
                    None, timed_out=False, seconds=watch.seconds, faults=(fault_of(error),)
                )
            finally:
                _mask_kept(request.folder, secrets())
            mask.finish()
            take(last.of_binary())
        clock.look()
        end = replace(end, faults=(*end.faults, *faults_of(clock)))
        with disk_errors(folder.path):
            parsed = parser.finish(end.status, end.timed_out, hangs.overdue)
        self.listener(LegEnded(leg, attempt, end.seconds))
        stopped = end.status is None and not end.timed_out
        if parsed.broken and not parsed.results and attempt == 0 and not stopped:
            nothing = InfrastructureError(
                f"{leg.value}: {parsed.broken}", hint=f"its whole output is in {folder.raw_log}"
            )
            nothing.lasting = end.timed_out  # to wait as long once more helps nobody
            raise nothing
        run = _leg_run(request, folder, leg, started, end, parsed)
        check_driven(request, run)
        run = marked(run, lives, processes(request.folder), self.oracle)
        if hangs.ended:
            last.keep(folder.path)
            run = with_stuck(run, last.stuck(folder.path))
        return msgspec.structs.replace(run, attempt=attempt, overdue=hangs.overdue)


def _write(raw: FileIO, chunk: bytes) -> None:
    left = memoryview(chunk)
    while left:
        left = left[raw.write(left) :]


def _leg_run(
    request: LegRequest, folder: LegFolder, leg: Leg, started: str, end: LegExit, parsed: Parsed
) -> LegRun:
    broken = (parsed.broken,) if parsed.broken else ()
    said = tuple(fault.words for fault in end.faults)
    run = LegRun(
        leg=leg,
        attempt=0,
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
        failed_below=parsed.failed_below,
        cut=parsed.cut,
        notes=(*said, *end.notes, *broken, *parsed.notes),
        framing=format_of(request.tests.go_minor),
        leaked=end.leaked,
        parallel=request.parallel,
    )
    return excused(run, *end.faults)


def log_writer(folder: LegFolder, *, anew: bool = True) -> Callable[[str, bytes], None]:
    """Write the logs of failing tests into a leg's folder; `anew` even if they are there."""

    def write(name: str, log: bytes) -> None:
        test, daemon = split_daemon_log(log)
        if not anew and folder.test_log(name).exists():
            return
        with disk_errors(folder.path):
            folder.test_log(name).write_bytes(test)
            if daemon:
                folder.daemon_log(name).write_bytes(daemon)

    return write


class _End(Record, frozen=True, kw_only=True):
    """What is kept of a control run beside its output."""

    started: str
    status: int
    seconds: float
    suspicions: dict[str, tuple[Suspicion, ...]] = msgspec.field(default_factory=dict)
    """By test; their logs are not kept."""


class ControlStore:
    """Control runs that can stand in for a new one: every input was the same.

    The output is kept, not what was read out of it: both sides of a pair are always read by the
    same rules, whatever the rules were when the control ran.
    """

    def __init__(self, store: Store, versions: dict[str, str], kernel: str) -> None:
        """Keep them in `store`; programs and kernel of this machine are part of every key."""
        self._store = store
        self._machine = {"versions": versions, "kernel": kernel}

    def has(self, control: Control) -> bool:
        """Return whether there is one."""
        return self._store.find("control", self._key(control)) is not None

    def find(self, control: Control, request: LegRequest, folder: LegFolder) -> LegRun | None:
        """Return a stored run, with its output and logs in `folder`, or None."""
        stored = self._store.find("control", self._key(control))
        if stored is None:
            return None
        kept = msgspec.json.decode((stored / _END).read_bytes(), type=_End)
        with disk_errors(folder.path):
            shutil.copyfile(stored / RAW_LOG, folder.make().raw_log)
        parser = StreamParser(format_of(request.tests.go_minor), on_log=log_writer(folder))
        with folder.raw_log.open("rb") as raw:
            while chunk := raw.read(_CHUNK):
                parser.feed(chunk)
        parsed = parser.finish(kept.status)
        end = LegExit(kept.status, timed_out=False, seconds=kept.seconds)
        run = _leg_run(request, folder, Leg.CONTROL, kept.started, end, parsed)
        results = tuple(
            msgspec.structs.replace(it, suspicions=kept.suspicions.get(it.name, ()))
            for it in run.results
        )
        return msgspec.structs.replace(run, cached=True, results=results)

    def keep(self, control: Control, folder: LegFolder, run: LegRun) -> None:
        """Store a control run that can stand in for another.

        One that ended early or passed nothing says too little, and a machine that failed once may
        not again. Only that there is no network will be so again, offline.
        """
        if run.exit_status is None or not run.whole or run.faults:
            return
        if not any(result.outcome is Outcome.PASS for result in run.results):
            return  # a suite that skips itself for want of a program, which somebody will install
        reasons = {result.reason for result in run.results if result.reason}
        if any(r.momentary or (r.spurious and not control.offline) for r in reasons):
            return
        told = {it.name: it.suspicions for it in run.results if it.suspicions}
        kept = _End(
            started=run.started, status=run.exit_status, seconds=run.seconds, suspicions=told
        )

        def make(empty: Path) -> None:
            shutil.copyfile(folder.raw_log, empty / RAW_LOG)
            (empty / _END).write_bytes(msgspec.json.encode(kept))

        self._store.publish("control", self._key(control), make)

    def _key(self, control: Control) -> str:
        return key_of({"kept": sorted((RAW_LOG, _END)), **control.identity, **self._machine})


def _mask_kept(folder: Path, secrets: Sequence[str]) -> None:
    """Hide secrets in what a leg's daemons said. Raises InfrastructureError.

    A script inside the leg writes it down as it is said (backends/kept.sh), so it is on the disk
    before we see it, unlike the output of the tests.
    """
    for kept in sorted((folder / PROCESSES).glob("*")) if secrets else ():
        if kept.is_file() and not kept.is_symlink():
            _mask(kept, secrets)


def _mask(file: Path, secrets: Sequence[str]) -> None:
    with file.open("rb") as said, replacing(file, durable=False) as masked:

        def put(piece: bytes) -> None:
            masked.write(piece)

        mask = Mask(put, secrets)
        while chunk := said.read(_CHUNK):
            mask.feed(chunk)
        mask.finish()
