"""A matrix as CTRF, the common test report format in JSON (https://ctrf.io, specification 1.0.0).

`passed`, `failed` and `skipped` mean what they mean in our JUnit files; what JUnit calls an error
is `other`. The verdict is the `rawStatus`; pair and worker are the `suite`; what daemons said that
they should not have is `extra`. Equal runs give equal
bytes, so the report's id is made of the run's.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from shutil import copyfileobj
from typing import Any, BinaryIO, Self

import msgspec

from harness.model import Judgement, Leg, Run, Verdict
from harness.model.matrix import MatrixRun
from harness.reports.junit import ALL_CASES, WHOLE, kind_of, plainly_passed
from harness.reports.overview import Spot, sentence
from harness.reports.rates import odds
from harness.reports.spool import spool
from harness.reports.summary import (
    TIMES,
    failure,
    ref_name,
    side_error,
    suspicion_text,
    suspicions,
    variant,
)
from harness.reports.text import clip, excerpt, parsed_time, visible, visible_block

SPEC_VERSION = "1.0.0"

_NAMESPACE = uuid.UUID("5b0c2a3e-1331-4969-8f0d-6275696c646b")
_STATUSES = {"": "passed", "failure": "failed", "error": "other", "skipped": "skipped"}
_NAME = 500
_MESSAGE = 600
_TRACE = 4_000
_TRACES = 16_000_000
"""Characters of all traces."""


class CtrfReport:
    """Tests are added cell by cell and wait until they are counted, for totals stand first.

    Of more than 100,000 tests, those that plainly passed are counted and not listed.
    """

    def __init__(
        self, matrix: MatrixRun, spots: Sequence[Spot], folder: Path | None = None
    ) -> None:
        """Begin with nothing; the report will lie in `folder`."""
        self._matrix = matrix
        self._spots = spots
        self._brief = sum(spot.tests for spot in spots) > ALL_CASES
        self._spool = spool(folder)
        self._counts = Counter[str]()
        self._flaky = 0
        self._comma = b"\n"
        self._left = _TRACES

    def __enter__(self) -> Self:
        """Use the spool until the end of the block."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Give up the spool."""
        self._spool.close()

    def add(self, spot: Spot, run: Run | None) -> None:
        """Add the tests of a cell; a cell without a run is one that says so."""
        pair = spot.planned.pair
        suite = [f"{ref_name(pair.suite)}{TIMES}{ref_name(pair.frontend)}", *variant(pair)]
        for test in self._tests(spot, run):
            test["suite"] = suite
            self._counts[test["status"]] += 1
            self._flaky += test.get("flaky", False)
            self._spool.write(self._comma + msgspec.json.encode(test))
            self._comma = b",\n"

    def write(self, file: BinaryIO) -> None:
        """Write the whole report. To be called once, at the end."""
        head = msgspec.json.encode(self._head())
        results = msgspec.json.encode(self._results())
        file.write(head.removesuffix(b"}") + b',"results":')
        file.write(results.removesuffix(b"}") + b',"tests":[')
        self._spool.seek(0)
        copyfileobj(self._spool, file)
        file.write(b"\n]}}\n")

    def _head(self) -> dict[str, Any]:
        started = parsed_time(self._matrix.started)
        timestamp = {"timestamp": f"{started:%Y-%m-%dT%H:%M:%SZ}"} if started else {}
        return {
            "reportFormat": "CTRF",
            "specVersion": SPEC_VERSION,
            "reportId": str(uuid.uuid5(_NAMESPACE, self._matrix.id)),
            **timestamp,
            "generatedBy": "buildkit-compat",
        }

    def _results(self) -> dict[str, Any]:
        matrix = self._matrix
        started = parsed_time(matrix.started)
        start = round(started.timestamp() * 1000) if started else 0
        took = _milliseconds(matrix.seconds)
        brief = {"left out": "tests that plainly passed"} if self._brief else {}
        return {
            "tool": {"name": "buildkit-compat", "version": visible(matrix.plan.harness)},
            "environment": {
                "reportName": visible(matrix.plan.matrix),
                "buildId": visible(matrix.id),
                "repositoryUrl": visible(matrix.plan.repository),
            },
            "extra": {"headline": sentence(matrix, self._spots), **brief},
            "summary": {
                "tests": self._counts.total(),
                **{it: self._counts[it] for it in ("passed", "failed", "skipped")},
                "pending": 0,
                "other": self._counts["other"],
                "flaky": self._flaky,
                "suites": len(self._spots),
                "start": start,
                "stop": start + took,
                "duration": took,
            },
        }

    def _tests(self, spot: Spot, run: Run | None) -> Iterator[dict[str, Any]]:
        if run is None:
            yield {
                "name": WHOLE,
                "status": "other",
                "duration": _milliseconds(spot.result.seconds),
                "rawStatus": spot.label,
                "message": visible(clip(spot.result.error, _MESSAGE)),
            }
            return
        for judgement in run.judgements:
            if self._brief and plainly_passed(judgement):
                self._counts["passed"] += 1
            else:
                yield self._test(judgement)

    def _test(self, judgement: Judgement) -> dict[str, Any]:
        verdict = judgement.verdict
        seconds = judgement.candidate[0].seconds if judgement.candidate else None
        test: dict[str, Any] = {
            "name": visible(clip(judgement.name, _NAME)),
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


def _milliseconds(seconds: float) -> int:
    return round(seconds * 1000)
