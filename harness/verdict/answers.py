"""What a scenario's results say of a feature on a daemon: works, refused, wrong. Pure.

A frontend may work on a daemon, or the pair may refuse what is asked; it must never build the
wrong thing and say nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum

from harness.gotest import names
from harness.model import Judgement, Outcome, Reason, Record, Result, Scenario, Verdict


class Answer(StrEnum):
    """What a feature does on a daemon, the worst first."""

    WRONG = "wrong"
    """The build succeeds, and what comes of it is not right."""
    CRASH = "crash"
    """The daemon, or another program, dies of it."""
    HANG = "hang"
    """It comes to no end."""
    UNCLEAR = "unclear"
    """The build fails, and its words do not say what is lacking."""
    REFUSED = "refused"
    """The build fails, and its words name what is lacking."""
    FAULT = "fault"
    """The scenario itself failed, which says nothing of the feature."""
    WORKS = "works"
    UNSEEN = "unseen"
    """It was not run, or the machine was in its way."""

    @property
    def tells(self) -> bool:
        """Whether it says anything of the feature."""
        return self not in {Answer.FAULT, Answer.UNSEEN}


_WORST_FIRST = tuple(Answer)

_BY_REASON = {
    Reason.REFUSED: Answer.REFUSED,
    Reason.WRONG: Answer.WRONG,
    Reason.UNCLEAR: Answer.UNCLEAR,
    Reason.PANIC: Answer.CRASH,
    Reason.DAEMON_GONE: Answer.CRASH,
    Reason.TIMEOUT: Answer.HANG,
    Reason.INCOMPLETE: Answer.UNSEEN,
}
_BY_OUTCOME = {
    Outcome.PASS: Answer.WORKS,
    Outcome.SKIP: Answer.UNSEEN,
    Outcome.MISSING: Answer.UNSEEN,
    Outcome.UNAVAILABLE: Answer.UNSEEN,
    Outcome.CRASH: Answer.CRASH,
    Outcome.HANG: Answer.HANG,
}


class Answered(Record, frozen=True, kw_only=True):
    """What several attempts come to."""

    answer: Answer
    result: Result | None
    """The first that says so; None if nothing was run."""
    alike: int
    """How many attempts say so."""
    attempts: int
    """Of how many that say anything."""


def answer(result: Result) -> Answer:
    """Return what one attempt says of its feature."""
    if result.reason is not None and result.reason.spurious:
        return Answer.UNSEEN
    plain = _BY_OUTCOME.get(result.outcome)
    if plain is not None:
        return plain
    return _BY_REASON.get(result.reason, Answer.FAULT) if result.reason else Answer.FAULT


def answered(results: Sequence[Result]) -> Answered:
    """Return the worst of what several attempts say; those that say nothing only if all do."""
    told = [(answer(it), it) for it in results]
    said = [it for it in told if it[0].tells] or told
    found = worst(it for it, _ in said)
    alike = [result for it, result in said if it is found]
    return Answered(
        answer=found, result=alike[0] if alike else None, alike=len(alike), attempts=len(said)
    )


def worst(answers: Iterable[Answer]) -> Answer:
    """Return the worst of some answers; unseen if there are none."""
    return min(answers, key=_WORST_FIRST.index, default=Answer.UNSEEN)


def scenario_of(name: str, rows: Sequence[Scenario]) -> Scenario | None:
    """Find what a result's scenario says of itself; its variants may have one in common."""
    function = names.parse(name).function
    by_test = {row.test: row for row in rows}
    return by_test.get(function) or by_test.get(function.rpartition("_")[0])


def lie(row: Judgement, rows: Sequence[Scenario]) -> str:
    """Return the feature that builds the wrong thing where it should not; empty if none does."""
    if row.verdict is not Verdict.REGRESSED or answered(row.candidate).answer is not Answer.WRONG:
        return ""
    scenario = scenario_of(row.name, rows)
    return scenario.feature if scenario else ""
