"""junit.xml of a matrix is that of its pairs, with an error for each without a result."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from harness.reports import junit, report
from harness.reports.write import write_reports
from tests.support import example_runs

NIGHTLY = example_runs.nightly()


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
    monkeypatch.setattr(report, "ALL_CASES", 10)
    NIGHTLY.store(tmp_path)
    write_reports(tmp_path)
    root = xml(tmp_path / "junit.xml")
    bare = [it for it in root.iter("testcase") if it.find("properties") is None]
    assert {it.attrib["name"] for it in bare} == {junit.WHOLE}
    assert len(list(root.iter("failure"))) == int(root.attrib["failures"]) > 0
    whole = xml(tmp_path / "cells" / "v0.8.3--master--oci" / "junit.xml")
    assert len(list(whole.iter("testcase"))) == len(NIGHTLY.runs["v0.8.3--master--oci"].judgements)
    absent = len(NIGHTLY.matrix.cells) - len(NIGHTLY.runs)
    unsettled = len([it for it in root.iter("testcase") if it.attrib["name"] == junit.WHOLE])
    tests = sum(len(run.judgements) for run in NIGHTLY.runs.values())
    assert int(root.attrib["tests"]) == tests + unsettled
    told = json.loads((tmp_path / "ctrf.json").read_text())["results"]
    assert not [it for it in told["tests"] if it["rawStatus"] == "compatible"]
    assert told["summary"]["tests"] == tests + absent
    assert told["extra"]["left out"] == "tests that plainly passed"
