"""From what both sides did to a verdict: pure, total, and the only place that knows the table.

An attempt that says nothing about a frontend (the test never appeared, the leg ended under it,
this machine or the network failed) is set aside if another attempt of that side says something.
What remains decides:

    control   candidate           verdict
    pass      pass                compatible
    pass      failing             regressed, or known if the entry's signature matches
    pass      skip or missing     lost
    failing   pass                fixed
    failing   same fingerprint    same-failure: the old commit or this host, not the frontend
    failing   other fingerprint   changed-failure, or known
    failing   skip                changed-failure
    skip      skip                skipped: nothing was learnt
    skip      pass                compatible
    skip      failing             changed-failure, or known: there is no baseline
    missing   as for skip
    failing   missing             lost
    skip      missing             indeterminate: neither side got to it
    missing   missing             indeterminate
    unavailable on either side    unavailable: what the test needs was lacking, known beforehand
    none      failing             regressed, or known: without a control nothing excuses it
    mixed on either side          flaky, or known if an entry says so, its signature matches
                                  and its budget holds; regressed, or known if the entry's
                                  signature matches, where it is decided that the candidate
                                  fails more often (harness/verdict/evidence.py)
    any       any                 skipped if an entry says that the test is not run
    not pass  not pass            unavailable if an entry names what the test needs and lacked

Where the daemon varies and not the frontend, a control that passes and a candidate that fails are
what an old daemon is: `refused` where the daemon says in each attempt that it is too old, and
`known` where a floor says that the test fails in this way below it. From its floor on a test is
to pass, whatever the daemon says, else it is `regressed`.

A side whose last four attempts all failed is broken, not flaky, whatever it did before: those
four alone count.

Where the history knows what a test did in recent runs, the budget of a flaky entry is counted
over those and this one. A candidate that failed in all attempts of this run may then have merely
flaked: `known`, if the entry has both a signature, found in each failure, and a budget, which
holds, and it has not been so for four runs in a row.

Where the candidate fails and the reason of either side is spurious, the verdict is `infra`
unless both sides fail alike or the signature of an entry names the candidate's failure: else an
offline machine would see nothing but infra. That holds for causes that stay; of two failures for
want of disk, memory or engine none is like another. So is `infra` what never ran because the
machine cut the leg short. Where all that failed the candidate is a server that limits the rate
of requests, the verdict is `unavailable`. A candidate that passes where the control failed for a
spurious reason is compatible; it fixed nothing. An expected failure that passes is a stale entry,
whatever the control did.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from enum import Enum, auto

from harness.config.skiplists import Entry
from harness.model import (
    Below,
    Evidence,
    Outcome,
    Reason,
    Recent,
    Result,
    Status,
    Tally,
    Verdict,
)
from harness.verdict.evidence import confidence, decided

BROKEN_AFTER = 4
"""Failures in a row, of attempts or of runs, after which a test no longer counts as flaky."""

_PARTS = 10_000
"""Of a probability, the parts in which it is told."""


class _Kind(Enum):
    NONE = auto()
    PASS = auto()
    FAILING = auto()
    SKIP = auto()
    MISSING = auto()
    UNAVAILABLE = auto()
    MIXED = auto()


_KINDS = {
    Outcome.PASS: _Kind.PASS,
    Outcome.SKIP: _Kind.SKIP,
    Outcome.MISSING: _Kind.MISSING,
    Outcome.UNAVAILABLE: _Kind.UNAVAILABLE,
}


def judge(
    control: Sequence[Result],
    candidate: Sequence[Result],
    entry: Entry | None,
    recent: Recent | None = None,
    allowed: Collection[Below] = (),
) -> Verdict:
    """Return the verdict on one test from every attempt of both sides.

    `control` is empty if there was no control run; `recent` is None if nothing is known of
    earlier runs. `allowed` is how a test may fail on a daemon that is too old for it.
    """
    if left_out := _left_out((*control, *candidate), entry):
        return left_out
    ours, theirs = telling_part(control), telling_part(candidate)
    before, after = _kind(ours), _kind(theirs)
    if _Kind.MIXED in {before, after}:
        return _mixed(weigh(control, candidate), ours, theirs, entry, recent)
    if after is _Kind.PASS:
        return _passed(before, ours, entry)
    if after is _Kind.FAILING:
        failed = _failed(before, ours, theirs, entry, recent)
        outgrown = failed is Verdict.REGRESSED and before is _Kind.PASS
        return _below(theirs, allowed) if outgrown else failed
    if after is _Kind.SKIP:
        return _skipped(before)
    return _missed(before, theirs)


def flake_rate(results: Sequence[Result]) -> tuple[int, int] | None:
    """Return how many attempts of one side failed or were skipped, of how many; None if not mixed.

    Attempts that say nothing do not count.
    """
    said = telling_part(results)
    if _kind(said) is not _Kind.MIXED:
        return None
    return sum(result.outcome is not Outcome.PASS for result in said), len(said)


def tally(results: Sequence[Result]) -> Tally:
    """Count the attempts of one side that passed or failed; none, if it only skipped."""
    said = [result for result in results if _telling(result)]
    if all(result.outcome is Outcome.SKIP for result in said):
        return Tally()
    failed = sum(result.outcome is not Outcome.PASS for result in said)
    return Tally(failed=failed, attempts=len(said))


def weigh(control: Sequence[Result], candidate: Sequence[Result]) -> Evidence | None:
    """Weigh both sides of a test that now passes, now fails on either of them.

    None if neither side does, and where one side has neither passed nor failed.
    """
    ours, theirs = ends(control), ends(candidate)
    differ = any(0 < side.failed < side.attempts for side in (ours, theirs))
    if not (differ and ours.attempts and theirs.attempts):
        return None
    return Evidence(
        control=ours,
        candidate=theirs,
        confidence=int(confidence(ours, theirs) * _PARTS) / _PARTS,
        decided=decided(ours, theirs),
    )


def ends(results: Iterable[Result]) -> Tally:
    """Count the attempts that passed or failed, without those that were skipped or say nothing."""
    ended = [it for it in results if _telling(it) and it.outcome is not Outcome.SKIP]
    return Tally(failed=sum(it.outcome.failing for it in ended), attempts=len(ended))


def _left_out(results: Sequence[Result], entry: Entry | None) -> Verdict | None:
    """Return the verdict on a test that was not to run, or would not be today; else None.

    A test that passed on either side had all that it needs, whatever an entry says.
    """
    status = entry.status if entry else None
    if status is Status.SKIP:
        return Verdict.SKIPPED
    outcomes = {result.outcome for result in results}
    lacked = status is Status.UNAVAILABLE and Outcome.PASS not in outcomes
    return Verdict.UNAVAILABLE if lacked or Outcome.UNAVAILABLE in outcomes else None


def _mixed(
    weighed: Evidence | None,
    ours: Sequence[Result],
    theirs: Sequence[Result],
    entry: Entry | None,
    recent: Recent | None,
) -> Verdict:
    if _afforded(ours, theirs, entry, recent):
        return Verdict.KNOWN
    if weighed is None or not weighed.decided:
        return Verdict.FLAKY
    return Verdict.KNOWN if _explained(theirs, entry) else Verdict.REGRESSED


def _afforded(
    ours: Sequence[Result], theirs: Sequence[Result], entry: Entry | None, recent: Recent | None
) -> bool:
    """Return whether an entry knows a test to be flaky, as often as it failed and in that way."""
    if entry is None or entry.status is not Status.FLAKY:
        return False
    before = (recent.control, recent.candidate) if recent else (Tally(), Tally())
    return all(
        _named(entry, side) and _affords(entry, side, past)
        for side, past in zip((ours, theirs), before, strict=True)
        if _kind(side) is _Kind.MIXED
    )


def _affords(entry: Entry, results: Sequence[Result], before: Tally) -> bool:
    """Return whether a side's failures are within a budget, those of earlier runs with them."""
    failed = sum(result.outcome is not Outcome.PASS for result in results)
    return entry.affords(before.failed + failed, before.attempts + len(results))


