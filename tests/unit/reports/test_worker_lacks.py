"""Every report of a pair whose worker could not run says so, and what was lacking."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from harness.errors import ExitCode
from harness.journal.single import matrix_of
from tests.support import factories, renders
from tests.support.matrix_factories import Example

LACKS = "program rootlesskit 2.0, device /dev/net/tun"
SENTENCE = f"not run, because the worker oci-rootless needs what is not here: {LACKS}"
REPORTS = {
    "junit.xml": f"UNAVAILABLE: {SENTENCE}",
    "summary.md": f"its worker needs what is not here: {LACKS}",
    "page/index.html": "oci-rootless",
    "printed/matrix.txt": f"its worker needs what is not here: {LACKS}",
    "printed/headline": "could not run here",
    "printed/matrix-summary.json": f"its worker needs what is not here: {LACKS}",
}


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lacking")
    run = factories.lacking_run()
    matrix = matrix_of(run)
    Example(matrix, {matrix.cells[0].id: run}).store(folder / "run")
    renders.render(folder / "run", folder / "out")
    return folder / "out"


@pytest.mark.parametrize("name", REPORTS)
def test_it_is_said(name: str, reports: Path) -> None:
    told = " ".join((reports / name).read_text("utf-8").split())
    assert REPORTS[name] in told


def test_it_is_said_in_the_terminal(reports: Path) -> None:
    (printed,) = (reports / "printed").glob("*oci-rootless.txt")
    assert SENTENCE in " ".join(click.unstyle(printed.read_text("utf-8")).split())
    assert factories.lacking_run().exit_code == ExitCode.COMPATIBLE
