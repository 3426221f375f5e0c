"""ctrf.json is what its schema asks for, and red for what junit.xml is red for."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from harness.reports.write import write_reports
from tests.support import example_runs
from tests.support.ctrf_schema import CTRF
from tests.support.matrix_factories import Example

NIGHTLY = example_runs.nightly()
HOSTILE = example_runs.hostile()
EXAMPLES = {"nightly": NIGHTLY, "hostile": HOSTILE}

each = pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)


def report(example: Example, folder: Path) -> dict[str, Any]:
    write_reports(example.store(folder))
    told: dict[str, Any] = json.loads((folder / "ctrf.json").read_bytes())
    return told


@each
def test_a_ctrf_report_is_one_and_its_totals_are_right(example: Example, tmp_path: Path) -> None:
    told = report(example, tmp_path)
    jsonschema.validate(told, CTRF, format_checker=jsonschema.FormatChecker())
    results = told["results"]
    counts = Counter(it["status"] for it in results["tests"])
    totals = results["summary"]
    assert totals["tests"] == len(results["tests"])
    assert {it: totals[it] for it in counts} == counts
    assert totals["stop"] - totals["start"] == totals["duration"] == 4_321_500


def test_ctrf_is_red_for_what_junit_is_red_for(tmp_path: Path) -> None:
    results = report(NIGHTLY, tmp_path)["results"]
    by_verdict = {it["rawStatus"]: it["status"] for it in results["tests"]}
    assert by_verdict["regressed"] == by_verdict["lost"] == "failed"
    assert by_verdict["compatible"] == by_verdict["fixed"] == "passed"
    assert by_verdict["infra"] == by_verdict["missing"] == by_verdict["failed"] == "other"
    assert by_verdict["known"] == by_verdict["same-failure"] == "skipped"
    flaky = next(it for it in results["tests"] if it["rawStatus"] == "flaky")
    assert (flaky["flaky"], flaky["retries"]) == (True, 1)
