"""Pairs for the tests of the runner: a backend that plays what a test wrote down."""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from harness.backends.base import (
    Artefact,
    BuildRequest,
    Found,
    LegExit,
    LegRequest,
    Overdue,
    Problem,
    Sink,
    never,
)
from harness.config.datadir import find_data
from harness.config.lines import load_lines
from harness.config.needs import Need
from harness.config.skiplists import Entry, Signature
from harness.config.yamlfile import Place
from harness.events import Event, Listener
from harness.journal import RunFolder
from harness.model import Channel, Commit, Leg, Pair, Run, Side, Status
from harness.plan.cell import Built, Cell, Settings
from harness.run.pair import Job, run_pair
from harness.store import Store
from harness.tools.crew import Crew
from harness.tools.stop import stop_asked
from tests.support import go_matching
from tests.support.factories import FRONTEND, SUITE, full_name

MARK = "\x16"
PATIENCE = 60.0

Played = dict[str, tuple[str, str]]
"""Test function → what it does in the control and in the candidate.

`pass`, `skip`, `absent`, `fail WORDS`; several with commas between them, one per attempt, the
last for all that follow.
"""

MIXED: Played = {
    "TestCopy": ("pass", "pass"),
    "TestMount": ("pass", "fail no such mount"),
    "TestBroken": ("fail broken for years", "fail broken for years"),
    "TestSkipped": ("skip", "skip"),
    "TestFixed": ("fail as ever", "pass"),
    "TestFlaky": ("pass", "fail now and then, pass"),
}

Hook = Callable[[LegRequest, Sink], LegExit | None]


def entry(test: str, status: Status, signature: str = "", line: int = 3) -> Entry:
    return Entry(
        needs=(Need("network"),) if status is Status.UNAVAILABLE else (),
        place=Place("skiplists/x.yaml", line, 5),
        test=(test,),
        status=status,
        reason="a test",
        issue="https://example.com/1",
        signature=Signature(signature) if signature else None,
    )


@dataclass
class Player:
    """A backend without builds and processes."""

    tests: Played
    name: str = "played"
    before: Hook | None = None
    """Called in the leg's thread before anything is played; what it gives ends the leg."""
    tools: dict[str, str] = field(default_factory=lambda: {"runc": "runc version 1.1.5"})
    keys: dict[str, str] = field(default_factory=dict)
    """Keys of artefacts that are not their kind's name."""
    lacking: tuple[str, ...] = ()
    """Needs that are not met."""
    legs: list[LegRequest] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def problems(self) -> list[Problem]:
        return []

    def describe(self) -> str:
        return "played"

    def versions(self) -> dict[str, str]:
        return self.tools

    def meets(self, need: Need) -> bool:
        return str(need) not in self.lacking

    def find(self, side: Side, request: BuildRequest) -> Found:
        kind = "suite" if side is Side.SUITE else self._frontend(request)
        return Found(self.keys.get(kind, kind), cached=True)

    def build_suite(self, request: BuildRequest, listener: Listener) -> Artefact:  # noqa: ARG002 - the protocol's
        return self._build("suite", request)

    def build_frontend(self, request: BuildRequest, listener: Listener) -> Artefact:  # noqa: ARG002 - the protocol's
        return self._build(self._frontend(request), request)

    def _frontend(self, request: BuildRequest) -> str:
        return "control" if request.commit == SUITE else "candidate"

    def _build(self, kind: str, request: BuildRequest) -> Artefact:
        assert request.commit in {SUITE, FRONTEND}
        return Artefact(
            self.keys.get(kind, kind), Path("/no/folder", kind), cached=True, go_minor=21
        )

    def side(self, leg: LegRequest) -> Leg:
        return Leg.CANDIDATE if leg.frontend.path.name == "candidate" else Leg.CONTROL

    def ran(self, side: Leg) -> list[LegRequest]:
        """Return the requests of one side, in their order."""
        return [leg for leg in self.legs if self.side(leg) is side]

    def selected(self, leg: LegRequest) -> list[str]:
        """Return the functions that a leg's request selects, by Go's own matching."""
        return [f for f in self.tests if go_matching.runs(full_name(f), leg.select, leg.skip)]

    def run(self, leg: LegRequest, sink: Sink, overdue: Overdue = never) -> LegExit:  # noqa: ARG002 - the protocol's
        with self._lock:
            attempt = len(self.ran(self.side(leg)))
            self.legs.append(leg)
        if self.before and (end := self.before(leg, sink)):
            return end
        column = list(Leg).index(self.side(leg))
        played = {f: _act(self.tests[f][column], attempt) for f in self.selected(leg)}
        sink(stream(played))
        failed = any(act.startswith("fail") for act in played.values())
        return LegExit(int(failed), timed_out=False, seconds=0.5)


def _act(acts: str, attempt: int) -> str:
    each = [act.strip() for act in acts.split(",")]
    return each[min(attempt, len(each) - 1)]


