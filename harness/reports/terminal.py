"""The final report of a run, as text for a terminal or a log file.

Verdicts carry a symbol and a letter, so that nothing is told by colour alone. Prose is wrapped
at the given width; names, paths and commands are never broken, so that they can be copied.
"""

from __future__ import annotations

import shlex
import textwrap
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

import click

from harness.gotest import names
from harness.model import EntryRef, Judgement, Leg, Outcome, Result, Run, Verdict
from harness.reports.leftovers import left_behind
from harness.reports.logs import Logs
from harness.reports.page import Page
from harness.reports.rates import rates
from harness.reports.summary import (
    TIMES,
    attempts,
    failure,
    headline,
    main_leg,
    meaning,
    outcome_counts,
    side_error,
    suspicion_text,
    suspicions,
    suspicious,
)
from harness.reports.text import clip, duration, escape_ci_commands, one_line, plural, visible
from harness.reports.words import WORDS

_NARROWEST = 40

_LISTED = 50
"""Tests shown one by one under each verdict; run.json has them all."""
_NAME = 300
_PROSE = 600

_ALWAYS_COUNTED = (Outcome.PASS, Outcome.FAIL, Outcome.SKIP)
_COLUMN = 8
"""Characters of a column of outcomes, at least."""
_BY_ENTRY = frozenset({Verdict.UNAVAILABLE, Verdict.KNOWN, Verdict.SKIPPED})


def render(
    run: Run,
    folder: Path,
    *,
    warnings: Sequence[str] = (),
    width: int = 80,
    color: bool = False,
) -> str:
    """Return the whole report, ending in a line feed.

    `folder` is where the run is stored, for the lines that say where logs and page are;
    `warnings` are those of the builds; `width` counts columns.
    """
    text = "\n".join(_Report(run, folder, warnings, max(width, _NARROWEST)).lines())
    return escape_ci_commands(text if color else click.unstyle(text)) + "\n"


