"""A newcomer who does what docs/how-to/add-a-report.md says has a report."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.reports import write
from tests.support import example_runs, project_docs

NIGHTLY = example_runs.nightly()


def test_a_report_is_one_class_and_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    module, line = project_docs.blocks(project_docs.DOCS / "how-to" / "add-a-report.md", "python")
    names = {"REPORTS": [*write.REPORTS]}
    exec(module, names)  # noqa: S102 - the page's own code
    exec(line, names)  # noqa: S102 - the same
    monkeypatch.setattr(write, "REPORTS", names["REPORTS"])
    written = write.write_reports(NIGHTLY.store(tmp_path))
    assert written.files[-1] == tmp_path / "tally.csv"
    lines = (tmp_path / "tally.csv").read_text("utf-8").splitlines()
    assert lines[0] == "pair,passing,tests"
    assert [re.sub(r'"(.*)",\d+,\d+', r"\1", it) for it in lines[1:]] == [
        cell.id for cell in NIGHTLY.matrix.cells
    ]
    assert 'href="../tally.csv"' in (tmp_path / "page" / "index.html").read_text("utf-8")


def test_every_report_is_in_the_reference() -> None:
    told = project_docs.rows(project_docs.text(project_docs.DOCS / "reference" / "reports.md"))
    kinds = [*write.REPORTS, *write.REPORTS_OF_SCENARIOS]
    listed = {"page/" if kind.file.startswith("page/") else kind.file for kind in kinds}
    assert listed <= told.keys()
