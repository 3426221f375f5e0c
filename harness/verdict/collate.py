"""Brings both sides of every test together: attempts in, judgements out. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import partial

from msgspec.structs import replace

from harness.config.skiplists import Entry
from harness.config.testnames import ROOT
from harness.gotest.company import beside
from harness.gotest.excerpts import head
from harness.gotest.names import TestKey, parse, sandbox_name
from harness.model import (
    Company,
    EntryRef,
    Evidence,
    Judgement,
    Leg,
    LegRun,
    Outcome,
    Reason,
    Recent,
    Result,
)
from harness.verdict.faults import kept_from_running
from harness.verdict.floors import Promises
from harness.verdict.table import ends, judge, weigh

_Told = tuple[LegRun, dict[str, Result]]
"""A leg and its results by name."""

_Attempts = Sequence[tuple[LegRun, Result]]
"""Legs that were meant to run one test, and what it did in them."""

Recents = Mapping[str, Recent]
"""What tests did in recent runs, by full name."""


def judgements(
    legs: Sequence[LegRun],
    entries: Sequence[Entry],
    recents: Recents,
    promises: Promises | None = None,
) -> tuple[Judgement, ...]:
    """Judge every test that either side of a main run names, or the rest of one that was cut off.

    Reruns add attempts. Where a main run was interrupted and taken up again, that is another
    attempt too: what the first one did not get to says nothing, and is set aside.
    """
    known = known_names(legs)
    told = [(leg, {result.name: result for result in reversed(leg.results)}) for leg in legs]
    first = [leg for leg in legs if leg.main or leg.recovers is not None]
    names = [
        result.name
        for leg in first
        for result in leg.results
        if _calls_for_verdict(result, leg, legs)
    ]
    names += [name for leg in first for name in leg.failed_below if _only_evidence(name, leg, told)]
    judged = partial(_judgement, told, entries, recents, promises, known)
    return tuple(map(judged, dict.fromkeys(names)))


def decided(judged: Iterable[Judgement], sides: Collection[Leg]) -> tuple[Judgement, ...]:
    """Return the judgements of an interrupted run that stand: the test ended on all these sides."""
    return tuple(
        row
        for row in judged
        if (Leg.CONTROL not in sides or _ended(row.control)) and _ended(row.candidate)
    )


def known_names(legs: Iterable[LegRun]) -> frozenset[str]:
    """Return every test name that was seen, parents too."""
    return frozenset(
        name for leg in legs for name in (*leg.parents, *(result.name for result in leg.results))
    )


def function_of(name: str, known: frozenset[str]) -> str:
    """Return the test function, as `--tests` takes it; empty for the suite's own parent."""
    return key_of_test(name, known).function


def is_suite(name: str) -> bool:
    """Return whether this is the suite's own parent, or a slice's: no test, and not run again."""
    key = parse(name)
    return key.root == ROOT and not (key.function or key.subtest)


def key_of_test(name: str, known: frozenset[str]) -> TestKey:
    """Take a name apart with the help of all names that were seen."""
    return parse(name, sandbox_name(name, known))


def matches(entry: Entry, key: TestKey) -> bool:
    """Return whether an entry is about a test."""
    return entry.matches_test(key.function, key.worker, dict(key.params), key.subtest)


def ref(entry: Entry) -> EntryRef:
    """Keep of an entry what a reader of the run needs."""
    return EntryRef(where=entry.where, status=entry.status, reason=entry.reason, issue=entry.issue)


def _judgement(
    told: Sequence[_Told],
    entries: Sequence[Entry],
    recents: Recents,
    promises: Promises | None,
    known: frozenset[str],
    name: str,
) -> Judgement:
    key = key_of_test(name, known)
    entry = next((entry for entry in entries if matches(entry, key)), None)
    sides = {side: list(_results(told, side, name)) for side in Leg}
    control, candidate = (tuple(result for _, result in sides[side]) for side in Leg)
    recent = recents.get(name)
    floor = promises.of(key) if promises else None
    verdict = judge(control, candidate, entry, recent, promises.allowed(floor) if promises else ())
    return Judgement(
        name=name,
        verdict=verdict,
        control=control,
        candidate=candidate,
        entry=ref(entry) if entry else None,
        floor=floor,
        recent=None if verdict.passes or verdict.plain else recent,
        evidence=_evidence(sides, known),
    )


def _evidence(sides: Mapping[Leg, _Attempts], known: frozenset[str]) -> Evidence | None:
    """Weigh both sides, and tell the attempts apart by the company that they had."""
    whole = weigh(*([result for _, result in sides[side]] for side in Leg))
    if whole is None:
        return None
    had: dict[int, dict[Leg, list[Result]]] = {}
    for side, attempts in sides.items():
        for leg, result in attempts:
            if (number := beside(leg, known)) is not None:
                had.setdefault(number, {side: [] for side in Leg})[side].append(result)
    companies = (
        Company(beside=number, control=ends(told[Leg.CONTROL]), candidate=ends(told[Leg.CANDIDATE]))
        for number, told in sorted(had.items())
    )
    return replace(whole, companies=tuple(companies))


def _results(told: Sequence[_Told], side: Leg, name: str) -> Iterable[tuple[LegRun, Result]]:
    """Return each attempt of one side that was meant to run a test, and what the test did."""
    for leg, results in told:
        if leg.leg is not side:
            continue
        if name in results:
            yield leg, results[name]
        elif name in leg.parents:
            below = leg.failed_below.get(name)
            error = "\n".join(("a subtest failed:", *below)) if below else ""
            yield leg, Result(name=name, outcome=leg.parents[name], error=head(error))
        elif leg.attempt == 0:
            yield leg, Result(name=name, outcome=Outcome.MISSING, reason=kept_from_running(leg))


def _failed_by_itself(result: Result) -> bool:
    spurious = result.reason is not None and result.reason.spurious
    return result.outcome.failing and not spurious


def _calls_for_verdict(result: Result, leg: LegRun, legs: Iterable[LegRun]) -> bool:
    """Return whether a result is that of a test.

    The suite's own parent is none: that it ended well, or that the machine ended it, says nothing
    about any, nor that it ended early where the rest was run. Where a leg that was cut off was gone
    on with, what it cut off may turn out to be a parent too.
    """
    goes_on = (it for it in legs if it.resumes or it.recovers is not None)
    later = [it for it in goes_on if it.attempt > leg.attempt]
    ended = _ended((result,))
    if is_suite(result.name):
        gone_on = leg.cut is not None and any(it.leg is leg.leg for it in later)
        return not gone_on and (ended or not later) and _failed_by_itself(result)
    return ended or not any(result.name in it.parents for it in later)


def _only_evidence(name: str, leg: LegRun, told: Sequence[_Told]) -> bool:
    """Return whether a parent fails with this frontend alone, because of subtests new there.

    These have no baseline; where one of them has passed, its own verdict says all that there is.
    """
    if leg.leg is not Leg.CANDIDATE or is_suite(name) or not _passed(told, name):
        return False
    return not any(_passed(told, below) for below in leg.failed_below[name])


def _passed(told: Sequence[_Told], name: str) -> bool:
    return any(it.outcome is Outcome.PASS for _, it in _results(told, Leg.CONTROL, name))


def _ended(results: Iterable[Result]) -> bool:
    return any(
        result.outcome is not Outcome.MISSING and result.reason is not Reason.INCOMPLETE
        for result in results
    )
