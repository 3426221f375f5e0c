"""JUnit XML of a run, for the test pages of GitLab, Buildkite and Jenkins.

One testsuite per pair. What a page shows follows one rule: *passed* means that the test passed
with the frontend under test, *failed* that this frontend broke it, *error* that the run could
not tell and somebody must look, *skipped* that the test says nothing about this frontend; its
message says why. So a job that is red for its JUnit file is red for a reason.

| verdict | becomes | because |
|---|---|---|
| compatible, fixed | passed | fixed ones carry what the control said |
| regressed, lost | failure | the frontend's doing |
| infra, indeterminate | error | nothing is known, and that must not look green |
| known, skipped | skipped | with the skip list's reason, or the test's own |
| same-failure | skipped | fails with the suite's own frontend as well |
| changed-failure, flaky | skipped | no proof against the frontend; the gate's policy decides |
| stale-entry | passed | the test passes; the list is wrong, which the strict gate reports |

A run that is indeterminate or was interrupted gets one more testcase, an error, because an
empty file reads as success; so does a pair of a matrix of which nothing came. Verdicts other than
compatible are in a testcase's properties. So is what is suspicious about a test that passed,
which its output tells.

Pages key tests on classname and name, so both hold all that tells results apart: GitLab drops
the second of two equal ones and wants files below 30 MB
(https://docs.gitlab.com/ci/testing/unit_test_reports). Equal runs give equal bytes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from harness.journal.files import replacing
from harness.model import EntryRef, Judgement, Leg, Pair, Run, Verdict
from harness.reports.junitxml import Case, Document, Suite
from harness.reports.overview import Spot
from harness.reports.rates import odds, rates
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
ALL_CASES = 100_000
"""Number of tests of a matrix up to which its report lists those that plainly passed."""

_REASON = 300
_EXCERPT = 8_000
"""Characters of one test's output."""


def write_junit(path: Path, run: Run) -> None:
    """Write a run's JUnit file, whole or not at all.

    Raises InfrastructureError if the disk refuses.
    """
    with replacing(path, durable=False) as file:
        write_run_junit(file, run, path.parent)


def write_run_junit(file: BinaryIO, run: Run, folder: Path | None = None) -> None:
    """Write a run as a JUnit document; `folder` is where `file` lies, if anywhere."""
    with Document(run.seconds, folder) as document:
        document.add(_suite(run), _run_cases(run))
        document.write(file)


class MatrixJUnit:
    """The runs of a matrix in one JUnit document, added one by one.

    GitLab wants files below 30 MB: of more than 100,000 tests, those that plainly passed are left
    to the files of the cells.
    """

    def __init__(self, document: Document, tests: int) -> None:
        """Begin in `document`; `tests` is the number that all cells together have."""
        self._document = document
        self._brief = tests > ALL_CASES

    def add(self, spot: Spot, run: Run | None) -> None:
        """Add what came of a cell; a cell without a run is an error."""
        if run is None:
            self._document.add(_absent_suite(spot), [_absent_case(spot)])
            return
        suite = _suite(run)
        if self._brief:
            suite.properties["passed testcases"] = "left to the junit.xml of the cell"
        self._document.add(suite, _run_cases(run, brief=self._brief))


def _suite(run: Run) -> Suite:
    pair = run.pair
    properties = {
        "suite": str(pair.suite),
        "frontend": str(pair.frontend),
        "backend": pair.backend,
        "run": run.id,
        "verdict": run.verdict.value,
        **{f"stale-entry {it.where}": "matched no test" for it in run.unmatched},
    }
    return Suite(title(pair), _classname(pair), run.started, run.seconds, properties)


def _classname(pair: Pair) -> str:
    return f"{ref_name(pair.suite)}{TIMES}{ref_name(pair.frontend)}.{'-'.join(variant(pair))}"


def _absent_suite(spot: Spot) -> Suite:
    pair = spot.planned.pair
    result = spot.result
    return Suite(
        spot.title, _classname(pair), result.started, result.seconds, {"verdict": spot.label}
    )


def _absent_case(spot: Spot) -> Case:
    error = spot.result.error
    return Case(
        name=WHOLE,
        seconds=0,
        kind="error",
        about=spot.label,
        message=error.strip().partition("\n")[0] or f"{spot.label}: nothing came of this pair",
        text=excerpt(error, _EXCERPT),
    )


def _run_cases(run: Run, *, brief: bool = False) -> Iterator[Case]:
    broken = run.verdict is Verdict.INFRA and not run.counts.get(Verdict.INFRA)
    if run.interrupted or broken or run.verdict is Verdict.INDETERMINATE:
        yield Case(
            name=WHOLE,
            seconds=0,
            kind="error",
            about="interrupted" if run.interrupted else run.verdict.value,
            message=headline(run),
        )
    for judgement in run.judgements:
        if not (brief and plainly_passed(judgement)):
            yield _judged_case(run, judgement)


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


def _judged_case(run: Run, judgement: Judgement) -> Case:
    verdict = judgement.verdict
    seconds = judgement.candidate[0].seconds if judgement.candidate else None
    if verdict is Verdict.COMPATIBLE:
        return Case(
            name=judgement.name,
            seconds=seconds or 0,
            text="\n".join(_suspicions(judgement)),
            properties=tuple(_kinds(judgement)),
        )
    text = "" if verdict is Verdict.SKIPPED else "\n".join(_evidence(judgement))
    return Case(
        name=judgement.name,
        seconds=seconds or 0,
        kind=kind_of(verdict),
        about=verdict.value,
        message=_message(run, judgement),
        text=text,
        properties=(("verdict", verdict.value), *_kinds(judgement)),
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
