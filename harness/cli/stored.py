"""What commands that read stored runs have in common: finding a run, and what came before it."""

from __future__ import annotations

import os
from pathlib import Path

from harness.cli.session import default_runs
from harness.errors import UsageError
from harness.history import History, default_history
from harness.journal import MATRIX_FILE, RUN_FILE, read_matrix
from harness.model.matrix import CellState
from harness.reports.past import Past, pasts
from harness.tools.homes import expanded


def find_run(name: str, runs: Path | None = None) -> Path:
    """Find a stored run by the path of its folder, or by its name among these or the user's runs.

    Raises UsageError if there is neither.
    """
    runs = runs or default_runs()
    for folder in (expanded(name), runs / name):
        if folder.exists():
            return folder.absolute()
    raise UsageError(
        f"there is no run {name!r}, neither as a path nor in {runs}",
        hint=f"name a folder with a {MATRIX_FILE} or a {RUN_FILE}, or `latest`",
    )


def interrupted_pair(name: str, runs: Path | None) -> tuple[Path, tuple[str, ...]]:
    """Find a pair's run that can be taken up: return its folder and the words behind `compat-run`.

    Raises UsageError if it came to its end, or is none of `compat run`.
    """
    folder = find_run(name, runs).resolve()
    matrix = read_matrix(folder)
    if not (folder / MATRIX_FILE).is_file():
        raise UsageError(
            f"{folder} was made by an earlier version, which did not write a {MATRIX_FILE}",
            hint="run the pair anew: what was built is kept",
        )
    if not matrix.plan.pair:
        raise UsageError(
            f"{folder} is the run of a matrix", hint=f"compat matrix --resume {folder}"
        )
    if all(cell.state is CellState.DONE for cell in matrix.cells):
        raise UsageError(
            f"{folder} came to its end: nothing of it is left to run",
            hint="without --resume the pair is run anew",
        )
    return folder, matrix.command[1:]


def told_of(file: Path | None) -> dict[str, str]:
    """Return which run told of each root cause first; where from, and errors, as in `past_of`."""
    history = file or default_history()
    if file is None and not os.path.lexists(history):
        return {}
    with History.open(history) as opened:
        return opened.told()


def past_of(folder: Path, file: Path | None) -> dict[str, Past]:
    """Return what a run's reports show of earlier ones, from a history.

    Without `file` it is the user's own, and nothing if there is none yet. Raises UsageError for a
    history that cannot be used, and for a folder that holds no run.
    """
    history = file or default_history()
    if file is None and not os.path.lexists(history):
        return {}
    with History.open(history) as opened:
        return pasts(opened, read_matrix(folder))
