"""All reports of a stored run, in one go over its cells, of which one is in memory at a time.

They depend on nothing but the stored run, with what was found out about it, and the past that is
handed in: written again they are the same, byte by byte.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from harness.journal import cell_folder, cells, read_culprits, read_matrix
from harness.reports.annotations import github_annotations
from harness.reports.badge import Badge
from harness.reports.ctrf import Ctrf
from harness.reports.culprits import by_test
from harness.reports.features.report import FeaturesPage, has_scenarios
from harness.reports.issue import Issue, blamed, digests
from harness.reports.junit import JUnit
from harness.reports.markdown import Summary
from harness.reports.overview import cell_views, sentence
from harness.reports.page import Page
from harness.reports.past import Past, Pasts
from harness.reports.report import Report, StoredCell, StoredRun
from harness.reports.survey import Survey
from harness.tools.disks import disk_errors

REPORTS: list[type[Report]] = [
    Page,
    Summary,
    Issue,
    JUnit,
    Ctrf,
    Badge,
]
"""Every report of a run, in the order in which commands name them."""
REPORTS_OF_SCENARIOS: list[type[Report]] = [FeaturesPage]
"""Those that a run has beside them, if it ran scenarios."""
REPORTS_OF_CELLS: list[type[Report]] = [JUnit]
"""Those that each cell of a matrix has in its own folder, too."""

_NO_PAST: Mapping[str, Past] = MappingProxyType({})
_NOTHING_TOLD: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True)
class Written:
    """What was written, and what a command says of it."""

    headline: str
    files: tuple[Path, ...]
    """In the order of `REPORTS`."""
    annotations: tuple[str, ...]
    """Commands for GitHub."""
    causes: tuple[str, ...]
    """Digests of the root causes that they tell of, for the history."""


def write_reports(
    folder: Path,
    past: Pasts = _NO_PAST,
    *,
    told: Mapping[str, str] = _NOTHING_TOLD,
    out: Path | None = None,
) -> Written:
    """Write all reports of a stored run, of a matrix or of one pair, into its folder or `out`.

    `told` is which run told of each cause first, as `History.told` returns it.

    Each takes its place whole or not at all. Raises UsageError if the folder holds no run, if a
    cell's run is damaged, or if there is a page that is none of ours; InfrastructureError if the
    disk refuses.
    """
    matrix = read_matrix(folder)
    folder = folder if folder.is_dir() else folder.parent
    kinds = [*REPORTS, *(REPORTS_OF_SCENARIOS if has_scenarios(matrix) else ())]
    views = cell_views(matrix)
    blames = by_test(read_culprits(folder, matrix.id))
    places = {view.planned.id: view.index for view in views}
    stored = StoredRun(
        matrix=matrix,
        views=views,
        survey=Survey({(places.get(cell, -1), name): it for (cell, name), it in blames.items()}),
        blames=blames,
        past=past,
        told=told,
        folder=folder,
        out=out or folder,
        files=_names(kinds),
    )
    _write(kinds, stored, _cells(stored))
    return Written(
        headline=sentence(matrix, stored.views),
        files=tuple(stored.out / name for name in stored.files),
        annotations=tuple(github_annotations(stored.views, stored.survey)),
        causes=tuple(
            digest
            for trouble in blamed(stored.survey)
            for digest in digests(matrix, stored.survey, trouble)
        ),
    )


def _write(kinds: Sequence[type[Report]], stored: StoredRun, added: Iterable[StoredCell]) -> None:
    with disk_errors(stored.out):
        stored.out.mkdir(parents=True, exist_ok=True)
    reports = [kind(stored) for kind in kinds]
    with ExitStack() as stack:
        for report in reports:
            stack.enter_context(report.writing())
        for cell in added:
            for report in reports:
                with disk_errors(stored.out / report.file):
                    report.add(cell)


def _cells(stored: StoredRun) -> Iterator[StoredCell]:
    """Read the cells one by one; those of a matrix get their own reports meanwhile."""
    for view, (result, run) in zip(stored.views, cells(stored.folder), strict=True):
        if run is None:
            yield StoredCell(view, None, (), stored.folder)
            continue
        names = _names(REPORTS_OF_CELLS)
        past = stored.past.get(view.planned.id)
        cell = StoredCell(
            view=view,
            run=run,
            found=stored.survey.add(view.index, run, past.before if past else None),
            folder=cell_folder(stored.folder, result),
            files=tuple(stored.out / result.run / name for name in names),
        )
        if cell.folder != stored.folder:  # else the reports of the run are those of the cell
            _write(REPORTS_OF_CELLS, stored.alone(cell, run, names), [cell])
        yield cell


def _names(kinds: Sequence[type[Report]]) -> tuple[str, ...]:
    return tuple(kind.file for kind in kinds)
