"""JUnit files are valid, bounded, and red only for what the frontend or the machine did."""

from __future__ import annotations

import copy
import xml.etree.ElementTree as ET
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.errors import ExitCode
from harness.model import Outcome, Run, Verdict
from harness.reports import junitxml, report
from harness.reports.junit import JUnit
from harness.reports.write import write_reports
from tests.support import factories, matrix_factories
from tests.support.report_texts import text_of_pair

Golden = Callable[[str, str], None]
EXAMPLES = {
    "regressed": factories.regressed_run(),
    "compatible": factories.compatible_run(),
    "every-verdict": factories.every_verdict_run(),
    "nothing-ran": factories.empty_run(),
    "hostile": factories.hostile_run(),
    "worker-lacks": factories.lacking_run(),
}
P, F = Outcome.PASS, Outcome.FAIL


def document(run: Run) -> str:
    return text_of_pair(JUnit, run)


def parsed(text: str) -> ET.Element:
    return ET.fromstring(text)  # noqa: S314 - parses what was just written


def cases(run: Run) -> dict[str, ET.Element]:
    return {case.attrib["name"]: case for case in parsed(document(run)).iter("testcase")}


@pytest.mark.parametrize("name", EXAMPLES)
def test_files_are_as_they_were_read(name: str, golden: Golden) -> None:
    golden(f"junit/{name}.xml", document(EXAMPLES[name]))


@pytest.mark.parametrize("name", EXAMPLES)
def test_the_totals_are_those_of_the_cases(name: str) -> None:
    root = parsed(document(EXAMPLES[name]))
    found = {
        "tests": len(list(root.iter("testcase"))),
        "failures": len(list(root.iter("failure"))),
        "errors": len(list(root.iter("error"))),
        "skipped": len(list(root.iter("skipped"))),
    }
    for head in (root, *root.iter("testsuite")):
        assert {key: int(head.attrib[key]) for key in found} == found


@pytest.mark.parametrize("name", EXAMPLES)
def test_writing_changes_no_run_and_no_byte(name: str) -> None:
    run = EXAMPLES[name]
    before = copy.deepcopy(run)
    assert document(run) == document(run)
    assert run == before


@pytest.mark.parametrize(
    ("verdict", "kind"),
    [
        (Verdict.COMPATIBLE, None),
        (Verdict.FIXED, None),
        (Verdict.STALE_ENTRY, None),
        (Verdict.REGRESSED, "failure"),
        (Verdict.LOST, "failure"),
        (Verdict.INFRA, "error"),
        (Verdict.INDETERMINATE, "error"),
        (Verdict.KNOWN, "skipped"),
        (Verdict.SKIPPED, "skipped"),
        (Verdict.UNAVAILABLE, "skipped"),
        (Verdict.SAME_FAILURE, "skipped"),
        (Verdict.CHANGED_FAILURE, "skipped"),
        (Verdict.FLAKY, "skipped"),
    ],
)
def test_each_verdict_has_its_place(verdict: Verdict, kind: str | None) -> None:
    judgement = factories.judgement(
        "TestX", verdict, [P], [F], error="it broke", entry=factories.FILEOP
    )
    run = factories.make_run(judgement, verdict=Verdict.COMPATIBLE, exit_code=ExitCode.COMPATIBLE)
    (case,) = cases(run).values()
    states = [it.tag for it in case if it.tag in {"failure", "error", "skipped"}]
    assert states == ([kind] if kind else [])


def test_a_regression_carries_its_error_line_and_both_sides() -> None:
    failure = cases(EXAMPLES["regressed"])[
        factories.full_name("TestWorkdirUser", "fileop=true")
    ].find("failure")
    assert failure is not None
    assert failure.attrib["type"] == "regressed"
    assert failure.attrib["message"] == (
        'support for "BUILDKIT_DISABLE_FILEOP" build-arg was removed in BuildKit 0.11'
    )
    assert (failure.text or "").startswith("control: pass, pass\ncandidate: crash, fail\n")