def _passed(before: _Kind, ours: Sequence[Result], entry: Entry | None) -> Verdict:
    if entry is not None and entry.status is Status.EXPECTED_FAILURE:
        return Verdict.STALE_ENTRY
    fixed = before is _Kind.FAILING and not _spurious(ours)
    return Verdict.FIXED if fixed else Verdict.COMPATIBLE


def _failed(
    before: _Kind,
    ours: Sequence[Result],
    theirs: Sequence[Result],
    entry: Entry | None,
    recent: Recent | None,
) -> Verdict:
    alike = before is _Kind.FAILING and bool(_prints(ours) & _prints(theirs))
    if alike and not _momentary((*ours, *theirs)):
        return Verdict.SAME_FAILURE
    if _explained(theirs, entry) or _flaked(theirs, entry, recent):
        return Verdict.KNOWN
    if _spurious(theirs) or _spurious(ours):
        return Verdict.UNAVAILABLE if _limited(theirs) else Verdict.INFRA
    regressed = before in {_Kind.PASS, _Kind.NONE}
    return Verdict.REGRESSED if regressed else Verdict.CHANGED_FAILURE


def way(result: Result) -> Below:
    """Return how a failing test fails, as floors tell it."""
    if result.outcome in {Outcome.CRASH, Outcome.HANG}:
        return Below.CRASH
    return Below.REFUSED if result.reason is Reason.REFUSED else Below.WRONG


