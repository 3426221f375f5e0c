"""Summary, JUnit, CTRF, badge and annotations of a matrix are bounded, escaped, never too green."""

from __future__ import annotations

import io
import json
import re
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from harness.matrices import CellState
from harness.model import Judgement, Outcome, Verdict
from harness.reports import ctrf, junit, markdown
from harness.reports.annotations import MOST, fence, github_annotations
from harness.reports.badge import badge
from harness.reports.markdown import code, fenced, in_table, summary_markdown
from harness.reports.overview import spots
from harness.reports.survey import Survey
from harness.reports.write import write_reports
from tests.unit import exampleruns, matrixruns, runs
from tests.unit.matrixruns import Example

Golden = Callable[[str, str], None]
NIGHTLY = exampleruns.nightly()
HOSTILE = exampleruns.hostile()
EXAMPLES = {"nightly": NIGHTLY, "hostile": HOSTILE}
P, F = Outcome.PASS, Outcome.FAIL

each = pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)


def surveyed(example: Example) -> Survey:
    survey = Survey()
    for spot in spots(example.matrix):
        if run := example.runs.get(spot.planned.id):
            survey.add(spot.index, run)
    return survey


def summary(example: Example) -> str:
    return summary_markdown(example.matrix, spots(example.matrix), surveyed(example))


def many(cells: int, causes: int) -> Example:
    """Build a matrix in which every cell fails for reasons of its own."""
    planned = [
        matrixruns.planned(matrixruns.pair(matrixruns.commit(f"v0.{i}.0", "", f"0.{i}.0", ""), it))
        for i in range(cells)
        for it in matrixruns.FRONTENDS[:1]
    ]
    found = {}
    for number, cell in enumerate(planned):
        rows = [
            runs.judgement(
                f"Test{word * 30}",
                Verdict.REGRESSED,
                [P],
                [F],
                error=f"{word} {cell.id} broke " * 9,
            )
            for word in (_word(cause) for cause in range(causes))
        ]
        found[cell.id] = matrixruns.run_of(cell, rows, number)
    results = [matrixruns.result_of(cell, found[cell.id]) for cell in planned]
    return Example(matrixruns.matrix_of(planned, results), found)


def _word(number: int) -> str:
    return "".join(chr(ord("a") + int(digit)) for digit in str(number))


# -- summary.md ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EXAMPLES)
def test_summaries_are_as_they_were_read(name: str, golden: Golden) -> None:
    golden(f"matrix/{name}.md", summary(EXAMPLES[name]))


def test_a_summary_stays_below_the_limit_and_counts_what_it_leaves_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert markdown.LIMIT < 1024**2
    monkeypatch.setattr(markdown, "LIMIT", 30_000)
    text = summary(many(10, 12))
    assert 20_000 < len(text.encode()) < 30_000
    left = re.search(r"… and (\d+) more, all on the page\.", text)
    assert left
    assert int(left[1]) + text.count("<details>") == 120
    assert text.count("<details>") == text.count("</details>")


def test_a_summary_of_very_many_pairs_stays_below_the_limit() -> None:
    text = summary(many(210, 1))
    assert len(text.encode()) < markdown.LIMIT
    assert "… and 10 more rows and columns, all on the page" in text


def rendered(text: str) -> list[Token]:
    """Read Markdown as GitHub does: CommonMark with tables and HTML."""
    tokens = MarkdownIt("commonmark", {"html": True}).enable("table").parse(text)
    return [inner for token in tokens for inner in (token, *(token.children or ()))]


def test_hostile_text_in_a_summary_is_code_and_nothing_else() -> None:
    tokens = rendered(summary(HOSTILE))
    ours = re.compile(r"</?details>|</?summary>|</?code>|[^<>]|\n")
    for token in tokens:
        if token.type.startswith("html"):
            assert not ours.sub("", token.content), token.content
        if token.type == "text":
            assert not re.search(r"@\w", token.content), token.content
    kinds = Counter(token.type for token in tokens)
    assert kinds["image"] == kinds["link_open"] == 0
    assert kinds["heading_open"] == 3
    assert sum(token.tag == "h1" for token in tokens if token.type == "heading_open") == 1


ticks = st.text(st.sampled_from("`|\\ \nab<@#~-"), max_size=30)


@given(ticks)
def test_code_cannot_be_left(text: str) -> None:
    tokens = rendered(f"before {code(text)} after")
    inside = [token for token in tokens if token.type == "code_inline"]
    assert len(inside) == 1
    assert [it.content for it in tokens if it.type == "text"] == ["before ", " after"]


@given(ticks)
def test_code_cannot_leave_its_column(text: str) -> None:
    tokens = rendered(f"| a | b |\n|---|---|\n| {in_table(text)} | end |\n")
    cells = [tokens[i + 1].content for i, token in enumerate(tokens) if token.type == "td_open"]
    assert len(cells) == 2
    assert cells[1] == "end"


