"""What commands that read stored runs have in common: finding a run, and what came before it."""

from __future__ import annotations

import os
from pathlib import Path

from harness.cli.session import default_runs
from harness.errors import UsageError
from harness.history import History, default_history
from harness.journal import MATRIX_FILE, RUN_FILE, read_matrix
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


def past_of(folder: Path, file: Path | None) -> dict[str, Past]:
    """Ask a history for what a run's reports show of earlier ones.

    Without `file` it is the user's own, and nothing if there is none yet. Raises UsageError for a
    history that cannot be used, and for a folder that holds no run.
    """
    history = file or default_history()
    if file is None and not os.path.lexists(history):
        return {}
    with History.open(history) as opened:
        return pasts(opened, read_matrix(folder))
