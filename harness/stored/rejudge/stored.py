"""A stored run, of a matrix or of one pair, judged again cell by cell."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

from harness.errors import ExitCode
from harness.journal import (
    MATRIX_FILE,
    LegFolder,
    cell_folder,
    cells,
    read_matrix,
    write_matrix,
    write_plan,
    write_run,
)
from harness.journal.copying import copy_tree, made_whole
from harness.journal.single import result_of
from harness.model import LegRun, Record, Run
from harness.model.matrix import CellResult, MatrixRun
from harness.run.legs import log_writer
from harness.stored.rejudge.changes import CellChange, cell_change
from harness.stored.rejudge.lists import Lists
from harness.stored.rejudge.rejudge import Rejudged, rejudge
from harness.stored.rejudge.reread import OnLog
from harness.tools.disks import disk_errors
from harness.verdict.overall import exit_code_of, of_matrix


class Reclassified(Record, frozen=True, kw_only=True):
    """A stored run as it was and as it is now."""

    before: MatrixRun
    after: MatrixRun
    cells: tuple[CellChange, ...]
    """Every cell that has a run."""

    @property
    def changed(self) -> bool:
        """Whether any verdict is another one."""
        return any(cell.changed for cell in self.cells)


def reclassify(folder: Path, lists: Lists) -> Reclassified:
    """Judge a stored run again; nothing is written.

    Raises UsageError for a folder that holds no run or a damaged one, and what `lists` raises.
    """
    return _Work(folder, lists).whole()


def reclassify_into(folder: Path, lists: Lists, out: Path) -> Reclassified:
    """Judge a stored run again, and make the new folder `out` the run as it is now.

    It becomes whole or not at all, without reports; the run itself is not touched. Raises what
    `reclassify` does, UsageError if there is something at `out`, InfrastructureError if the disk
    refuses.
    """
    with made_whole(out) as new:
        return _Kept(folder, lists, new).whole()


class _Work:
    """One pass over the cells of a stored run."""

    def __init__(self, folder: Path, lists: Lists) -> None:
        self.folder = folder if folder.is_dir() else folder.parent
        self.lists = lists
        self.before = read_matrix(folder)

    def whole(self) -> Reclassified:
        """Judge every cell again."""
        told: list[CellChange] = []
        rows: list[CellResult] = []
        for row, run in cells(self.folder):
            if run is None:
                rows.append(row)
                continue
            again = self.judged(row, run)
            change = cell_change(row, run, again)
            told.append(change)
            rows.append(result_of(row.id, self.keep(row, again, change), row.run))
        after = self.matrix(tuple(rows))
        return Reclassified(before=self.before, after=after, cells=tuple(told))

    def judged(self, row: CellResult, run: Run) -> Rejudged:
        """Judge a cell's run again where it lies."""
        folder = cell_folder(self.folder, row)
        return rejudge(run, folder, self.lists.of(run), floors=self.lists.floors)

    def keep(self, row: CellResult, again: Rejudged, change: CellChange) -> Run:  # noqa: ARG002 - for those who keep it
        """Return the run as it is now."""
        return again.run

    def matrix(self, rows: tuple[CellResult, ...]) -> MatrixRun:
        """Return the matrix run as it is now."""
        overall = of_matrix(row.verdict for row in rows)
        code = exit_code_of(overall, (row.exit_code for row in rows))
        return replace(
            self.before,
            cells=rows,
            verdict=overall,
            exit_code=ExitCode.INTERRUPTED if self.before.interrupted else code,
        )


class _Kept(_Work):
    """The same, into a new folder that has links to the files of the old one."""

    def __init__(self, folder: Path, lists: Lists, new: Path) -> None:
        super().__init__(folder, lists)
        self.new = new
        self.single = not (self.folder / MATRIX_FILE).is_file()

    def judged(self, row: CellResult, run: Run) -> Rejudged:
        """Copy a cell's legs and judge its run again there, with logs of what fails now."""
        old, new = cell_folder(self.folder, row), self.new / row.run
        with disk_errors(new):
            new.mkdir(parents=True, exist_ok=True)
        for part in dict.fromkeys(leg.folder.partition("/")[0] for leg in run.legs):
            if part not in {"", ".", ".."} and (old / part).is_dir():
                copy_tree(old / part, new / part)

        def logs(leg: LegRun) -> OnLog:
            return log_writer(LegFolder(new / leg.folder, leg.folder), anew=False)

        return rejudge(run, new, self.lists.of(run), logs, self.lists.floors)

    def keep(self, row: CellResult, again: Rejudged, change: CellChange) -> Run:
        """Write the run as it is now, and say in it that it is not what it was."""
        run = again.run
        if change.changed:
            said = f"judged again; when it ran, it was {change.before}"
            run = replace(run, warnings=(*run.warnings, said))
        write_run(self.new / row.run, run)
        return run

    def matrix(self, rows: tuple[CellResult, ...]) -> MatrixRun:
        """Write plan.json and matrix.json beside the cells, unless it is the run of one pair."""
        after = super().matrix(rows)
        if not self.single:
            if after.cells != self.before.cells:
                said = f"judged again; when it ran, it was {self.before.verdict}"
                after = replace(after, warnings=(*after.warnings, said))
            write_plan(self.new, after.plan)
            write_matrix(self.new, after)
        return after