def _below(theirs: Sequence[Result], allowed: Collection[Below]) -> Verdict:
    """Return the verdict on a test that fails with this daemon and passes with its own."""
    ways = set(map(way, theirs))
    if not ways <= set(allowed):
        return Verdict.REGRESSED
    return Verdict.REFUSED if ways == {Below.REFUSED} else Verdict.KNOWN


def _skipped(before: _Kind) -> Verdict:
    if before is _Kind.PASS:
        return Verdict.LOST
    return Verdict.CHANGED_FAILURE if before is _Kind.FAILING else Verdict.SKIPPED


def _missed(before: _Kind, theirs: Sequence[Result]) -> Verdict:
    if _spurious(theirs):
        return Verdict.INFRA
    return Verdict.LOST if before in {_Kind.PASS, _Kind.FAILING} else Verdict.INDETERMINATE


def _explained(theirs: Sequence[Result], entry: Entry | None) -> bool:
    return entry is not None and entry.status is Status.EXPECTED_FAILURE and _named(entry, theirs)


def _flaked(theirs: Sequence[Result], entry: Entry | None, recent: Recent | None) -> bool:
    """Return whether a side that only failed is one that an entry knows to do so now and then.

    A new failure must not hide behind that: the entry has to name this one, and to set a limit.
    """
    if entry is None or entry.status is not Status.FLAKY or recent is None:
        return False
    if entry.signature is None or entry.budget is None or recent.failing + 1 >= BROKEN_AFTER:
        return False
    return _named(entry, theirs) and _affords(entry, theirs, recent.candidate)


def _named(entry: Entry, results: Sequence[Result]) -> bool:
    """Return whether an entry knows every failure of a side, or names none in particular."""
    return all(entry.explains(result.error) for result in results if result.outcome.failing)


def _telling(result: Result) -> bool:
    """Return whether an attempt says anything about the frontend."""
    spurious = result.reason is not None and result.reason.spurious
    silent = {Outcome.MISSING, Outcome.UNAVAILABLE}
    cut_off = result.reason is Reason.INCOMPLETE or result.outcome in silent
    return not (spurious or cut_off)


def telling_part(results: Sequence[Result]) -> Sequence[Result]:
    """Set aside the attempts that say nothing, unless there is nothing else.

    Of a side that has been failing for a while, those failures are all that it says.
    """
    telling = [result for result in results if _telling(result)]
    # Of silent attempts those count that failed: missing once and cut off once is not a flake.
    said = telling or [result for result in results if result.outcome.failing] or results
    last = said[-BROKEN_AFTER:]
    broken = len(last) == BROKEN_AFTER and all(result.outcome.failing for result in last)
    return last if broken and _kind(said) is _Kind.MIXED else said


def first_said(results: Sequence[Result]) -> Result:
    """Return the first of one side's attempts that says something, or if none does the first."""
    return next(filter(_telling, results), results[0])


def _kind(results: Sequence[Result]) -> _Kind:
    kinds = {_KINDS.get(result.outcome, _Kind.FAILING) for result in results}
    if not kinds:
        return _Kind.NONE
    return kinds.pop() if len(kinds) == 1 else _Kind.MIXED


def _spurious(results: Sequence[Result]) -> bool:
    return any(result.reason is not None and result.reason.spurious for result in results)


def _limited(results: Sequence[Result]) -> bool:
    return all(result.reason is Reason.RATE_LIMIT for result in results)


def _momentary(results: Sequence[Result]) -> bool:
    return any(result.reason is not None and result.reason.momentary for result in results)


def _prints(results: Sequence[Result]) -> frozenset[str]:
    return frozenset(result.fingerprint for result in results)
