"""Which legs of a pair run when: both sides at once, a stored control where there is one."""

from __future__ import annotations

import dataclasses
import shutil
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from msgspec.structs import replace

from harness.backends.base import Artefact, LegRequest
from harness.errors import InfrastructureError, Interrupted
from harness.events import Listener, Said, Warned
from harness.gotest import selection
from harness.journal import RunFolder
from harness.model import Fault, Leg, LegRun
from harness.plan.cell import Built, Cell, Control, Settings, control_of
from harness.run.legs import ControlStore, LegRunner
from harness.run.recovery import Recovery, Rest, goes_on
from harness.run.resume import left_unrun, rest_of_interrupted
from harness.run.unavailable import unavailable
from harness.tools.crew import Crew
from harness.tools.stop import stop_asked
from harness.verdict.collate import known_names
from harness.verdict.faults import broken, excused


@dataclass
class Schedule:
    """The legs of one pair: those that ran so far, and how further ones are asked for."""

    cell: Cell
    settings: Settings
    built: Built
    folder: RunFolder
    runner: LegRunner
    controls: ControlStore
    listener: Listener
    gateways: Mapping[Leg, Artefact] = field(default_factory=dict)
    """The frontend that scenarios bring, as it was compiled for each leg's daemon."""
    legs: list[LegRun] = field(default_factory=list)
    interrupted: bool = False
    taken_up: str = ""
    """What the legs that are gone on with selected, if there are any."""
    broken: Fault | None = None
    """What ended a leg, and with it the attempt: for now nothing can be had from this machine."""

    def main(self) -> None:
        """Run control and candidate, or the candidate beside a stored control.

        Raises InfrastructureError if one of them did not even begin; then it may be tried again,
        and nothing is left of what was tried.
        """
        self.legs.clear()
        self.broken = None
        for leg in self.sides:
            shutil.rmtree(self.folder.leg(leg).path, ignore_errors=True)
        wanted = {leg: self._main_request(leg) for leg in self.sides}
        expected = None
        if Leg.CONTROL in wanted and not self.settings.fresh_control:
            stored = self.controls.find(
                self._control, wanted[Leg.CONTROL], self.folder.leg(Leg.CONTROL)
            )
            if stored is not None:
                self.listener(Said(f"control: the run of {stored.started} is used again"))
                self.legs.append(self._with_left_out(stored))
                expected = len(stored.results)
        due = {leg: r for leg, r in wanted.items() if not any(leg is run.leg for run in self.legs)}
        for run in self._side_by_side(due, 0, expected):
            self.legs.append(self._with_left_out(run))
            if run.leg is Leg.CONTROL and not self.ended:
                self.controls.keep(self._control, self.folder.leg(Leg.CONTROL), run)
        self._recover(0)

    def _with_left_out(self, run: LegRun) -> LegRun:
        """Add to a main leg the tests that it did not run because something was lacking."""
        left_out = unavailable(self.cell, self.settings.tests)
        return replace(run, results=(*run.results, *left_out))

    def rerun(self, names: Sequence[str], *, alone: bool = False) -> None:
        """Run these tests again, on both sides, as one further attempt.

        If they are to be alone, one at a time. Where Go cannot select them at once they run one
        after the other, as further legs.
        """
        self.broken = None
        known = known_names(self.legs)
        for select in selection.select_names(names, self._tests.go_minor, known):
            attempt = 1 + max(run.attempt for run in self.legs)
            requests = {leg: self._request(leg, attempt, select) for leg in self.sides}
            if alone:
                requests = {
                    leg: dataclasses.replace(request, parallel=1)
                    for leg, request in requests.items()
                }
            self.legs += self._side_by_side(requests, attempt, len(names))
            self._recover(attempt)

    def _recover(self, attempt: int, also: Sequence[LegRun] = ()) -> None:
        """Run what crashes and hangs cut off in an attempt, on the sides where they did.

        `also` are legs that have run some of that already.
        """
        first = [run for run in self.legs if run.attempt == attempt]
        own = self.built.tests.key == self.built.suite.key
        sides = {
            run.leg: Recovery(run, self._tests.go_minor, own=own)
            for run in first
            if run.cut and not run.faults
        }
        for run in also:
            if run.leg in sides and run.recovers == attempt:
                sides[run.leg].took(run)
        while not self.ended:
            rests = {leg: it.rest(self._elsewhere(leg, first)) for leg, it in sides.items()}
            due = {leg: rest for leg, rest in rests.items() if rest}
            if not due:
                break
            number = 1 + max(run.attempt for run in self.legs)
            for leg, rest in due.items():
                self.listener(Said(f"{leg}: {goes_on(sides[leg].chain[-1], rest)}"))
            requests = {leg: self._request_rest(leg, number, rest) for leg, rest in due.items()}
            expected = max((rest.expected or 0 for rest in due.values()), default=0)
            for run in self._side_by_side(requests, number, expected or None):
                recovered = replace(run, recovers=attempt)
                self.legs.append(recovered)
                sides[run.leg].took(recovered, due[run.leg])
        for leg, it in sides.items():
            if (told := it.story()) and not self.ended:
                self.listener(Warned(f"{leg}: {told}"))

    def _elsewhere(self, leg: Leg, first: Sequence[LegRun]) -> frozenset[str] | None:
        """Return the names that the other side's leg has seen, if it began all that there are."""
        others = [run for run in first if run.leg is not leg]
        whole = [run for run in others if run.cut is None or run.cut.began]
        return known_names(whole) if whole else None

    def resume(self, legs: Sequence[LegRun], decided: Collection[str]) -> None:
        """Go on with these legs: run, on both sides, the tests that they did not decide.

        Legs that came to their own end have left nothing but what a crash or a hang cut off.
        """
        self.legs += legs
        attempt = 0
        if left_unrun(legs, self.sides):
            self.listener(Said(f"{len(decided)} tests have ended already"))
            rest = rest_of_interrupted(legs, decided)
            self.taken_up = rest.select
            attempt = 1 + max(run.attempt for run in legs)
            requests = {leg: self._request_rest(leg, attempt, rest) for leg in self.sides}
            runs = self._side_by_side(requests, attempt, None)
            self.legs += [replace(run, resumes=True) for run in runs]
        self._recover(attempt, legs)

    def again(self) -> None:
        """Run everything once more, on both sides, as one further attempt."""
        self.broken = None
        attempt = 1 + max(run.attempt for run in self.legs)
        expected = max((len(run.results) for run in self.legs), default=None)
        requests = {leg: self._main_request(leg, attempt) for leg in self.sides}
        runs = self._side_by_side(requests, attempt, expected)
        self.legs += [replace(run, repeats=True) for run in runs]
        self._recover(attempt)

    @property
    def lacking(self) -> bool:
        """Whether every leg of some side that was to run everything broke."""
        unbroken = {run.leg for run in self.legs if run.main and broken(run) is None}
        return not unbroken.issuperset(self.sides)

    def control_is_stored(self) -> bool:
        """Whether `main` would run the candidate alone, beside a stored control."""
        wanted = Leg.CONTROL in self.sides and not self.settings.fresh_control
        return wanted and self.controls.has(self._control)

    @property
    def ended(self) -> bool:
        """Whether no further leg can be run."""
        return self.interrupted or self.broken is not None

    @property
    def sides(self) -> tuple[Leg, ...]:
        """The legs that were asked for."""
        return (Leg.CONTROL, Leg.CANDIDATE) if self.settings.control else (Leg.CANDIDATE,)

    @property
    def _tests(self) -> Artefact:
        """What is run in a leg: scenarios, or a commit's tests."""
        return self.cell.scenarios or self.built.tests

    @property
    def _control(self) -> Control:
        """What decides over the control, and but for its artefact over the candidate."""
        keys = {
            "suite": self.built.suite.key,
            "tests": self.built.tests.key,
            "frontend": self.built.control.key,
            "buildctl": self.built.client.key if self.built.client else "",
        }
        made = control_of(self.cell, self.settings, **keys)
        return dataclasses.replace(made, select=self.taken_up) if self.taken_up else made

    def _skip(self, also: Sequence[str] = ()) -> str:
        return selection.skip([*also, *self._control.skip], self._tests.go_minor)

    def _main_request(self, leg: Leg, attempt: int = 0) -> LegRequest:
        return self._request(leg, attempt, self._control.select)

    def _request_rest(self, leg: Leg, attempt: int, rest: Rest) -> LegRequest:
        request = self._request(leg, attempt, rest.select)
        parallel = 1 if rest.alone else request.parallel
        return dataclasses.replace(request, skip=self._skip(rest.skip), parallel=parallel)

    def _request(self, leg: Leg, attempt: int, select: str) -> LegRequest:
        told = self._control
        engine = self.cell.pair.engine if leg is Leg.CANDIDATE else ""
        return LegRequest(
            suite=self.built.daemon(leg, self.cell.pair.vary),
            tests=self._tests,
            client=self.cell.pair.client,
            buildctl=self.built.buildctl(leg, self.cell.pair.vary),
            frontend=self.built.control if leg is Leg.CONTROL else self.built.candidate,
            worker=told.worker,
            select=select,
            # In reruns too: a test runs again with its whole sandbox, and a skipped test of the
            # same sandbox may be one that hurts the host.
            skip=self._skip(),
            parallel=told.parallel,
            procs=told.parallel,
            timeout=told.timeout,
            # An engine is to reach what a leg serves on the loopback.
            offline=told.offline and not engine,
            mirror=self.cell.mirror,
            folder=self.folder.leg(leg, attempt).path,
            environment=dict(told.environment),
            scenarios=self.cell.pair.scenarios,
            engine=engine,
            rootless=self.cell.worker.rootless,
            programs=self.cell.worker.programs,
            gateway=self.gateways.get(leg),
        )

    def _side_by_side(
        self, requests: dict[Leg, LegRequest], attempt: int, expected: int | None
    ) -> list[LegRun]:
        """Run legs at the same time; where they were stopped, give what they had by then."""
        if self.ended:
            return []
        done: dict[Leg, LegRun] = {}
        with Crew(max(1, len(requests)), "leg") as crew:

            def run(leg: Leg, request: LegRequest) -> None:
                folder = self.folder.leg(leg, attempt)
                done[leg] = self.runner.run(request, folder, leg, attempt, expected)
                if fault := broken(done[leg]):
                    self.broken = self.broken or fault
                    crew.stop()

            try:
                for leg, request in requests.items():
                    crew.start(run, leg, request)
                crew.wait()
            except Interrupted:
                self.interrupted = self.broken is None
                crew.stop()
            except KeyboardInterrupt:
                self.interrupted = True
                crew.stop()
        self.interrupted = self.interrupted or stop_asked()
        if self.broken and not attempt and len(done) < len(requests):
            raise InfrastructureError(self.broken.words)
        return [self._stopped(done[leg]) for leg in requests if leg in done]

    def _stopped(self, run: LegRun) -> LegRun:
        """Excuse a leg that was stopped because the other one broke."""
        own_end = run.exit_status is not None or run.timed_out or run.faults
        return run if self.broken is None or own_end else excused(run, self.broken)
