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
empty file reads as success. Verdicts other than compatible are in a testcase's properties.

Pages key tests on classname and name, so both hold all that tells results apart: GitLab drops
the second of two equal ones and wants files below 30 MB
(https://docs.gitlab.com/ci/testing/unit_test_reports). Equal runs give equal bytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from harness.journal.files import replacing
from harness.model import EntryRef, Judgement, Leg, Outcome, Result, Run, Verdict
from harness.reports.junitxml import Case, Suite
from harness.reports.summary import (
    TIMES,
    error_line,
    failure,
    headline,
    meaning,
    ref_name,
    side_error,
    title,
    variant,
)
from harness.reports.text import clip, excerpt, visible

_REASON = 300
_EXCERPT = 8_000
"""Characters of one test's output."""


def write_junit(path: Path, run: Run) -> None:
    """Write a run's JUnit file, whole or not at all.

    Raises InfrastructureError if the disk refuses.
    """
    with replacing(path) as file:
        write_run_junit(file, run)


def write_run_junit(file: BinaryIO, run: Run) -> None:
    """Write a run as a JUnit document."""
    pair = run.pair
    classname = f"{ref_name(pair.suite)}{TIMES}{ref_name(pair.frontend)}.{'-'.join(variant(pair))}"
    properties = {
        "suite": str(pair.suite),
        "frontend": str(pair.frontend),
        "backend": pair.backend,
        "run": run.id,
        "verdict": run.verdict.value,
        **{f"stale-entry {it.where}": "matched no test" for it in run.unmatched},
    }
    suite = Suite(title(pair), classname, run.started, run.seconds, properties)
    suite.write(file, _run_cases(run))


def write_results(
    file: BinaryIO, results: Iterable[Result], *, name: str = "tests", seconds: float = 0.0
) -> None:
    """Write the results of one leg as a JUnit document, without a run around them.

    A failing outcome is a failure, or an error if its reason is this machine's; a missing test
    is an error. Holds one result at a time; testcases wait in a temporary file until their
    numbers are known, because those stand at the top.
    """
    Suite(visible(name), visible(name), "", seconds, {}).write(
        file, (_result_case(result) for result in results)
    )


def _run_cases(run: Run) -> Iterator[Case]:
    broken = run.verdict is Verdict.INFRA and not run.counts.get(Verdict.INFRA)
    if run.interrupted or broken or run.verdict is Verdict.INDETERMINATE:
        yield Case(
            name="(the whole run)",
            seconds=0,
            kind="error",
            about="interrupted" if run.interrupted else run.verdict.value,
            message=headline(run),
        )
    for judgement in run.judgements:
        yield _judged_case(run, judgement)


_KINDS = {
    Verdict.REGRESSED: "failure",
    Verdict.LOST: "failure",
    Verdict.INFRA: "error",
    Verdict.INDETERMINATE: "error",
    Verdict.KNOWN: "skipped",
    Verdict.SKIPPED: "skipped",
    Verdict.SAME_FAILURE: "skipped",
    Verdict.CHANGED_FAILURE: "skipped",
    Verdict.FLAKY: "skipped",
    Verdict.COMPATIBLE: "",
    Verdict.FIXED: "",
    Verdict.STALE_ENTRY: "",
}


def _judged_case(run: Run, judgement: Judgement) -> Case:
    verdict = judgement.verdict
    seconds = judgement.candidate[0].seconds if judgement.candidate else None
    if verdict is Verdict.COMPATIBLE:
        return Case(judgement.name, seconds or 0)
    return Case(
        name=judgement.name,
        seconds=seconds or 0,
        kind=_KINDS[verdict],
        about=verdict.value,
        message=_message(run, judgement),
        text="" if verdict is Verdict.SKIPPED else "\n".join(_evidence(judgement)),
        verdict=verdict.value,
    )


def _message(run: Run, judgement: Judgement) -> str:
    error = side_error(judgement, Leg.CANDIDATE) or side_error(judgement, Leg.CONTROL)
    if _KINDS[judgement.verdict] in {"failure", "error"}:
        return error or meaning(run, judgement.verdict)
    why = _entry(judgement.entry) if judgement.entry else meaning(run, judgement.verdict)
    return f"{why}: {error}" if error else why


def _entry(entry: EntryRef) -> str:
    issue = f" ({entry.issue})" if entry.issue else ""
    return f"{entry.where}: {clip(entry.reason, _REASON)}{issue}"


def _evidence(judgement: Judgement) -> Iterator[str]:
    """Give both sides in full, as far as they say anything."""
    for leg, results in ((Leg.CONTROL, judgement.control), (Leg.CANDIDATE, judgement.candidate)):
        outcomes = ", ".join(result.outcome for result in results) or "not run"
        yield f"{leg.value}: {outcomes}"
        failed = failure(judgement, leg)
        if failed and failed.error:
            yield excerpt(failed.error, _EXCERPT // 2)


def _result_case(result: Result) -> Case:
    seconds = result.seconds or 0
    if result.outcome is Outcome.PASS:
        return Case(result.name, seconds)
    if result.outcome is Outcome.SKIP:
        return Case(result.name, seconds, "skipped", message=error_line(result) or "skipped")
    failed = result.outcome.failing and not (result.reason and result.reason.spurious)
    about = result.reason or result.outcome
    return Case(
        name=result.name,
        seconds=seconds,
        kind="failure" if failed else "error",
        about=about.value,
        message=error_line(result) or result.outcome.value,
        text=excerpt(result.error, _EXCERPT),
    )