@given(ticks)
def test_a_fence_cannot_be_left(text: str) -> None:
    tokens = rendered(f"<details>\n\n{fenced(text)}\n</details>\n")
    assert [it.type for it in tokens] == ["html_block", "fence", "html_block"]


# -- junit.xml -----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def nightly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = NIGHTLY.store(tmp_path_factory.mktemp("nightly"))
    write_reports(folder)
    return folder


def xml(path: Path) -> ET.Element:
    return ET.fromstring(path.read_text(encoding="utf-8"))  # noqa: S314 - just written


def test_the_merged_file_has_a_suite_for_every_pair_as_its_own_file_has(nightly: Path) -> None:
    suites = xml(nightly / "junit.xml").findall("testsuite")
    assert len(suites) == len(NIGHTLY.matrix.cells)
    for cell, suite in zip(NIGHTLY.matrix.cells, suites, strict=True):
        if cell.id in NIGHTLY.runs:
            (own,) = xml(nightly / cell.run / "junit.xml").findall("testsuite")
            assert ET.tostring(own) == ET.tostring(suite)


def test_names_are_unique_in_the_merged_file_and_totals_are_right(nightly: Path) -> None:
    root = xml(nightly / "junit.xml")
    cases = list(root.iter("testcase"))
    keys = {(it.attrib["classname"], it.attrib["name"]) for it in cases}
    assert len(keys) == len(cases) == int(root.attrib["tests"])
    for kind, total in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
        assert len(list(root.iter(kind))) == int(root.attrib[total])
    assert "v0.12.5×master.containerd" in {name for name, _ in keys}  # noqa: RUF001 - the sign meant


def test_a_pair_without_a_result_is_an_error(nightly: Path) -> None:
    names = {
        suite.attrib["name"]: [it.attrib["message"] for it in suite.iter("error")]
        for suite in xml(nightly / "junit.xml")
    }
    assert names["v0.16.0 × master (oci)"] == [  # noqa: RUF001 - the sign meant
        "build frontend master labs: go build ended with code 1"
    ]
    assert names["v0.16.0 × master (containerd)"] == [  # noqa: RUF001 - the same
        "missing: nothing came of this pair"
    ]


def test_of_very_many_tests_the_merged_file_leaves_out_those_that_passed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (junit, ctrf):
        monkeypatch.setattr(module, "ALL_CASES", 10)
    NIGHTLY.store(tmp_path)
    write_reports(tmp_path)
    root = xml(tmp_path / "junit.xml")
    told = [it for it in root.iter("testcase") if it.find("properties") is None]
    assert {it.attrib["name"] for it in told} == {junit.WHOLE}
    assert len(list(root.iter("failure"))) == int(root.attrib["failures"]) > 0
    whole = xml(tmp_path / "cells" / "v0.8.3--master--oci" / "junit.xml")
    assert len(list(whole.iter("testcase"))) == len(NIGHTLY.runs["v0.8.3--master--oci"].judgements)
    report = json.loads((tmp_path / "ctrf.json").read_text())["results"]
    assert not [it for it in report["tests"] if it["rawStatus"] == "compatible"]
    assert report["summary"]["tests"] == report["summary"]["passed"] + sum(
        it["status"] != "passed" for it in report["tests"]
    )
    assert report["extra"]["left out"] == "tests that plainly passed"


# -- ctrf.json -----------------------------------------------------------------------------------

STATUS = {"enum": ["passed", "failed", "skipped", "pending", "other"]}
COUNT = {"type": "integer", "minimum": 0}
TEST = {
    "type": "object",
    "required": ["name", "status", "duration"],
    "additionalProperties": False,
    "properties": {
        "name": {"type": "string", "minLength": 1},
        "status": STATUS,
        "duration": COUNT,
        "suite": {"type": "array", "minItems": 1, "items": {"type": "string"}},
        "rawStatus": {"type": "string"},
        "message": {"type": "string"},
        "trace": {"type": "string"},
        "flaky": {"type": "boolean"},
        "retries": COUNT,
        "extra": {"type": "object"},
    },
}
COUNTS = ("tests", "passed", "failed", "skipped", "pending", "other", "start", "stop")
SUMMARY = {
    "type": "object",
    "required": [*COUNTS],
    "additionalProperties": False,
    "properties": dict.fromkeys([*COUNTS, "flaky", "suites", "duration"], COUNT),
}
TEXTS = {
    "type": "object",
    "additionalProperties": False,
    "properties": {it: {"type": "string"} for it in ("reportName", "buildId", "repositoryUrl")},
}
CTRF = {
    "type": "object",
    "required": ["results", "reportFormat", "specVersion"],
    "additionalProperties": False,
    "properties": {
        "reportFormat": {"const": "CTRF"},
        "specVersion": {"pattern": r"^[0-9]+\.[0-9]+\.[0-9]+$"},
        "reportId": {"type": "string", "format": "uuid"},
        "timestamp": {"type": "string", "format": "date-time"},
        "generatedBy": {"type": "string"},
        "results": {
            "type": "object",
            "required": ["tool", "summary", "tests"],
            "additionalProperties": False,
            "properties": {
                "tool": {"type": "object", "required": ["name"]},
                "environment": TEXTS,
                "extra": {"type": "object"},
                "summary": SUMMARY,
                "tests": {"type": "array", "items": TEST},
            },
        },
    },
}
"""What we use of https://ctrf.io's schema, version 1.0.0, as it stands there."""


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


