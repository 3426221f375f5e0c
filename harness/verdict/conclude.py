"""What the legs of a pair come to: judgements, the pair's verdict, what to run again. Pure.

A run ends with this, and a stored run is judged again with it: equal legs and equal entries give
equal conclusions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from harness.config.skiplists import Entry
from harness.errors import ExitCode
from harness.model import EntryRef, Judgement, Leg, LegRun, Reason, Verdict, came_to_end
from harness.verdict.collate import Recents, decided, function_of, judgements, known_names
from harness.verdict.faults import ended_by
from harness.verdict.floors import Promises
from harness.verdict.idle import Seen, unmatched
from harness.verdict.overall import of_pair


@dataclass(frozen=True)
class Asked:
    """What a run was asked for, as far as it decides what its legs mean."""

    command: tuple[str, ...]
    """What the user would type for this pair; empty if it cannot be run here."""
    sides: Collection[Leg]
    """The legs that were asked for."""
    whole: bool
    """Whether every function of the suite was."""
    worker: str
    interrupted: bool = False
    offline: bool = False
    """Whether it was to do without the network; with it, what is lacking is to be there."""
    functions: frozenset[str] = frozenset()
    """Test functions that the suite's sources have; empty if that is not known."""
    lacks: tuple[str, ...] = ()
    """What the pair needs and was not there, so that nothing was run."""
    limited: bool = False
    """Whether that is a registry's limited rate, which may be over the next time."""


@dataclass(frozen=True)
class Conclusion:
    """The fields of a Run that its legs, its entries and what was asked for decide."""

    judgements: tuple[Judgement, ...]
    unmatched: tuple[EntryRef, ...]
    verdict: Verdict
    counts: dict[Verdict, int]
    exit_code: int
    rerun: tuple[str, ...]


def conclude(
    legs: Sequence[LegRun],
    entries: Sequence[Entry],
    asked: Asked,
    recents: Recents,
    promises: Promises | None = None,
) -> Conclusion:
    """Judge every test and the pair; `recents` is what its tests did in recent runs.

    `promises` is what floors say of them; None where the daemon does not vary.
    """
    judged = judgements(legs, entries, recents, promises)
    if asked.interrupted:
        judged = decided(judged, asked.sides)
    known = known_names(legs)
    ended = asked.interrupted or ended_by(legs) is not None
    seen = Seen(known, recents.keys(), asked.functions, asked.worker)
    overall = _overall(judged, legs, asked)
    return Conclusion(
        judgements=judged,
        unmatched=unmatched(entries, judged, seen) if asked.whole and not ended else (),
        verdict=overall,
        counts=dict(Counter(row.verdict for row in judged)),
        exit_code=_exit_code(overall, asked),
        rerun=_rerun(asked.command, judged, known),
    )


def unexpected(judged: Sequence[Judgement]) -> list[Judgement]:
    """Return what is worth another attempt, and what met a limit, which may be over."""
    return [row for row in judged if row.verdict.unexpected or _met_a_limit(row)]


def _met_a_limit(row: Judgement) -> bool:
    return any(result.reason is Reason.RATE_LIMIT for result in row.candidate) and (
        row.verdict is Verdict.UNAVAILABLE
    )


def _overall(judged: Sequence[Judgement], legs: Sequence[LegRun], asked: Asked) -> Verdict:
    """Return the pair's verdict; a part of a run can show a regression and nothing else.

    A worker that cannot run here says so of all its tests at once. If neither side came to its
    end, there may be tests of which nobody knows. What was lacking is as it should be offline
    alone.
    """
    if asked.lacks and not legs:
        return Verdict.UNAVAILABLE
    overall = of_pair(judged)
    code = overall.exit_code
    if asked.interrupted:
        return overall if code is ExitCode.REGRESSION else Verdict.INDETERMINATE
    if ended_by(legs) is not None:
        return Verdict.INFRA
    lacked = any(row.verdict is Verdict.UNAVAILABLE for row in judged)
    if lacked and not asked.offline and not overall.blames_frontend:
        return Verdict.INFRA
    whole = came_to_end(legs)
    return overall if whole or code is not ExitCode.COMPATIBLE else Verdict.INDETERMINATE


def _exit_code(overall: Verdict, asked: Asked) -> int:
    """Return the exit code of a pair; a run with network is to have what a registry gives."""
    if asked.interrupted:
        return ExitCode.INTERRUPTED
    if asked.limited and overall is Verdict.UNAVAILABLE and not asked.offline:
        return ExitCode.INFRASTRUCTURE
    return overall.exit_code


def _rerun(
    command: tuple[str, ...], judged: Sequence[Judgement], known: frozenset[str]
) -> tuple[str, ...]:
    functions = dict.fromkeys(function_of(row.name, known) for row in unexpected(judged))
    words = [word for name in functions if name for word in ("--tests", name)]
    return (*command, *words) if command and words else ()
