"""Further attempts: for what surprises alone, and always on both sides.

What turns out to be flaky is tried as often as the rest, so that its rate says something. A
frontend's failure is tried again at once. What fails now and then with the frontend under test
alone is tried further, until it is decided whose flake it is. What the machine or the network did
is given time, twice as much before each attempt; where it ended a leg, all of the tests are run
once more, and where it kept one from beginning, both are begun again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from harness.config.skiplists import Entry
from harness.engine.retry import delay
from harness.errors import InfrastructureError, Interrupted
from harness.events import Listener, Said, Warned
from harness.model import Judgement, Reason, Verdict
from harness.plan.cell import Settings
from harness.run.schedule import Schedule
from harness.run.undecided import attempts, undecided
from harness.tools.stop import pause
from harness.verdict import table
from harness.verdict.collate import is_suite, judgements
from harness.verdict.conclude import unexpected
from harness.verdict.floors import Promises

SYSTEMIC = 0.25
"""Share of unexpected tests from which reruns would only repeat what is plain already."""

FEW = 8
"""Up to so many unexpected tests a share says nothing: they are always rerun."""

_LACKING = frozenset({Reason.NETWORK, Reason.IMAGE_PULL})
"""What an offline leg lacks for good."""


@dataclass(frozen=True)
class Reruns:
    """The further attempts of one pair."""

    schedule: Schedule
    settings: Settings
    entries: Sequence[Entry]
    promises: Promises | None
    listener: Listener
    phase: Callable[[str], AbstractContextManager[None]]

    def begin(self) -> None:
        """Run the main legs; if one does not even begin, try again as often, each after a while.

        Raises InfrastructureError if that stays so or will not pass, and Interrupted.
        """
        for attempt in range(1, self.settings.reruns + 1):
            try:
                self.schedule.main()
            except InfrastructureError as error:
                if error.lasting:
                    raise
                self._wait(str(error).partition("\n")[0], attempt, Warned)
            else:
                return
        self.schedule.main()

    def run(self) -> list[str]:
        """Try again what is unexpected, up to the limits; say why if that is pointless."""
        return self._believe() or self._decide()

    def _believe(self) -> list[str]:
        """Try again what is unexpected or flaky, as often as was asked for."""
        for attempt in range(1, self.settings.reruns + 1):
            # Whatever earlier runs may excuse, this one is to say all that it can.
            judged = judgements(self.schedule.legs, self.entries, {}, self.promises)
            surprises = self._tests(unexpected(judged))
            flaky = self._tests([row for row in judged if mixed(row)])
            if self.schedule.interrupted or not (surprises or flaky or self.schedule.lacking):
                break
            if not self.schedule.lacking and (why := self._systemic(surprises, judged)):
                return [why]
            self._give_time(surprises, attempt)
            with self.phase(f"rerun {attempt}"):
                self._again([*surprises, *flaky], judged)
        return []

    def _decide(self) -> list[str]:
        """Try again what fails now and then with this frontend alone, until it is decided."""
        most = self.settings.most_reruns if self.settings.reruns else 0
        for attempt in range(self.settings.reruns + 1, most + 1):
            judged = judgements(self.schedule.legs, self.entries, {}, self.promises)
            rows = self._tests(undecided(judged, most + 1 - attempt))
            if self.schedule.interrupted or not rows:
                break
            if _too_many(rows, judged):
                share = f"{len(rows)} of {len(judged)} tests"
                return [f"{share} failed now and then: too many to try each until it is decided"]
            self._give_time([], attempt)
            with self.phase(f"rerun {attempt}"):
                for again in attempts(rows, judged, self.schedule.legs):
                    self.schedule.rerun(again.names, alone=again.alone)
        return []

    def _tests(self, rows: Sequence[Judgement]) -> list[Judgement]:
        """Leave the suite's own parent out: to run it again is to run everything again."""
        return [row for row in rows if not is_suite(row.name)]

    def _systemic(self, surprises: Sequence[Judgement], judged: Sequence[Judgement]) -> str:
        """Return a warning if there are too many, for a cause that does not pass."""
        staying = [row for row in surprises if not self._passing(row)]
        if not _too_many(staying, judged):
            return ""
        share = f"{len(staying)} of {len(judged)} tests"
        return f"{share} are unexpected: this looks systemic, so nothing was rerun"

    def _give_time(self, surprises: Sequence[Judgement], attempt: int) -> None:
        broken = self.schedule.broken
        if broken is None and not any(map(self._passing, surprises)):
            return
        why = broken.words if broken else "the machine or the network failed"
        try:
            self._wait(why, attempt)
        except (Interrupted, KeyboardInterrupt):
            self.schedule.interrupted = True

    def _wait(self, why: str, attempt: int, tell: type[Said | Warned] = Said) -> None:
        seconds = delay(attempt, self.settings.patience)
        self.listener(tell(f"{why}; attempt {attempt + 1} begins in {seconds:.0f} s"))
        pause(seconds)

    def _again(self, rows: Sequence[Judgement], judged: Sequence[Judgement]) -> None:
        if self.schedule.lacking or _too_many(rows, judged):
            self.schedule.again()
        else:
            self.schedule.rerun([row.name for row in rows])

    def _passing(self, row: Judgement) -> bool:
        """Return whether a test met a failure of the machine that may be gone in a while."""
        if row.verdict is not Verdict.INFRA:
            return False
        found = {
            result.reason
            for results in (row.control, row.candidate)
            for result in results
            if result.reason is not None and result.reason.spurious
        }
        return not self.settings.offline or not found <= _LACKING or self._faulty()

    def _faulty(self) -> bool:
        return any(run.faults for run in self.schedule.legs)


def mixed(row: Judgement) -> bool:
    """Return whether the attempts of either side differ."""
    return any(table.flake_rate(side) for side in (row.control, row.candidate))


def _too_many(rows: Sequence[Judgement], judged: Sequence[Judgement]) -> bool:
    return len(rows) > max(FEW, SYSTEMIC * len(judged))
