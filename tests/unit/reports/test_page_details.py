"""What opens on the page says what the runs say, and links what is there."""

from __future__ import annotations

import re
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import unquote

import pytest
from msgspec.structs import replace

from harness.model import Leg, Outcome, Source, Vary, Verdict
from harness.reports.logs import Logs
from harness.reports.page import details
from harness.reports.write import write_reports
from tests.support import example_runs, factories, matrix_factories
from tests.support.html_pages import given, index, number, rendered

NIGHTLY = example_runs.nightly()


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return rendered(NIGHTLY, tmp_path_factory.mktemp("nightly"))


def test_a_cell_groups_its_tests_by_verdict_and_cause(page: Path) -> None:
    view = given(page, f"cells/{number('v0.8.3--master--oci')}")
    names = given(page, "tests")["names"]
    groups = [
        (it["letter"], [names[test["test"]] for test in it["tests"]]) for it in view["groups"]
    ]
    assert groups == [
        ("R", ["TestMountContext", "TestMountTmpfs", "TestSecretMounts"]),
        ("L", ["TestSSHSocketParams"]),
        ("X", ["TestUser"]),
        ("s", ["TestRunNetwork"]),
    ]
    test = view["groups"][0]["tests"][0]
    assert test["control"]["did"] == "pass 1.2s, pass 1.2s"
    assert test["candidate"]["did"] == "fail (assertion) 1.2s, fail (assertion) 1.2s"
    assert "is not supported by build server" in test["candidate"]["error"]
    assert view["command"] == "compat-run v0.8.3 master --worker oci"


def test_logs_are_linked_from_the_page_where_they_are(page: Path) -> None:
    cell = "v0.8.3--master--oci"
    test = given(page, f"cells/{number(cell)}")["groups"][0]["tests"][0]
    run = NIGHTLY.runs[cell]
    judged = next(it for it in run.judgements if it.name == test["name"])
    folder = page.parent / "cells" / cell
    for leg in Leg:
        linked = (page / unquote(test[leg.value]["log"])).resolve()
        assert linked == (folder / Logs(run).path(judged, leg)).resolve()
        assert linked.is_file()
    assert (page / unquote(test["candidate"]["daemon"])).is_file()


def test_a_log_that_is_gone_is_not_linked(tmp_path: Path) -> None:
    NIGHTLY.store(tmp_path)
    cell = "v0.8.3--master--oci"
    for log in (tmp_path / "cells" / cell).rglob("*.log"):
        log.unlink()
    write_reports(tmp_path)
    view = given(tmp_path / "page", f"cells/{number(cell)}")
    assert [name for name, _ in view["files"]] == ["run.json", "junit.xml"]
    assert not [test for it in view["groups"] for test in it["tests"] if "log" in test["candidate"]]


def test_a_log_that_is_a_link_to_elsewhere_is_not_linked(tmp_path: Path) -> None:
    folder = NIGHTLY.store(tmp_path / "run")
    logs = [path for path in folder.rglob("*.log") if path.is_file()]
    for log in logs:
        log.unlink()
        log.symlink_to("/etc/passwd")
    write_reports(folder)
    told = "".join(it.read_text("utf-8") for it in (folder / "page" / "cells").iterdir())
    assert logs
    assert ".log" not in told


def test_entries_in_force_have_reason_link_and_number_of_tests(page: Path) -> None:
    view = given(page, f"cells/{number('v0.6.4--master--oci')}")
    assert view["entries"][0] == {
        "where": factories.FILEOP.where,
        "status": "expected-failure",
        "reason": factories.FILEOP.reason,
        "issue": factories.FILEOP.issue,
        "tests": 5,
    }
    known = next(it for it in view["groups"] if it["letter"] == "K")
    assert {test["entry"] for test in known["tests"]} == {0}


def test_an_entry_that_matched_nothing_is_told(tmp_path: Path) -> None:
    matrix_factories.store_run(tmp_path, factories.every_verdict_run())
    write_reports(tmp_path)
    view = given(tmp_path / "page", "cells/0")
    assert [it["where"] for it in view["entries"] if it["tests"] == 0] == ["skiplists/v0.6.yaml:40"]
    assert "the mirror lacks tonistiigi/hellofs:latest" in view["notes"]


def test_a_failed_cell_says_why_and_a_missing_one_how_to_run_it(page: Path) -> None:
    failed = given(page, f"cells/{number('v0.16.0--master--oci')}")
    assert failed["error"].startswith("build frontend master labs")
    assert failed["hint"] == "see the build's log"
    missing = given(page, f"cells/{number('v0.12.5--dockerfile_1.10.0--oci')}")
    assert missing["command"] == "compat-run v0.12.5 dockerfile/1.10.0 --worker oci"
    assert "never begun" in missing["headline"]


def test_letters_and_causes_agree_with_the_runs(page: Path) -> None:
    tests = given(page, "tests")
    for i, cell in enumerate(NIGHTLY.matrix.cells):
        first, letters, causes = tests["cells"][i]
        run = NIGHTLY.runs.get(cell.id)
        assert len(letters.replace(" ", "")) == (len(run.judgements) if run else 0)
        assert len(causes) == len(re.sub("[P ]", "", letters))
        assert not letters or first + len(letters) <= len(tests["names"])


def test_earlier_runs_are_there_if_there_is_a_history(page: Path, tmp_path: Path) -> None:
    past = given(page, "past")
    i = str(number("v0.8.3--master--oci"))
    assert past["runs"][i][0][:5] == [
        *("20261110-015907-5a17", "2026-11-10T01:59:07Z"),
        *("bbbbbbb", "compatible", "P"),
    ]
    test = given(page, "tests")["names"].index("TestMountContext")
    assert past["since"][i][str(test)][1] == "2026-11-19T01:59:07Z"
    bare = rendered(NIGHTLY, tmp_path, past=False)
    assert not (bare / "past.js").exists()
    assert index(bare)["history"] is False


def test_a_cell_with_very_many_tests_stays_small(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(details, "_LISTED", 3)
    monkeypatch.setattr(details, "_EXCERPTS", 1_000)
    numbers = count()
    rows = [
        factories.judgement(
            f"Test{next(numbers)}",
            Verdict.REGRESSED,
            [Outcome.PASS],
            [Outcome.FAIL],
            error="e" * 900,
        )
        for _ in range(5)
    ]
    cell = NIGHTLY.matrix.plan.cells[0]
    run = matrix_factories.run_of(cell, rows)
    matrix = matrix_factories.matrix_of([cell], [matrix_factories.result_of(cell, run)])
    shown = rendered(matrix_factories.Example(matrix, {cell.id: run}), tmp_path)
    view = given(shown, "cells/0")
    (group,) = view["groups"]
    assert len(group["tests"]) == 3
    assert "left out" in group["tests"][1]["candidate"]["error"]
    assert view["notes"][0] == "2 more tests are not shown here, all are in run.json"


def test_a_cell_of_scenarios_without_a_run_says_so_and_how_to_repeat_it() -> None:
    planned = NIGHTLY.matrix.plan.cells[0]
    tests = Source(commit=planned.pair.frontend, channel=planned.pair.frontend_channel)
    pair = replace(planned.pair, scenarios=True, tests=tests, vary=Vary.DAEMON)
    view = SimpleNamespace(
        planned=replace(planned, pair=pair), label="failed", result=NIGHTLY.matrix.cells[0]
    )
    found = details.cell_without_run(view)  # type: ignore[arg-type] # what it asks of a view
    assert " --tests-from scenarios " in found.command
    assert dict(found.facts)["tests"] == "scenarios"
