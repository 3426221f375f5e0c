"""JUnit XML of a run, for the test pages of GitLab, Buildkite and Jenkins.

One testsuite per pair. What a page shows follows one rule: *passed* means that the test passed
with what is under test (the frontend, or the daemon where that varies), *failed* that it broke it,
*error* that the run could not tell and somebody must look, *skipped* that the test says nothing
about it; its message says why. So a job that is red for its JUnit file is red for a reason.

| verdict | becomes | because |
|---|---|---|
| compatible, fixed | passed | fixed ones carry what the control said |
| regressed, lost | failure | the doing of what is under test |
| infra, indeterminate | error | nothing is known, and that must not look green |
| refused | skipped | the daemon is too old, which is no frontend's doing |
| known, skipped | skipped | with the skip list's reason, or the test's own |
| unavailable | skipped | something that it needs was lacking; a whole pair is one testcase |
| same-failure | skipped | fails in the control as well |
| changed-failure, flaky | skipped | no proof against it; the gate's policy decides |
| stale-entry | passed | the test passes; the list is wrong, which the strict gate reports |

A run that is indeterminate or was interrupted gets one more testcase, an error, because an
empty file reads as success; so does a pair of a matrix of which nothing came. Verdicts other than
compatible are in a testcase's properties, with the commits that are to blame as far as somebody
asked (`compat blame`). So is what is suspicious about a test that passed,
which its output tells.

Pages key tests on classname and name, so both hold all that tells results apart: GitLab drops
the second of two equal ones and wants files below 30 MB
(https://docs.gitlab.com/ci/testing/unit_test_reports). Equal runs give equal bytes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from harness.model import EntryRef, Judgement, Leg, Pair, Run, Verdict
from harness.model.culprits import Blame
from harness.model.matrix import CellState
from harness.reports.culprits import Blames, links
from harness.reports.junitxml import Case, Document, Suite
from harness.reports.overview import CellView
from harness.reports.rates import odds, rates
from harness.reports.report import StoredCell, StoredRun, TextReport
from harness.reports.summary import (
    TIMES,
    failure,
    headline,
    meaning,
    ref_name,
    side_error,
    suspicion_text,
    suspicions,
    title,
    variant,
)
from harness.reports.text import clip, excerpt

WHOLE = "(the whole run)"
"""Name of the testcase that stands for a run that could not tell."""

_REASON = 300
_SUSPECTS = 10

_EXCERPT = 8_000
"""Characters of one test's output."""


class JUnit(TextReport):
    """A testsuite per pair; a pair of which nothing came is an error.

    GitLab wants files below 30 MB: of more than 100,000 tests of several pairs, those that plainly
    passed are counted, and left to the files of the cells.
    """

    file = "junit.xml"

    def __init__(self, stored: StoredRun) -> None:
        """Begin a file."""
        super().__init__(stored)
        self._document = Document()

    def head(self) -> Iterator[str]:
        """Return the totals, which the counts of matrix.json tell."""
        counts = sum((kinds(view) for view in self.stored.views), Counter[str]())
        yield self._document.head(counts, self.stored.matrix.seconds)

    def cell(self, cell: StoredCell) -> Iterator[str]:
        """Return the testsuite of a pair."""
        if cell.run is None:
            yield from self._document.suite(_absent_suite(cell.view), [_absent_case(cell.view)])
            return
        suite = _suite(cell.view, cell.run)
        brief = self.stored.brief
        if brief:
            suite.properties["passed testcases"] = "left to the junit.xml of the cell"
        yield from self._document.suite(
            suite, _run_cases(cell.view, cell.run, self.stored.blames, brief=brief)
        )

    def foot(self) -> Iterator[str]:
        """Return the end."""
        yield self._document.foot()


def kinds(view: CellView) -> Counter[str]:
    """Count the testcases of a cell by what they become (see `kind_of`)."""
    if not view.result.run:
        return Counter(error=1)
    counts = Counter[str]()
    for verdict, number in view.result.counts.items():
        counts[kind_of(verdict)] += number
    counts["error"] += _unsettled(view)
    counts["skipped"] += view.result.verdict is Verdict.UNAVAILABLE
    return counts


def _unsettled(view: CellView) -> bool:
    """Return whether a run could not tell, which none of its tests need show."""
    result = view.result
    broken = result.verdict is Verdict.INFRA and not result.counts.get(Verdict.INFRA)
    stopped = result.state is CellState.INTERRUPTED
    return stopped or broken or result.verdict is Verdict.INDETERMINATE


def _suite(view: CellView, run: Run) -> Suite:
    pair = run.pair
    properties = {
        "suite": str(pair.suite),
        "frontend": str(pair.frontend),
        **({"axes": ", ".join(pair.axes)} if pair.axes else {}),
        "backend": pair.backend,
        "run": run.id,
        "verdict": run.verdict.value,
        **{f"stale-entry {it.where}": "matched no test" for it in run.unmatched},
    }
    return Suite(title(pair), _classname(pair), run.started, run.seconds, kinds(view), properties)


