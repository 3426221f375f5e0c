"""Watches a leg for a test that hangs, and for its own end, and tells what all waited for then."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf
from pathlib import Path

from msgspec.structs import replace

from harness.backends.goroutines import KEPT
from harness.backends.processes import PROCESSES
from harness.gotest import deadlocks
from harness.gotest.daemons import logged
from harness.gotest.deadlocks import Waiting
from harness.gotest.excerpts import head
from harness.gotest.logs import readable
from harness.model import LegRun, Outcome, Reason, Result

STEP = 1.0
"""Seconds; a look at the clock counts for no more, so that a harness that was stopped, or a
machine that slept, does not find every test overdue."""

_LOOK = 0.2
"""Seconds between two looks."""

_SETTLED = 1.0
"""Seconds for which none but overdue tests must be at work: the next may just be about to go on."""

LAST_WORDS = "last-words.log"
"""File in a leg's folder with what it said when it was asked for its goroutines."""

_DAEMON = "buildkitd"
_BINARY = "the test binary"
_QUIT = f"\n{deadlocks.HEADER}".encode()
_MOST = 16 * 1024 * 1024

_LOG = 8 * 1024 * 1024
"""Bytes at the end of what a daemon said in which its dump is looked for."""


@dataclass(frozen=True)
class Budgets:
    """Seconds that each test may be at work."""

    default: float = 300.0
    known: Mapping[str, float] = field(default_factory=dict)
    """By full name."""

    def of(self, name: str) -> float:
        """Return a test's."""
        return self.known.get(name, self.default)


class Watch:
    """Counts how long each test of a leg is at work; paused and waiting ones do not count.

    A test that hangs takes one of the places for tests at work, and no more: the leg goes on
    beside it, and is ended once all those at work are overdue. So a hang costs no test but its own.
    """

    def __init__(
        self,
        budgets: Budgets,
        at_work: Callable[[], Iterable[str]],
        clock: Callable[[], float],
        limit: float = inf,
    ) -> None:
        """Watch the tests that `at_work` returns: they run, and have no running subtest.

        `clock` returns seconds; `limit` is the leg's own, in seconds from now.
        """
        self._budgets = budgets
        self._at_work = at_work
        self._clock = clock
        self._last = clock()
        self._end = self._last + limit
        self._spent: dict[str, float] = {}
        self._alone = 0.0
        self.overdue: tuple[str, ...] = ()
        """The tests that had taken too long when the leg was ended."""
        self.ended = False
        """Whether the leg is to be ended: for these, or because its own time is over."""

    def __call__(self) -> bool:
        """Look at the clock; tell whether the leg is to be ended."""
        passed = self._clock() - self._last
        if self.ended or passed < _LOOK:
            return self.ended
        self._last += passed
        self._spent = {
            name: self._spent.get(name, 0.0) + min(passed, STEP) for name in self._at_work()
        }
        late = tuple(name for name, spent in self._spent.items() if spent > self._budgets.of(name))
        stuck = bool(late) and len(late) == len(self._spent)
        self._alone = self._alone + min(passed, STEP) if stuck else 0.0
        self.ended = self._alone >= _SETTLED or self._last >= self._end
        self.overdue = late if self.ended else ()
        return self.ended


class LastWords:
    """What a leg still said once its programs were asked for their goroutines."""

    def __init__(self) -> None:
        """Begin with nothing."""
        self._said = bytearray(b"\n")

    def feed(self, chunk: bytes) -> None:
        """Take output; what is beyond all bounds is left out."""
        self._said += chunk[: max(0, _MOST - len(self._said))]

    def of_binary(self) -> bytes:
        """Return the test binary's own dump; a daemon's stands indented in a test's log."""
        at = self._said.rfind(_QUIT)
        return bytes(self._said[at:]) if at >= 0 else b""

    def keep(self, folder: Path) -> None:
        """Write it down in a leg's folder, apart from what the tests said."""
        (folder / LAST_WORDS).write_bytes(self._said)

    def stuck(self, folder: Path) -> list[tuple[str, list[Waiting]]]:
        """Return by program who waits: at locks if anybody does, else what the daemons wait for.

        `folder` is the leg's, where the backend may have kept what its daemons said.
        """
        found = [
            (program, deadlocks.waiting(dump))
            for program, text in self._texts(folder)
            for dump in deadlocks.dumps_in(text)
        ]
        locked = [(name, [it for it in those if it.locked]) for name, those in found]
        if not any(those for _, those in locked):
            locked = [(name, those) for name, those in found if name != _BINARY]
        return [(name, those) for name, those in locked if those]

    def _texts(self, folder: Path) -> Iterable[tuple[str, str]]:
        """Return what programs said, by their names; where it is kept twice, it is told once."""
        kept = sorted((folder / PROCESSES).glob("*.log"))
        texts = [(log.name.partition(".")[0], readable(_tail(log))) for log in kept]
        if not any(deadlocks.HEADER in text for _, text in texts):
            read = folder / KEPT
            said = _tail(read) if read.exists() else b""
            texts = [(_DAEMON, readable(text)) for text in (said, logged(bytes(self._said)))]
        return [*texts, (_BINARY, readable(self.of_binary()))]


def with_stuck(run: LegRun, stuck: Sequence[tuple[str, Sequence[Waiting]]]) -> LegRun:
    """Return with the tests that a leg was ended for who waited for what."""
    results = tuple(_explained(r, stuck) if r.outcome is Outcome.HANG else r for r in run.results)
    return replace(run, results=results)


def _explained(result: Result, stuck: Sequence[tuple[str, Sequence[Waiting]]]) -> Result:
    """Add to a test that hangs who waited for what, the one that matters most in its first line."""
    if not stuck or result.reason is not Reason.TIMEOUT:
        return result
    first, _, rest = result.error.partition("\n")
    program, those = stuck[0]
    story = "\n".join(line for name, each in stuck for line in deadlocks.render_waiting(name, each))
    error = f"{first}; {program}: {deadlocks.in_short(those[0])}\n{story}\n{rest}"
    return replace(result, error=head(error.strip()))


def _tail(log: Path) -> bytes:
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - _LOG))
        return file.read()
