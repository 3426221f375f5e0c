"""issue.md: the root causes that are new, as the text of an issue; empty if none is.

New is what no earlier run of this matrix has told of, as far as a history knows. A cause that goes
away and comes back is not told again.
"""

from __future__ import annotations

import hashlib
import shlex
from collections.abc import Iterator

from harness.gotest.fingerprint import normalise
from harness.model import Run, Verdict
from harness.model.matrix import MatrixRun
from harness.reports.culprits import links
from harness.reports.markdown import code, fenced, listed
from harness.reports.past import Past
from harness.reports.report import StoredCell, StoredRun, TextReport
from harness.reports.survey import NO_CAUSE, Survey, Trouble
from harness.reports.text import clip, moment, one_line, plural
from harness.reports.words import WORDS

_DIGITS = 32
_SHORT = 12
_PROSE = 400
_MOST = 50
"""Causes that are told at length."""


class Issue(TextReport):
    """What somebody should be told, once."""

    file = "issue.md"

    def __init__(self, stored: StoredRun) -> None:
        """Take what is known of the whole run."""
        super().__init__(stored)
        self._ways: dict[tuple[Verdict, int], str] = {}

    def cell(self, cell: StoredCell) -> Iterator[str]:
        """Keep how the first test of each cause is run again."""
        for found in cell.found:
            if cell.run and found.judgement.verdict.blames_frontend:
                key = found.judgement.verdict, found.cause
                self._ways.setdefault(key, _again(cell.run))
        return iter(())

    def foot(self) -> Iterator[str]:
        """Return the text: which causes there are is known at the end."""
        told = self.stored.told
        matrix, survey = self.stored.matrix, self.stored.survey
        new = [
            trouble
            for trouble in blamed(survey)
            if any(told.get(it, matrix.id) == matrix.id for it in digests(matrix, survey, trouble))
        ]
        if not new:
            return
        yield f"# {plural(len(new), 'new root cause')}\n\n"
        yield f"{code(clip(matrix.plan.matrix, _PROSE))}, run {code(matrix.id)}, "
        yield f"{code(moment(matrix.started))}\n\n"
        for trouble in new[:_MOST]:
            yield from self._told(trouble)
        if len(new) > _MOST:
            yield f"… and {len(new) - _MOST} more, all on the page.\n"

    def _told(self, trouble: Trouble) -> Iterator[str]:
        survey = self.stored.survey
        views = [self.stored.views[number] for number in trouble.cells]
        tests = [survey.tests[number] for number in trouble.tests]
        word = WORDS[trouble.verdict]
        line = survey.causes[trouble.cause] if trouble.cause != NO_CAUSE else word.meaning
        yield f"## {word.symbol} {trouble.verdict.value}: {code(clip(line, _PROSE))}\n\n"
        yield f"- Since: {self._since(trouble)}\n"
        yield listed("Daemons", [*dict.fromkeys(it.planned.pair.suite.ref for it in views)])
        yield listed("Pairs", [it.title for it in views])
        yield listed("Tests", tests)
        known = [*links(trouble.blames)]
        for text, page in known:
            yield f"- Culprit: {code(text)}{f' {page}' if page else ''}\n"
        if not known:
            yield f"- Culprit: not known yet; {code('compat blame RUN')} finds it\n"
        if trouble.example:
            yield f"\n{fenced(trouble.example)}"
        yield f"\nTo see it again:\n\n{fenced(self._ways[trouble.verdict, trouble.cause])}\n"

    def _since(self, trouble: Trouble) -> str:
        """Say what the pair that shows it first ran with before."""
        view = self.stored.views[next(iter(trouble.cells))]
        started = view.result.started or self.stored.matrix.started
        marks = self.stored.past.get(view.planned.id, Past()).marks
        earlier = [it for it in marks if it.started < started and it.run != self.stored.matrix.id]
        now = code(view.planned.pair.frontend.sha[:_SHORT])
        if not earlier:
            return f"the first run of this pair, frontend {now}"
        then = earlier[-1]
        was = code(then.frontend[:_SHORT])
        return f"frontend {now}; not yet {code(moment(then.started))}, frontend {was}"


def blamed(survey: Survey) -> list[Trouble]:
    """Return the root causes that speak against what is under test, worst first."""
    return [it for it in survey.troubles() if it.verdict.blames_frontend]


def digests(matrix: MatrixRun, survey: Survey, trouble: Trouble) -> list[str]:
    """Return what a history knows a cause by: its words, or the tests that have none."""
    if trouble.cause != NO_CAUSE:
        words = [normalise(survey.causes[trouble.cause])]
    else:
        words = [survey.tests[number] for number in trouble.tests]
    keys = (f"{matrix.plan.matrix}\n{trouble.verdict.value}\n{it}" for it in words)
    return [hashlib.sha256(it.encode(errors="surrogatepass")).hexdigest()[:_DIGITS] for it in keys]


def _again(run: Run) -> str:
    """Return what runs the unexpected tests of a pair again, with this very frontend."""
    words, asked = list(run.rerun or run.command), run.pair.frontend
    if words[2:3] == [asked.asked]:
        words[2] = asked.sha
    return one_line(shlex.join(words), 10 * _PROSE)