def _classname(pair: Pair) -> str:
    return f"{ref_name(pair.suite)}{TIMES}{ref_name(pair.frontend)}.{'-'.join(variant(pair))}"


def _absent_suite(view: CellView) -> Suite:
    pair = view.planned.pair
    result = view.result
    return Suite(
        name=view.title,
        classname=_classname(pair),
        started=result.started,
        seconds=result.seconds,
        counts=kinds(view),
        properties={"verdict": view.label},
    )


def _absent_case(view: CellView) -> Case:
    error = view.result.error
    return Case(
        name=WHOLE,
        seconds=0,
        kind="error",
        about=view.label,
        message=error.strip().partition("\n")[0] or f"{view.label}: nothing came of this pair",
        text=excerpt(error, _EXCERPT),
    )


def _run_cases(view: CellView, run: Run, blames: Blames, *, brief: bool) -> Iterator[Case]:
    if _unsettled(view) or run.lacks:
        yield Case(
            name=WHOLE,
            seconds=0,
            kind="skipped" if run.lacks else "error",
            about="interrupted" if run.interrupted else run.verdict.value,
            message=headline(run),
        )
    for judgement in run.judgements:
        if not (brief and plainly_passed(judgement)):
            yield _judged_case(run, judgement, blames.get((view.planned.id, judgement.name)))


def kind_of(verdict: Verdict) -> str:
    """Return what a verdict becomes: `failure`, `error`, `skipped`, or empty for a pass."""
    if verdict.blames_frontend:
        return "failure"
    if verdict.says_nothing:
        return "error"
    return "" if verdict.passes else "skipped"


def plainly_passed(judgement: Judgement) -> bool:
    """Return whether there is nothing to say of a test but that it passed."""
    return judgement.verdict is Verdict.COMPATIBLE and not suspicions(judgement)


def _judged_case(run: Run, judgement: Judgement, blame: Blame | None) -> Case:
    verdict = judgement.verdict
    seconds = judgement.candidate[0].seconds if judgement.candidate else None
    if verdict is Verdict.COMPATIBLE:
        return Case(
            name=judgement.name,
            seconds=seconds or 0,
            text="\n".join(_suspicions(judgement)),
            properties=tuple(_kinds(judgement)),
        )
    evidence = [*_evidence(judgement)] if verdict.ran else []
    culprits = [f"{text} {page}".strip() for text, page in links([blame] if blame else [])]
    text = "\n".join([*culprits, *evidence])
    return Case(
        name=judgement.name,
        seconds=seconds or 0,
        kind=kind_of(verdict),
        about=verdict.value,
        message=_message(run, judgement),
        text=text,
        properties=(
            ("verdict", verdict.value),
            *(("culprit", it.sha) for it in (blame.suspects[:_SUSPECTS] if blame else ())),
            *_kinds(judgement),
        ),
    )


def _kinds(judgement: Judgement) -> Iterator[tuple[str, str]]:
    """Return as properties what is suspicious."""
    for kind in dict.fromkeys(it.kind for _, it in suspicions(judgement)):
        yield "suspicious", kind


def _suspicions(judgement: Judgement) -> Iterator[str]:
    return (suspicion_text(leg, it) for leg, it in suspicions(judgement))


def _message(run: Run, judgement: Judgement) -> str:
    error = side_error(judgement, Leg.CANDIDATE) or side_error(judgement, Leg.CONTROL)
    if kind_of(judgement.verdict) in {"failure", "error"}:
        said = error or meaning(run, judgement.verdict)
        racy = odds(judgement)
        return f"{racy}: {said}" if racy else said
    why = _entry(judgement.entry) if judgement.entry else meaning(run, judgement.verdict)
    if told := rates(judgement):
        why = f"{', '.join(told)}: {why}"
    return f"{why}: {error}" if error else why


def _entry(entry: EntryRef) -> str:
    issue = f" ({entry.issue})" if entry.issue else ""
    return f"{entry.where}: {clip(entry.reason, _REASON)}{issue}"


def _evidence(judgement: Judgement) -> Iterator[str]:
    """Return both sides in full, as far as they say anything."""
    for leg, results in ((Leg.CONTROL, judgement.control), (Leg.CANDIDATE, judgement.candidate)):
        outcomes = ", ".join(result.outcome for result in results) or "not run"
        yield f"{leg.value}: {outcomes}"
        failed = failure(judgement, leg)
        if failed and failed.error:
            yield excerpt(failed.error, _EXCERPT // 2)
    yield from _suspicions(judgement)
