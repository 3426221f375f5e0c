"""What a run says otherwise once it is judged again, and why. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from harness.model import EntryRef, Judgement, Leg, Pair, Record, Result, Run, Verdict
from harness.model.matrix import CellResult
from harness.stored.rejudge.rejudge import Rejudged


class Change(Record, frozen=True, kw_only=True):
    """A test whose verdict is another one; None where it has none."""

    name: str
    before: Verdict | None
    after: Verdict | None
    why: tuple[str, ...]
    """What made the difference, each in a clause."""


class CellChange(Record, frozen=True, kw_only=True):
    """A cell, and what became of its tests."""

    id: str
    pair: Pair
    before: Verdict
    after: Verdict
    tests: tuple[Change, ...]
    notes: tuple[str, ...]
    """Sentences about the cell as a whole."""

    @property
    def changed(self) -> bool:
        """Whether a reader has to hear of it."""
        return bool(self.tests) or self.before is not self.after


def cell_change(row: CellResult, run: Run, again: Rejudged) -> CellChange:
    """Compare a cell's run with what it is now."""
    return CellChange(
        id=row.id,
        pair=run.pair,
        before=run.verdict,
        after=again.run.verdict,
        tests=tuple(_tests(run.judgements, again.run.judgements)),
        notes=tuple(_notes(run, again)),
    )


def _tests(before: Sequence[Judgement], after: Sequence[Judgement]) -> Iterator[Change]:
    old = {row.name: row for row in before}
    new = {row.name: row for row in after}
    for name in dict.fromkeys((*new, *old)):
        was, now = old.get(name), new.get(name)
        if was is None or now is None or was.verdict is not now.verdict:
            yield Change(
                name=name,
                before=was.verdict if was else None,
                after=now.verdict if now else None,
                why=tuple(_why(was, now)),
            )


def _why(was: Judgement | None, now: Judgement | None) -> Iterator[str]:
    if was is None or now is None:
        yield "its output is read otherwise"
        return
    read = list(_read(was, now))
    yield from read
    if was.entry != now.entry:
        yield from _entries(was.entry, now.entry)
    elif not read:
        yield _rules(was, now)


def _rules(was: Judgement, now: Judgement) -> str:
    """Return what may be other where both sides and the entry are the same."""
    where = now.entry.where if now.entry else ""
    if where and was.verdict is Verdict.KNOWN:
        return f"{where} explains it no more"
    if where and now.verdict is Verdict.KNOWN:
        return f"{where} explains it now"
    return "verdicts have other rules"


def _entries(was: EntryRef | None, now: EntryRef | None) -> Iterator[str]:
    if was is not None:
        yield f"no more by {was.where} ({was.status})"
    if now is not None:
        yield f"now by {now.where} ({now.status}): {now.reason}"


def _read(was: Judgement, now: Judgement) -> Iterator[str]:
    sides = (Leg.CONTROL, was.control, now.control), (Leg.CANDIDATE, was.candidate, now.candidate)
    for leg, before, after in sides:
        if [_essence(it) for it in before] != [_essence(it) for it in after]:
            yield f"{leg} reads {_in_words(after)}, it was {_in_words(before)}"


def _essence(result: Result) -> tuple[object, ...]:
    """Return what a verdict can depend on."""
    return result.with_reason, result.error, result.fingerprint


def _in_words(results: Sequence[Result]) -> str:
    return ", ".join(it.with_reason for it in results) or "nothing"


def _notes(run: Run, again: Rejudged) -> Iterator[str]:
    for folder in again.unread:
        yield f"{folder}: its output is not stored, so its results are those of then"
    if again.untold:
        yield "tests were left out that no entry leaves out today: nothing is known of them"
    before = {ref.where for ref in run.unmatched}
    for ref in again.run.unmatched:
        if ref.where not in before:
            yield f"{ref.where} matches no test"