def test_a_known_failure_is_skipped_with_the_lists_reason() -> None:
    name = factories.full_name("TestWorkdirExists", "fileop=false")
    skipped = cases(EXAMPLES["regressed"])[name].find("skipped")
    assert skipped is not None
    assert skipped.attrib["message"].startswith("skiplists/v0.6.yaml:12: frontends from 0.11 on")
    assert factories.FILEOP.issue in skipped.attrib["message"]


def test_a_run_that_could_not_tell_is_never_green() -> None:
    run = factories.make_run(verdict=Verdict.INDETERMINATE, exit_code=ExitCode.INDETERMINATE)
    (case,) = cases(run).values()
    error = case.find("error")
    assert error is not None
    assert error.attrib["message"] == "INDETERMINATE: nothing ran"


def test_an_interrupted_run_is_never_green() -> None:
    run = msgspec.structs.replace(EXAMPLES["compatible"], interrupted=True)
    assert cases(run)["(the whole run)"].find("error") is not None
    assert "(the whole run)" not in cases(EXAMPLES["compatible"])


def test_names_and_classnames_are_unique_even_if_very_long() -> None:
    rows = [
        factories.judgement("TestIntegration/" + "x" * 600 + end, Verdict.COMPATIBLE, [P], [P])
        for end in "ab"
    ]
    run = factories.make_run(*rows, verdict=Verdict.COMPATIBLE, exit_code=ExitCode.COMPATIBLE)
    found = cases(run)
    assert len(found) == 2
    assert all(len(name) < 200 for name in found)
    assert {case.attrib["classname"] for case in found.values()} == {
        "v0.6.4×master.oci"  # noqa: RUF001 - the sign that is meant
    }


def test_the_output_in_a_file_keeps_to_a_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(junitxml, "_OUTPUT_BUDGET", 100_000)
    rows = [
        factories.judgement(
            f"Test{number}", Verdict.REGRESSED, [F], [F], error="<&\x1b\u202e>" * 900
        )
        for number in range(50)
    ]
    run = factories.make_run(*rows, verdict=Verdict.REGRESSED, exit_code=ExitCode.REGRESSION)
    texts = [failure.text or "" for failure in parsed(document(run)).iter("failure")]
    whole = [text for text in texts if text.startswith("control: fail\n")]
    assert 0 < len(whole) < len(texts) == 50
    assert {text for text in texts if text not in whole} == {
        "(output left out, this file would become too large; see the run folder)"
    }
    assert len(document(run).encode()) < 100_000 + 50 * 4_000


@settings(deadline=None)
@given(st.text(st.characters(), max_size=50), st.text(st.characters(), max_size=200))
def test_whatever_a_test_says_the_file_is_well_formed(name: str, error: str) -> None:
    judgement = factories.judgement("a/" + name, Verdict.REGRESSED, [P], [F], error=error)
    run = factories.make_run(judgement, verdict=Verdict.REGRESSED, exit_code=ExitCode.REGRESSION)
    assert len(cases(run)) == 1


def test_a_pair_has_one_file_which_is_replaced_whole(tmp_path: Path) -> None:
    matrix_factories.store_run(tmp_path, EXAMPLES["regressed"])
    (tmp_path / "junit.xml").write_text("before")
    write_reports(tmp_path)
    assert (tmp_path / "junit.xml").read_text("utf-8") == document(EXAMPLES["regressed"])
    assert [it.name for it in tmp_path.rglob("*junit.xml*")] == ["junit.xml"]


def test_a_pairs_file_has_every_test_however_many(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(report, "ALL_CASES", 1)
    matrix_factories.store_run(tmp_path, EXAMPLES["every-verdict"])
    write_reports(tmp_path)
    found = parsed((tmp_path / "junit.xml").read_text("utf-8"))
    assert len(list(found.iter("testcase"))) == len(EXAMPLES["every-verdict"].judgements)