def stream(played: dict[str, str], *, ends: bool = True) -> bytes:
    """Write what a test binary prints with -test.v=test2json; without an end if it was killed."""
    lines = [f"{MARK}=== RUN   TestIntegration"]
    failed = False
    for function, act in played.items():
        name = full_name(function)
        if act == "absent":
            continue
        kind, _, words = act.partition(" ")
        lines.append(f"{MARK}=== RUN   {name}")
        if kind == "hang":
            continue
        if words:
            lines += [f"    x_test.go:7: {words}"]
        lines.append(f"{MARK}--- {kind.upper()}: {name} (0.01s)")
        failed |= kind == "fail"
    if ends:
        verdict = "FAIL" if failed else "PASS"
        lines += [f"{MARK}--- {verdict}: TestIntegration (0.02s)", f"{MARK}=== NAME  "]
        lines.append(MARK + verdict)
    return ("\n".join(lines) + "\n").encode()


@dataclass
class Bench:
    """A place where pairs are run: one store, many runs."""

    folder: Path
    player: Player
    settings: Settings = field(default_factory=lambda: Settings(offline=True, patience=0))
    entries: tuple[Entry, ...] = ()
    functions: frozenset[str] = frozenset()
    mirror: Path | None = None
    worker: str = "oci"
    command: tuple[str, ...] = ("compat-run", "v0.6", "master")
    events: list[Event] = field(default_factory=list)

    def cell(self) -> Cell:
        line = load_lines(find_data(None, {}).lines_file).line("v0.6")

        def request(commit: Commit) -> BuildRequest:
            return BuildRequest(commit, line, Channel.EXPERIMENTAL, ())

        pair = Pair(
            suite=SUITE,
            frontend=FRONTEND,
            suite_channel=Channel.EXPERIMENTAL,
            frontend_channel=Channel.LABS,
            worker=self.worker,
            backend=self.player.name,
        )
        own = request(SUITE)
        return Cell(
            *(pair, own, own, own, request(FRONTEND), self.entries, self.mirror),
            functions=self.functions,
        )

    def job(self, **changes: object) -> Job:
        cell = self.cell()
        make = self.player.build_frontend
        suite = self.player.build_suite(cell.suite, self.events.append)
        job = Job(
            cell=cell,
            settings=self.settings,
            built=Built(
                *(suite, suite),
                make(cell.control, self.events.append),
                make(cell.candidate, self.events.append),
            ),
            backend=self.player,
            store=Store(self.folder / "cache"),
            folder=RunFolder.create(self.folder / "runs", lambda: datetime.now(UTC)),
            command=self.command,
        )
        return replace(job, **changes)  # type: ignore[arg-type]

    def run(self) -> Run:
        self.events.clear()
        self.player.legs.clear()
        return run_pair(self.job(), self.events.append)

    def verdicts(self, run: Run) -> dict[str, str]:
        names = {full_name(f): f for f in self.player.tests}
        return {names[row.name]: row.verdict.value for row in run.judgements}

    def run_folder(self, run: Run) -> Path:
        return self.folder / "runs" / run.id


def attempts(run: Run, side: Leg) -> Sequence[int]:
    return [leg.attempt for leg in run.legs if leg.leg is side]


def until_stopped() -> LegExit:
    """Behave as a process that runs until it is killed."""
    deadline = time.monotonic() + PATIENCE
    while not stop_asked() and time.monotonic() < deadline:
        time.sleep(0.001)
    return LegExit(None, timed_out=False, seconds=0.2)


def interrupt_main() -> None:
    """Interrupt the main thread once it waits for the legs."""
    main = threading.main_thread().ident or 0
    deadline = time.monotonic() + PATIENCE
    while not _waits(sys._current_frames()[main]) and time.monotonic() < deadline:
        time.sleep(0.001)
    signal.pthread_kill(main, signal.SIGINT)


def _waits(frame: FrameType | None) -> bool:
    while frame and frame.f_code is not Crew.wait.__code__:
        frame = frame.f_back
    return frame is not None


class Interruption:
    """Plays both legs up to a point and interrupts once both are there."""

    def __init__(self, player: Player, control: dict[str, str], candidate: dict[str, str]) -> None:
        self._player = player
        self._played = {Leg.CONTROL: control, Leg.CANDIDATE: candidate}
        self._reached = threading.Barrier(2, action=interrupt_main, timeout=PATIENCE)

    def __call__(self, leg: LegRequest, sink: Sink) -> LegExit:
        sink(stream(self._played[self._player.side(leg)], ends=False))
        self._reached.wait()
        return until_stopped()


def interrupted_in_rerun(player: Player, leg: LegRequest, _sink: Sink) -> LegExit | None:
    """Play the main run as it is, and interrupt the first rerun."""
    side = player.side(leg)
    if len(player.ran(side)) == 1:
        return None
    if side is Leg.CANDIDATE:
        interrupt_main()
    return until_stopped()
