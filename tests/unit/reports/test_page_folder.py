"""The page is the same when it is written again, and replaces nothing but a page of ours."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

import pytest

from harness.errors import InfrastructureError, UsageError
from harness.reports import markdown
from harness.reports.write import write_reports
from tests.support import example_runs, factories, matrix_factories
from tests.support.html_pages import given, number, rendered

NIGHTLY = example_runs.nightly()
HOSTILE = example_runs.hostile()


def content(folder: Path) -> dict[str, bytes]:
    return {
        str(it.relative_to(folder)): it.read_bytes() for it in folder.rglob("*") if it.is_file()
    }


@pytest.mark.parametrize("example", [NIGHTLY, HOSTILE], ids=["nightly", "hostile"])
def test_written_again_every_report_is_the_same(
    example: matrix_factories.Example, tmp_path: Path
) -> None:
    rendered(example, tmp_path)
    first = content(tmp_path)
    rendered(example, tmp_path)
    assert content(tmp_path) == first


def test_a_single_run_is_a_matrix_of_one_cell(tmp_path: Path) -> None:
    matrix_factories.store_run(tmp_path, factories.regressed_run())
    written = write_reports(tmp_path)
    assert written.headline == "v0.6.4 × master (oci) regressed"  # noqa: RUF001 - the sign meant
    assert written.files[0] == tmp_path / "page" / "index.html"
    first = content(tmp_path)
    write_reports(tmp_path)
    assert content(tmp_path) == first


def test_elsewhere_logs_are_linked_to_where_they_are(tmp_path: Path) -> None:
    NIGHTLY.store(tmp_path / "run")
    before = content(tmp_path / "run")
    write_reports(tmp_path / "run", out=tmp_path / "deep" / "site")
    assert content(tmp_path / "run") == before
    page = tmp_path / "deep" / "site" / "page"
    view = given(page, f"cells/{number('v0.8.3--master--oci')}")
    log = view["groups"][0]["tests"][0]["candidate"]["log"]
    assert (page / unquote(log)).resolve().is_relative_to(tmp_path / "run" / "cells")
    assert (tmp_path / "deep/site/cells/v0.8.3--master--oci/junit.xml").is_file()


@pytest.mark.parametrize("there", ["notes.txt", "index.html"])
def test_a_folder_of_somebody_else_is_left_alone(there: str, tmp_path: Path) -> None:
    NIGHTLY.store(tmp_path)
    mine = tmp_path / "page" / there
    mine.parent.mkdir()
    mine.write_text("mine")
    with pytest.raises(UsageError, match="is there already and is no page of this program"):
        write_reports(tmp_path)
    assert mine.read_text() == "mine"
    assert not [it for it in tmp_path.iterdir() if it.name.startswith(".")]


def test_after_an_error_the_old_page_is_still_there(tmp_path: Path) -> None:
    rendered(NIGHTLY, tmp_path)
    before = content(tmp_path / "page")
    (tmp_path / "cells" / "v0.16.0--dockerfile_1.4.3--oci" / "run.json").write_text("{")
    with pytest.raises(UsageError, match=r"v0\.16\.0--dockerfile_1\.4\.3--oci/run\.json"):
        write_reports(tmp_path)
    assert content(tmp_path / "page") == before
    assert not [it for it in tmp_path.iterdir() if it.name.startswith(".")]


def test_a_disk_that_refuses_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    NIGHTLY.store(tmp_path)

    def full(*_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(markdown, "summary_markdown", full)
    with pytest.raises(InfrastructureError, match="No space left on device"):
        write_reports(tmp_path)
    assert not (tmp_path / "page").exists()
