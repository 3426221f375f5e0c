"""A matrix as CTRF, the common test report format in JSON (https://ctrf.io, specification 1.0.0).

`passed`, `failed` and `skipped` mean what they mean in our JUnit files; what JUnit calls an error
is `other`. The verdict is the `rawStatus`; pair and worker are the `suite`; what daemons said that
they should not have is `extra`. Equal runs give equal bytes, so the
report's id is made of the run's.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec

from harness.model import Judgement, Leg, Run, Verdict
from harness.reports.junit import WHOLE, kind_of, plainly_passed
from harness.reports.overview import CellView, sentence, tests_by_verdict
from harness.reports.rates import odds
from harness.reports.report import StoredCell, StoredRun, TextReport
from harness.reports.summary import (
    TIMES,
    failure,
    ref_name,
    side_error,
    suspicion_text,
    suspicions,
    variant,
)
from harness.reports.text import clip, excerpt, one_line, parsed_time, visible, visible_block

SPEC_VERSION = "1.0.0"

_NAMESPACE = uuid.UUID("5b0c2a3e-1331-4969-8f0d-6275696c646b")
_STATUSES = {"": "passed", "failure": "failed", "error": "other", "skipped": "skipped"}
_NAME = 500
_MESSAGE = 600
_TRACE = 4_000

_TRACES = 16_000_000
"""Characters of all traces."""


class Ctrf(TextReport):
    """Of more than 100,000 tests of several pairs, those that plainly passed are only counted."""

    file = "ctrf.json"

    def __init__(self, stored: StoredRun) -> None:
        """Begin a file."""
        super().__init__(stored)
        self._comma = "\n"
        self._left = _TRACES

    def head(self) -> Iterator[str]:
        """Return everything but the tests; the counts of matrix.json tell the totals."""
        yield _json(self._head()).removesuffix("}") + ',"results":'
        yield _json(self._results()).removesuffix("}") + ',"tests":['

    def cell(self, cell: StoredCell) -> Iterator[str]:
        """Return the tests of a cell; a cell without a run is one that says so."""
        pair = cell.view.planned.pair
        suite = [f"{ref_name(pair.suite)}{TIMES}{ref_name(pair.frontend)}", *variant(pair)]
        for test in self._tests(cell.view, cell.run):
            yield self._comma + _json({**test, "suite": suite})
            self._comma = ",\n"

    def foot(self) -> Iterator[str]:
        """Return the end."""
        yield "\n]}}\n"

    def _head(self) -> dict[str, Any]:
        started = parsed_time(self.stored.matrix.started)
        timestamp = {"timestamp": f"{started:%Y-%m-%dT%H:%M:%SZ}"} if started else {}
        return {
            "reportFormat": "CTRF",
            "specVersion": SPEC_VERSION,
            "reportId": str(uuid.uuid5(_NAMESPACE, self.stored.matrix.id)),
            **timestamp,
            "generatedBy": "buildkit-compat",
        }

    def _results(self) -> dict[str, Any]:
        matrix, views = self.stored.matrix, self.stored.views
        started = parsed_time(matrix.started)
        start = round(started.timestamp() * 1000) if started else 0
        took = _milliseconds(matrix.seconds)
        brief = {"left out": "tests that plainly passed"} if self.stored.brief else {}
        statuses = _statuses(views)
        return {
            "tool": {"name": "buildkit-compat", "version": visible(matrix.plan.harness)},
            "environment": {
                "reportName": visible(matrix.plan.matrix),
                "buildId": visible(matrix.id),
                "repositoryUrl": visible(matrix.plan.repository),
            },
            "extra": {"headline": sentence(matrix, views), **brief},
            "summary": {
                "tests": statuses.total(),
                **{it: statuses[it] for it in ("passed", "failed", "skipped")},
                "pending": 0,
                "other": statuses["other"],
                "flaky": tests_by_verdict(views)[Verdict.FLAKY],
                "suites": len(views),
                "start": start,
                "stop": start + took,
                "duration": took,
            },
        }

    def _tests(self, view: CellView, run: Run | None) -> Iterator[dict[str, Any]]:
        if run is None:
            yield {
                "name": WHOLE,
                "status": "other",
                "duration": _milliseconds(view.result.seconds),
                "rawStatus": view.label,
                "message": one_line(view.result.error, _MESSAGE),
            }
            return
        for judgement in run.judgements:
            if not (self.stored.brief and plainly_passed(judgement)):
                yield self._test(judgement)

    def _test(self, judgement: Judgement) -> dict[str, Any]:
        verdict = judgement.verdict
        seconds = judgement.candidate[0].seconds if judgement.candidate else None
        test: dict[str, Any] = {
            "name": one_line(judgement.name, _NAME),
            "status": _STATUSES[kind_of(verdict)],
            "duration": _milliseconds(seconds or 0),
            "rawStatus": verdict.value,
        }
        if told := [suspicion_text(leg, it) for leg, it in suspicions(judgement)]:
            test["extra"] = {"suspicious": told}
        if verdict is Verdict.COMPATIBLE:
            return test
        message = side_error(judgement, Leg.CANDIDATE) or side_error(judgement, Leg.CONTROL)
        failed = failure(judgement, Leg.CANDIDATE)
        if message:
            racy = odds(judgement)
            test["message"] = clip(f"{racy}: {message}" if racy else message, _MESSAGE)
        if failed and self._left > 0:
            test["trace"] = visible_block(excerpt(failed.error, _TRACE))
            self._left -= len(test["trace"])
        if verdict is Verdict.FLAKY:
            test["flaky"] = True
        if len(judgement.candidate) > 1:
            test["retries"] = len(judgement.candidate) - 1
        return test


def _statuses(views: Sequence[CellView]) -> Counter[str]:
    """Count the tests of all cells by status."""
    counts = Counter[str]()
    for view in views:
        if not view.result.run:
            counts["other"] += 1
            continue
        for verdict, number in view.result.counts.items():
            counts[_STATUSES[kind_of(verdict)]] += number
    return counts


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)
