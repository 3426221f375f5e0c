"""All reports of a stored run, in one go over its cells, of which one is in memory at a time.

    page/   summary.md   junit.xml   ctrf.json   badge.svg   cells/<cell>/junit.xml

They depend on nothing but the stored run and the past that is handed in: written again they are
the same, byte by byte.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from os.path import relpath
from pathlib import Path
from types import MappingProxyType
from urllib.parse import quote

from harness.journal import (
    MATRIX_FILE,
    PLAN_FILE,
    RUN_FILE,
    cell_folder,
    cells,
    read_matrix,
)
from harness.journal.files import replacing
from harness.reports.annotations import github_annotations
from harness.reports.badge import badge
from harness.reports.ctrf import CtrfReport
from harness.reports.junit import MatrixJUnit, write_junit
from harness.reports.junitxml import Document
from harness.reports.markdown import summary_markdown
from harness.reports.overview import sentence, spots
from harness.reports.page import INDEX, PAGE, writing_page
from harness.reports.past import Past, Pasts
from harness.reports.survey import Survey
from harness.tools.disks import disk_errors

SUMMARY = "summary.md"
JUNIT = "junit.xml"
CTRF = "ctrf.json"
BADGE = "badge.svg"

_NO_PAST: Mapping[str, Past] = MappingProxyType({})


@dataclass(frozen=True)
class Written:
    """What was written, and what a command says of it."""

    headline: str
    files: tuple[Path, ...]
    """The page's index.html first."""
    annotations: tuple[str, ...]
    """Commands for GitHub."""


def write_reports(folder: Path, past: Pasts = _NO_PAST, *, out: Path | None = None) -> Written:
    """Write all reports of a stored run, of a matrix or of one pair, into its folder or `out`.

    Each takes its place whole or not at all. Raises UsageError if the folder holds no run, if a
    cell's run is damaged, or if there is a page that is none of ours; InfrastructureError if the
    disk refuses.
    """
    matrix = read_matrix(folder)
    folder = folder if folder.is_dir() else folder.parent
    out = out or folder
    every = spots(matrix)
    survey = Survey()
    with ExitStack() as stack:
        page = stack.enter_context(writing_page(out, matrix, every, survey, past))
        page.beside.extend(_beside(folder, out))
        document = stack.enter_context(Document(matrix.seconds, out))
        junit = MatrixJUnit(document, sum(spot.tests for spot in every))
        ctrf = stack.enter_context(CtrfReport(matrix, every, out))
        for spot, (cell, run) in zip(every, cells(folder), strict=True):
            junit.add(spot, run)
            ctrf.add(spot, run)
            if run is None:
                page.add(spot, None, (), folder)
                continue
            place = out / cell.run
            with disk_errors(place):
                place.mkdir(parents=True, exist_ok=True)
            write_junit(place / JUNIT, run)
            page.add(spot, run, survey.add(spot.index, run), cell_folder(folder, cell))
        with replacing(out / JUNIT, durable=False) as file:
            document.write(file)
        with replacing(out / CTRF, durable=False) as file:
            ctrf.write(file)
        for name, text in (
            (SUMMARY, summary_markdown(matrix, every, survey)),
            (BADGE, badge(matrix, every)),
        ):
            with replacing(out / name, durable=False) as file:
                file.write(text.encode())
    return Written(
        headline=sentence(matrix, every),
        files=(out / PAGE / INDEX, *(out / name for name in (SUMMARY, JUNIT, CTRF, BADGE))),
        annotations=tuple(github_annotations(every, survey)),
    )


def _beside(folder: Path, out: Path) -> Iterator[tuple[str, str]]:
    """Name the files at the foot of the page: those written with it, and what they are made of."""
    for name in (SUMMARY, JUNIT, CTRF):
        yield name, f"../{name}"
    for name in (PLAN_FILE, MATRIX_FILE, RUN_FILE):
        if (folder / name).is_file():
            yield name, quote(relpath(folder.resolve() / name, out.resolve() / PAGE))
