"""`compat lists`: whether patches and skip lists hold, and what belongs into them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import msgspec

from harness.cli.show import present
from harness.cli.stored import find_run
from harness.config.datadir import find_data
from harness.lists.check import check as checked
from harness.lists.check import render
from harness.lists.suggest import as_yaml, suggestions
from harness.plan.workspace import Workspace
from harness.reports.live import display
from harness.repository.clones import DEFAULT_REPOSITORY
from harness.store import Store, default_cache


def check(
    repo: str | None, cache: Path | None, data: Path | None, *, fetch: bool, as_json: bool
) -> int:
    """Hold every patch and entry against all commits of the repository."""
    where = repo or os.environ.get("COMPAT_REPO") or DEFAULT_REPOSITORY
    with display(sys.stderr) as listener:
        workspace, _ = Workspace.open(
            find_data(data, os.environ),
            Store(cache or default_cache()),
            where,
            [],
            fetch=fetch,
            listener=listener,
        )
    found = checked(workspace)
    present(
        lambda: {**msgspec.to_builtins(found), "exit_code": int(found.exit_code)},
        lambda terminal: render(found, color=terminal.color),
        as_json=as_json,
    )
    return found.exit_code


def suggest(run: str, *, as_json: bool) -> None:
    """Print entries for what RUN saw fail."""
    found = suggestions(find_run(run).resolve())
    present(lambda: msgspec.to_builtins(found), lambda _: as_yaml(found), as_json=as_json)
