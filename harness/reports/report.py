"""What a report of a stored run is, and what it is made from.

A report sees what is known of the whole run first, then its cells one by one. So it is written
front to back, and one cell is in memory at a time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO, ClassVar, Protocol

import msgspec

from harness.journal.files import replacing
from harness.model import Run
from harness.model.matrix import MatrixRun
from harness.reports.culprits import Blames
from harness.reports.overview import CellView
from harness.reports.past import Pasts
from harness.reports.survey import Found, Survey

ALL_CASES = 100_000
"""Number of tests of several pairs up to which a report lists those that plainly passed."""


@dataclass(frozen=True)
class StoredRun:
    """What is known of a stored run before its first cell is read."""

    matrix: MatrixRun
    views: Sequence[CellView]
    """Every cell: what was planned, what came of it, and how many tests have which verdict."""
    survey: Survey
    """Root causes across the cells that were added so far; complete at the end."""
    blames: Blames
    """Who broke what, as far as somebody asked."""
    past: Pasts
    """What earlier runs said, by the ids of cells."""
    told: Mapping[str, str]
    """Which run told of a cause first, by the cause's digest (`issue.digests`)."""
    folder: Path
    """Where the run lies."""
    out: Path
    """Where its reports go."""
    files: tuple[str, ...]
    """Names of all reports that are written."""

    @property
    def brief(self) -> bool:
        """Whether there are so many tests that those that plainly passed are only counted."""
        return len(self.views) > 1 and sum(view.tests for view in self.views) > ALL_CASES

    def alone(self, cell: StoredCell, run: Run, files: tuple[str, ...]) -> StoredRun:
        """Return the same as if this cell, in its own folder, were all of it."""
        matrix = msgspec.structs.replace(
            self.matrix, seconds=run.seconds, cells=(cell.view.result,)
        )
        out = self.out / cell.view.result.run
        return replace(
            self, matrix=matrix, views=(cell.view,), folder=cell.folder, out=out, files=files
        )


@dataclass(frozen=True)
class StoredCell:
    """One cell, while it is in memory."""

    view: CellView
    run: Run | None
    """What its tests did; None if nothing came of it."""
    found: Sequence[Found]
    """What the survey made of the tests that are not plainly compatible."""
    folder: Path
    """Where its run lies."""
    files: tuple[Path, ...] = ()
    """Its own reports."""


class Report(Protocol):
    """One report of a stored run, begun and ended by `writing`."""

    file: ClassVar[str]
    """What to open, as a path below the folder of reports."""

    def __init__(self, stored: StoredRun) -> None:
        """Begin without touching the disk."""

    def writing(self) -> AbstractContextManager[None]:
        """Open the report for cells; at the end of the block it takes its place.

        After an error what was there before is unchanged. Raises InfrastructureError if the
        disk refuses.
        """

    def add(self, cell: StoredCell) -> None:
        """Add a cell, in the order of the run."""


class TextReport:
    """A report that is one text file: its head, a part for each cell, its foot."""

    file: ClassVar[str]

    def __init__(self, stored: StoredRun) -> None:
        """Take what is known of the whole run."""
        self.stored = stored
        self._file: BinaryIO

    def head(self) -> Iterable[str]:
        """Return what stands before the first cell."""
        return ()

    def cell(self, cell: StoredCell) -> Iterable[str]:  # noqa: ARG002 - for those that need it
        """Return what stands for a cell."""
        return ()

    def foot(self) -> Iterable[str]:
        """Return what stands behind the last cell."""
        return ()

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Write the file, which takes its place at the end of the block."""
        with replacing(self.stored.out / self.file, durable=False) as self._file:
            self._write(self.head())
            yield
            self._write(self.foot())

    def add(self, cell: StoredCell) -> None:
        """Write what stands for a cell."""
        self._write(self.cell(cell))

    def _write(self, parts: Iterable[str]) -> None:
        for part in parts:
            self._file.write(part.encode())