class _Report:
    """One rendering; its methods each give the lines of one part."""

    def __init__(self, run: Run, folder: Path, warnings: Sequence[str], width: int) -> None:
        self._run = run
        self._folder = folder
        self._built = warnings
        self._width = width
        self._logs = Logs(run)
        self._known = frozenset(it.name for it in run.judgements)

    def lines(self) -> Iterator[str]:
        yield from self._header()
        yield from self._tables()
        for verdict in Verdict:
            if verdict.deserves_detail:
                yield from self._section(verdict)
        yield from self._suspicious()
        yield from self._unmatched()
        yield from self._by_entry()
        yield from self._warnings()
        yield from self._end()

    def _header(self) -> Iterator[str]:
        pair = self._run.pair
        yield from self._prose(
            f"{visible(str(pair.suite))}  {TIMES}  {visible(str(pair.frontend))}", 0, bold=True
        )
        yield from self._prose(" · ".join(self._circumstances()), 0)
        for side, image in (("daemon", pair.suite.image), ("frontend", pair.frontend.image)):
            for told in image.differs if image else ():
                yield from self._prose(f"{side}'s image: {visible(told)}", 0)
        yield from self._prose(
            f"run {visible(self._run.id)}, {visible(self._run.started)}, "
            f"{duration(self._run.seconds)}",
            0,
        )

    def _circumstances(self) -> Iterator[str]:
        pair = self._run.pair
        yield f"worker {visible(pair.worker)}"
        yield f"backend {visible(pair.backend)}"
        yield (
            f"channel {pair.suite_channel}"
            if pair.suite_channel is pair.frontend_channel
            else f"channel {pair.suite_channel}, frontend's {pair.frontend_channel}"
        )
        yield from map(visible, pair.axes)
        if self._run.offline:
            yield "offline"
        control = main_leg(self._run, Leg.CONTROL)
        if control is None:
            yield "no control"
        elif control.cached:
            yield f"control cached ({visible(control.started)})"
        if self._run.patches:
            yield f"patches {len(self._run.patches)}"

    def _tables(self) -> Iterator[str]:
        yield ""
        counted = [(verdict, self._run.counts.get(verdict, 0)) for verdict in Verdict]
        for verdict, number in counted:
            if number:
                word = WORDS[verdict]
                told = f"  {word.symbol} {word.letter}  {verdict.value:<16}{number:>6}"
                note = f"  {meaning(self._run, verdict)}"
                fits = len(told) + len(note) <= self._width
                yield click.style(told, fg=word.colour) + click.style(note * fits, dim=True)
        if not any(number for _, number in counted):
            yield "  no test was judged"
        yield ""
        yield from self._outcomes()

    def _outcomes(self) -> Iterator[str]:
        """Table of what the tests did, one row per leg."""
        counts = {leg: outcome_counts(self._run, leg) for leg in Leg}
        shown = [
            outcome
            for outcome in Outcome
            if outcome in _ALWAYS_COUNTED or any(counts[leg][outcome] for leg in Leg)
        ]
        wide = {outcome: max(_COLUMN, len(outcome) + 1) for outcome in shown}
        yield click.style(f"  {'':<10}" + "".join(f"{it:>{wide[it]}}" for it in shown), dim=True)
        for leg in Leg:
            told = (f"{counts[leg][outcome]:>{wide[outcome]}}" for outcome in shown)
            yield f"  {leg.value:<10}" + "".join(told)

    def _section(self, verdict: Verdict) -> Iterator[str]:
        found = [it for it in self._run.judgements if it.verdict is verdict]
        if not found:
            return
        word = WORDS[verdict]
        yield ""
        yield click.style(f"{verdict.value} ({len(found)})", fg=word.colour, bold=True)
        for judgement in found[:_LISTED]:
            yield from self._item(judgement)
        if len(found) > _LISTED:
            yield f"  … and {len(found) - _LISTED} more, all in run.json"

    def _item(self, judgement: Judgement) -> Iterator[str]:
        word = WORDS[judgement.verdict]
        yield click.style(f"  {word.symbol} {word.letter}  ", fg=word.colour) + click.style(
            self._name(judgement.name), bold=True
        )
        yield from self._errors(judgement)
        told = rates(judgement)
        told += [f"{leg.value} {_outcomes(attempts(judgement, leg))}" for leg in Leg]
        yield from self._prose(" · ".join(told), 7, dim=True)
        if judgement.entry:
            yield from self._entry(judgement.entry, 7)
        for leg in Leg:
            lost = leg is Leg.CANDIDATE and judgement.verdict is Verdict.LOST
            if lost or failure(judgement, leg):
                yield click.style(f"{'':7}{visible(self._logs.path(judgement, leg))}", dim=True)

    def _errors(self, judgement: Judgement) -> Iterator[str]:
        """Error lines of both sides; the side is named if they differ, for then it matters."""
        told = {leg: side_error(judgement, leg) for leg in Leg}
        if told[Leg.CONTROL] in {"", told[Leg.CANDIDATE]}:
            yield from self._prose(told[Leg.CANDIDATE], 7)
            return
        for leg, line in told.items():
            if line:
                yield from self._prose(f"{leg.value}: {line}", 7)

    def _suspicious(self) -> Iterator[str]:
        found = suspicious(self._run)
        if not found:
            return
        yield ""
        yield click.style(f"suspicious, although passed ({len(found)})", fg="yellow", bold=True)
        for row in found[:_LISTED]:
            yield click.style("  ? ", fg="yellow") + click.style(self._name(row.name), bold=True)
            for leg, it in suspicions(row):
                yield from self._prose(suspicion_text(leg, it), 7)
                yield click.style(f"{'':7}{visible(it.log)}", dim=True)
        if len(found) > _LISTED:
            yield f"  … and {len(found) - _LISTED} more, all in run.json"

    def _unmatched(self) -> Iterator[str]:
        if not self._run.unmatched:
            return
        yield ""
        yield click.style(
            f"entries that matched no test ({len(self._run.unmatched)})", fg="yellow", bold=True
        )
        for entry in self._run.unmatched[:_LISTED]:
            yield from self._entry(entry, 2)
        if len(self._run.unmatched) > _LISTED:
            yield f"  … and {len(self._run.unmatched) - _LISTED} more, all in run.json"

    def _by_entry(self) -> Iterator[str]:
        """Known failures and tests that a list left out, grouped by the entry that says so."""
        told = sorted(
            (it.entry.where, it.verdict, it.entry)
            for it in self._run.judgements
            if it.entry and it.verdict in _BY_ENTRY
        )
        if not told:
            return
        yield ""
        yield click.style("explained by skip lists", fg="cyan", bold=True)
        for _, group in groupby(told, key=lambda it: it[:2]):
            members = list(group)
            verdict, entry = members[0][1:]
            word = WORDS[verdict]
            yield f"  {word.symbol} {word.letter}  {plural(len(members), 'test')} {verdict.value}"
            yield from self._entry(entry, 7)

    def _entry(self, entry: EntryRef, indent: int) -> Iterator[str]:
        yield f"{'':{indent}}{visible(entry.where)} ({entry.status.value})"
        issue = f" ({visible(entry.issue)})" if entry.issue else ""
        yield from self._prose(f"{one_line(entry.reason, _PROSE)}{issue}", indent + 2, dim=True)

    def _warnings(self) -> Iterator[str]:
        notes = [(f"{leg.folder}: ", note) for leg in self._run.legs for note in leg.notes]
        told = [("", warning) for warning in (*self._built, *self._run.warnings)] + notes
        if not told:
            return
        yield ""
        yield click.style("warnings", fg="yellow", bold=True)
        for where, note in told[:_LISTED]:
            yield from self._prose(f"! {visible(where + clip(note, _PROSE))}", 2)
        if len(told) > _LISTED:
            yield f"  … and {len(told) - _LISTED} more, all in run.json"

    def _end(self) -> Iterator[str]:
        colour = WORDS[self._run.verdict].colour
        yield ""
        yield from self._prose(headline(self._run), 0, bold=True, fg=colour)
        yield ""
        yield f"logs   {visible(str(self._folder))}"
        if (self._folder / Page.file).is_file():
            yield f"page   {visible(str(self._folder / Page.file))}"
        if left := left_behind(self._run):
            yield from self._prose(f"left   {left}", 0)
        if self._run.rerun:
            yield f"rerun  {visible(shlex.join(self._run.rerun))}"

    def _prose(
        self, text: str, indent: int, *, dim: bool = False, bold: bool = False, fg: str = ""
    ) -> Iterator[str]:
        lines = textwrap.wrap(
            text,
            self._width,
            initial_indent=" " * indent,
            subsequent_indent=" " * indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
        for line in lines:
            yield click.style(line, fg=fg or None, dim=dim or None, bold=bold or None)

    def _name(self, name: str) -> str:
        return one_line(names.display(name, self._known), _NAME)


def _outcomes(results: tuple[Result, ...]) -> str:
    """Write one side's attempts in order: `crash (panic), fail (assertion)`."""
    return ", ".join(result.with_reason for result in results) or "not run"
