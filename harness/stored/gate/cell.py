"""What is to be found in one cell; pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from msgspec.structs import replace

from harness.config.policy import Policy, Stance
from harness.gotest import names
from harness.gotest.fingerprint import normalise
from harness.gotest.selection import asks_for_all
from harness.model import Judgement, Leg, Pair, Run, Scenario, Vary, Verdict
from harness.model.matrix import CellResult, CellState
from harness.reports.logs import Logs
from harness.reports.rates import flakes, odds
from harness.reports.summary import (
    attempts,
    headline,
    main_leg,
    ref_name,
    side_error,
    suspicions,
    title,
)
from harness.reports.text import duration, one_line, parsed_time, visible
from harness.stored.gate.findings import Finding, Kind, Release
from harness.verdict.answers import lie
from harness.verdict.overall import of_pair

_NAME = 300
_REASON = 400

_SKEW = timedelta(minutes=5)
"""By which the clocks of two machines may differ."""

_STATES = {
    CellState.FAILED: (Kind.FAILED, "{pair} could not be built or run: {error}"),
    CellState.INTERRUPTED: (Kind.INTERRUPTED, "{pair} was stopped before its end"),
    CellState.MISSING: (Kind.MISSING, "{pair} has no result"),
}
_SAYS = {
    Kind.REGRESSED: "{test} regressed in {pair}: it passes with {base}'s frontend and fails "
    "with {frontend}'s: {error}",
    Kind.WRONG: "{feature} builds the wrong thing on {suite} with {frontend}'s frontend, and says "
    "nothing: {error}",
    Kind.LOST: "{test} was lost in {pair}: it ran with {base}'s frontend and did not run with "
    "{frontend}'s",
    Kind.CHANGED_FAILURE: "{test} passes with neither frontend in {pair}, in different ways; "
    "{base}'s: {control}; {frontend}'s: {error}",
    Kind.STALE_ENTRY: "{test} passes in {pair}, but {entry} expects it to fail: {reason}",
    Kind.FLAKY: "{test} did not do the same in every attempt in {pair}, flaky {rate}: {error}",
    Kind.UNAVAILABLE: "{test} is not covered in {pair}: {error}",
    Kind.SUSPICIOUS: "{test} passed in {pair}, but its daemon said what it should not, in "
    "the candidate alone: {error}",
    Kind.INFRA: "{test} failed in {pair} because of the machine or the network: {error}",
}
_RACY = "{test} regressed in {pair} with {frontend}'s frontend, {odds}: {error}"
_WRONG = (
    "{test} fails on {suite}, and passes on its own tests' daemon with the same frontend, "
    "{frontend}'s: {error}"
)
_OF_DAEMONS = {
    Kind.REGRESSED: _WRONG,
    Kind.LOST: "{test} was lost in {pair}: it ran on {base}'s daemon and did not run on {suite}'s",
    Kind.CHANGED_FAILURE: "{test} passes on neither daemon in {pair}, in different ways; "
    "{base}'s: {control}; {suite}'s: {error}",
    Kind.FLOOR_RISEN: "{test} fails on {suite} with {frontend}'s frontend, and is to pass from "
    "{since} on ({floor}): {error}",
    Kind.NO_FLOOR: f"{_WRONG}; it has no floor yet",
    Kind.FLOOR_FALLEN: "{test} passes on {suite} with {frontend}'s frontend, and was to pass from "
    "{since} on alone ({floor})",
    Kind.REFUSED: "{test} is refused by {suite}, and has no floor yet: {error}",
}
_NOT_RUN = "{pair} is not covered: its worker needs what was not there: {error}"
_LIMITED = "{pair} is not covered: a registry gave no more images for a while: it needs {error}"
_ALONE = "{test} fails in {pair}, and no control excuses it: {error}"


def _lacks(run: Run) -> str:
    return one_line(", ".join(run.lacks), _REASON)


Again = Callable[[str], tuple[str, ...]]
"""Returns the command that runs a cell once more, by its id."""


@dataclass(frozen=True)
class Cell:
    """A cell of a stored run, and what came of it."""

    again: Again
    pair: Pair
    result: CellResult
    run: Run | None

    def findings(
        self, policy: Policy, now: datetime, releases: tuple[Release, ...]
    ) -> list[Finding]:
        """Find all that is the matter; flaky tests are told, for their budget is everybody's."""
        return [
            *self._state(policy),
            *self._commits(releases),
            *self._age(policy, now),
            *self._tests(policy),
        ]

    @property
    def done(self) -> bool:
        """Whether it came to an end."""
        return self.result.state is CellState.DONE and self.run is not None

    @property
    def started(self) -> str:
        """When its run began, as the run says."""
        return self.run.started if self.run else self.result.started

    def _state(self, policy: Policy) -> Iterator[Finding]:
        if self.result.state in _STATES:
            kind, says = _STATES[self.result.state]
            error = one_line(self.result.error.strip(), _REASON) or "no reason was recorded"
            yield self._finding(kind, says, error=error)
        elif self.run and self.run.lacks:
            says = _LIMITED if self.run.limited else _NOT_RUN
            found = self._finding(Kind.UNAVAILABLE, says, error=_lacks(self.run))
            was_to_be = self.run.limited and not self.run.offline
            yield replace(found, refused=policy.unavailable is Stance.REFUSE or was_to_be)
        elif self.run is None or self._undecided(self.run):
            told = headline(self.run) if self.run else "there is no run"
            told = told.removeprefix(f"{Verdict.INDETERMINATE.upper()}: ")
            yield self._finding(Kind.INDETERMINATE, "too little ran in {pair}: {told}", told=told)
        elif not asks_for_all(self.run):
            yield self._finding(Kind.PARTIAL, "{pair} ran only some tests of its suite")

    def _undecided(self, run: Run) -> bool:
        verdicts = {self.result.verdict, run.verdict, of_pair(run.judgements)}
        return Verdict.INDETERMINATE in verdicts

    def _commits(self, releases: tuple[Release, ...]) -> Iterator[Finding]:
        for release in releases:
            for side in (self.pair.suite, self.pair.frontend):
                named = {release.name, release.ref} & {side.asked, side.ref}
                if named and not release.is_commit(side.sha):
                    yield self._finding(
                        Kind.OTHER_COMMIT,
                        "{pair} has {name} at {had}, but {sha} is to be released",
                        name=visible(release.name),
                        had=side.short,
                        sha=release.sha[:7],
                    )
                    return

    def _age(self, policy: Policy, now: datetime) -> Iterator[Finding]:
        if not self.done:
            return
        began = parsed_time(self.started)
        if began is None:
            says = "{pair} does not say when it ran: {started}"
            yield self._finding(Kind.TOO_OLD, says, started=one_line(self.started, 40) or "''")
            return
        age = now - began
        if age < -_SKEW:
            says = "{pair} says that it ran at {started}, which is yet to come: a clock is wrong"
            yield self._finding(Kind.TOO_OLD, says, started=one_line(self.started, 40))
        elif age.total_seconds() > policy.max_age:
            yield self._finding(
                Kind.TOO_OLD,
                "{pair} ran {age} ago, and {limit} are allowed",
                age=duration(age.total_seconds()),
                limit=duration(policy.max_age),
            )

    def _tests(self, policy: Policy) -> Iterator[Finding]:
        if self.run is None:
            return
        refused = {
            Kind.CHANGED_FAILURE: policy.changed_failures is Stance.REFUSE,
            Kind.STALE_ENTRY: policy.stale_entries is Stance.REFUSE,
            Kind.FLAKY: False,
            Kind.UNAVAILABLE: policy.unavailable is Stance.REFUSE or not self.run.offline,
        }
        logs = Logs(self.run)
        for row in self.run.judgements:
            if lie(row, self._scenarios):
                yield self._test(self.run, row, logs, Kind.WRONG, refused=True)
            elif self.pair.vary is Vary.DAEMON and (floored := _by_floor(self.run, row)):
                yield self._test(self.run, row, logs, floored, refused=floored not in _TOLD)
            elif row.verdict in _OWN_KIND:
                kind = Kind(row.verdict.value)
                yield self._test(self.run, row, logs, kind, refused=refused.get(kind, True))
            yield from self._suspicious(self.run, row, policy)

    def _suspicious(self, run: Run, row: Judgement, policy: Policy) -> Iterator[Finding]:
        """Find what only the candidate's daemon said: the rest is the daemon's own affair."""
        told = suspicions(row)
        own = {it.kind for leg, it in told if leg is Leg.CONTROL}
        for leg, it in told:
            if leg is Leg.CANDIDATE and it.kind not in own:
                error = f"{visible(it.kind)}: {one_line(it.words, _REASON)}"
                yield Finding(
                    kind=Kind.SUSPICIOUS,
                    refused=policy.suspicious is Stance.REFUSE,
                    says=_SAYS[Kind.SUSPICIOUS],
                    words={**self._words, **self._test_words(row), "error": error},
                    cell=self.result.id,
                    test=row.name,
                    cause=normalise(error),
                    log=f"{self.result.run}/{it.log}".removeprefix("./"),
                    reproduce=run.command,
                )

    def _test(self, run: Run, row: Judgement, logs: Logs, kind: Kind, *, refused: bool) -> Finding:
        varied = self.pair.vary is Vary.DAEMON
        says = _OF_DAEMONS[kind] if varied and kind in _OF_DAEMONS else _SAYS[kind]
        if kind is Kind.REGRESSED and main_leg(run, Leg.CONTROL) is None:
            says = _ALONE
        elif odds(row):
            says = _RACY
        words = self._test_words(row)
        function = names.parse(row.name).function
        asked = ("--tests", function) if function else ()
        return Finding(
            kind=kind,
            refused=refused,
            says=says,
            words={**self._words, **words},
            cell=self.result.id,
            test=row.name,
            cause=normalise(words["error"]),
            entry=row.entry,
            log=f"{self.result.run}/{logs.path(row, Leg.CANDIDATE)}".removeprefix("./"),
            reproduce=(*run.command, *asked) if run.command else (),
        )

    def _test_words(self, row: Judgement) -> dict[str, str]:
        told = {leg: side_error(row, leg) or _outcomes(row, leg) for leg in Leg}
        error = told[Leg.CANDIDATE]
        if row.verdict in {Verdict.FLAKY, Verdict.INFRA}:
            error = side_error(row, Leg.CANDIDATE) or side_error(row, Leg.CONTROL) or error
        words = {"test": one_line(names.display(row.name, self._known), _NAME)}
        words |= {
            "feature": one_line(lie(row, self._scenarios), _NAME),
            "error": error,
            "control": told[Leg.CONTROL],
            "rate": flakes(row),
            "odds": odds(row),
        }
        if row.entry:
            reason = one_line(row.entry.reason, _REASON)
            words |= {"entry": visible(row.entry.where), "reason": reason}
        else:
            words |= {"entry": "an entry", "reason": "it is not recorded which"}
        if row.floor:
            words |= {"floor": visible(row.floor.where), "since": visible(row.floor.since)}
        return words

    def _finding(self, kind: Kind, says: str, **words: str) -> Finding:
        return Finding(
            kind=kind,
            refused=True,
            says=says,
            words={**self._words, **words},
            cell=self.result.id,
            cause="" if kind is not Kind.FAILED else words["error"],
            reproduce=() if self.pair.adopted else self.again(self.result.id),
        )

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(row.name for row in self.run.judgements) if self.run else frozenset()

    @cached_property
    def _scenarios(self) -> tuple[Scenario, ...]:
        return self.run.scenarios.rows if self.run and self.run.scenarios else ()

    @cached_property
    def _words(self) -> dict[str, str]:
        control = self.pair.control_frontend
        if self.pair.vary is Vary.DAEMON:
            control = self.pair.control_daemon
        return {
            "pair": title(self.pair),
            "base": ref_name(control.commit),
            "suite": ref_name(self.pair.suite),
            "frontend": ref_name(self.pair.frontend),
        }


_OWN_KIND = frozenset(
    it for it in Verdict if it.deserves_detail and it is not Verdict.INDETERMINATE
) | {Verdict.UNAVAILABLE}
_TOLD = {Kind.NO_FLOOR, Kind.FLOOR_FALLEN, Kind.REFUSED}


def _by_floor(run: Run, row: Judgement) -> Kind | None:
    """Return what is the matter with a test by its floor, or for want of one."""
    floor = row.floor
    if floor is None:
        if row.verdict is Verdict.REFUSED:
            return Kind.REFUSED
        proposed = row.verdict is Verdict.REGRESSED and any(it.floor for it in run.judgements)
        return Kind.NO_FLOOR if proposed else None
    if row.verdict is Verdict.REGRESSED:
        return Kind.FLOOR_RISEN if floor.holds else None
    fallen = row.verdict.passes and not floor.holds
    return Kind.FLOOR_FALLEN if fallen else None


def _outcomes(row: Judgement, leg: Leg) -> str:
    return ", ".join(result.outcome.value for result in attempts(row, leg)) or "not run"