# -- badge.svg -----------------------------------------------------------------------------------


def test_the_badge_is_as_it_was_read(golden: Golden) -> None:
    golden("matrix/nightly.svg", badge(NIGHTLY.matrix, spots(NIGHTLY.matrix)))


@each
def test_a_badge_is_xml_with_what_it_says_as_its_name(example: Example) -> None:
    root = ET.fromstring(badge(example.matrix, spots(example.matrix)))  # noqa: S314 - ours
    texts = [it.text for it in root.iter("{http://www.w3.org/2000/svg}text")]
    assert root.attrib["aria-label"] == ": ".join(str(it) for it in texts)


@pytest.mark.parametrize(
    ("states", "said"),
    [
        ([CellState.DONE, CellState.DONE], "2 compatible"),
        ([CellState.DONE, CellState.MISSING], "1/2 without result"),
        ([CellState.FAILED], "1/1 without result"),
        ([CellState.INTERRUPTED], "1/1 without result"),
        ([], "0/0 without result"),
    ],
)
def test_a_badge_is_green_only_if_every_pair_has_a_result(
    states: list[CellState], said: str
) -> None:
    frontend = matrixruns.MASTER
    cells, results = [], []
    for number, state in enumerate(states):
        suite = matrixruns.commit(f"v0.{number}.0", "", "", "")
        cells.append(matrixruns.planned(matrixruns.pair(suite, frontend)))
        done = matrixruns.result_of(cells[-1], runs.compatible_run())
        missing = matrixruns.without_run(cells[-1], state)
        results.append(done if state is CellState.DONE else missing)
    matrix = matrixruns.matrix_of(cells, results)
    assert f"compat: {said}" in badge(matrix, spots(matrix))


# -- annotations ---------------------------------------------------------------------------------


def annotated(example: Example) -> list[str]:
    return github_annotations(spots(example.matrix), surveyed(example))


@pytest.mark.parametrize("name", EXAMPLES)
def test_annotations_are_as_they_were_read(name: str, golden: Golden) -> None:
    golden(f"matrix/{name}.annotations.txt", "\n".join(annotated(EXAMPLES[name])) + "\n")


def test_at_most_ten_of_each_and_the_last_says_how_many_more() -> None:
    told = annotated(many(2, 9))
    assert len(told) == MOST
    assert told[-1].startswith("::error title=and 9 more::")
    assert len(annotated(many(2, 5))) == 10
    assert "more" not in annotated(many(2, 5))[-1]


COMMAND = re.compile(r"::(error|warning) title=([^:,\r\n]*)::([^\r\n]*)")


@given(st.text(max_size=80), st.text(max_size=80))
def test_an_annotation_is_one_command_whatever_is_in_it(name: str, error: str) -> None:
    row = Judgement(
        name=name,
        verdict=Verdict.REGRESSED,
        control=(runs.result(name),),
        candidate=(msgspec.structs.replace(runs.result(name, F), error=error, fingerprint=""),),
    )
    cell = NIGHTLY.matrix.plan.cells[0]
    run = matrixruns.run_of(cell, [row])
    matrix = matrixruns.matrix_of([cell], [matrixruns.result_of(cell, run)])
    (told,) = annotated(Example(matrix, {cell.id: run}))
    assert COMMAND.fullmatch(told)
    assert "##[" not in told
    assert told.splitlines() == [told]


def test_what_is_fenced_stands_between_commands_that_it_cannot_know() -> None:
    token = "f" * 32
    lines = ["::error::x", "##[error]y"]
    assert list(fence(token, lines)) == [f"::stop-commands::{token}", *lines, f"::{token}::"]
    for bad, said in ((token, [f"::{token}::"]), ("short", []), ("with blanks in between it", [])):
        with pytest.raises(ValueError, match="long random word"):
            list(fence(bad, said))


def test_reports_go_to_streams_as_well() -> None:
    file = io.BytesIO()
    with ctrf.CtrfReport(NIGHTLY.matrix, spots(NIGHTLY.matrix)) as empty:
        empty.write(file)
    assert json.loads(file.getvalue())["results"]["tests"] == []
