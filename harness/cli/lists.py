"""`compat lists`: whether patches and skip lists hold, and what belongs into them."""

from __future__ import annotations

import dataclasses
import os
import sys
from pathlib import Path
from typing import Unpack

import msgspec

from harness.cli.rerun import RerunOptions, again
from harness.cli.show import present
from harness.cli.stored import find_run
from harness.config.datadir import find_data
from harness.config.skiplists import Entry
from harness.errors import Interrupted, UsageError
from harness.journal import cells
from harness.lists.audit import Audit, audited, exit_code, functions, told
from harness.lists.audit import render as render_audit
from harness.lists.check import check as checked
from harness.lists.check import render
from harness.lists.suggest import as_yaml, suggestions
from harness.plan.asks import Where
from harness.plan.opening import Opened
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
            Where(where, fetch),
            [],
            listener,
        )
    found = checked(workspace)
    present(
        lambda: {**msgspec.to_builtins(found), "exit_code": int(found.exit_code)},
        lambda terminal: render(found, color=terminal.color),
        as_json=as_json,
    )
    return found.exit_code


def audit(run: str, *, as_json: bool, **options: Unpack[RerunOptions]) -> int:
    """Run what RUN skipped or expected to fail, and say what of the skip lists is stale."""
    listed: dict[str, list[Entry]] = {}
    found_by = Audit()

    def choose(opened: Opened) -> dict[str, tuple[str, ...]]:
        """Return the cells for which an entry holds that is audited, with the tests it names."""
        wanted = {}
        for planned in opened.plan.cells:
            entries = audited(opened.cell(planned, seed=False).entries, planned.pair.worker)
            known = opened.workspace.functions_of(planned.pair)
            if tests := functions(entries, known):
                listed[planned.id], wanted[planned.id] = entries, tests
            else:
                found_by.add(entries, [] if known else None)
        if not wanted:
            raise UsageError(
                f"no skip list skips, or expects to fail, a test that a pair of {run} has",
                hint="there is nothing to audit; compat lists check says what is never reached",
            )
        return wanted

    session = again(find_run(run, options["out"]).resolve(), options, choose)
    made, folder = dataclasses.replace(session, opened=session.opened.raw()).run_unrecorded()
    if made.interrupted:
        raise Interrupted("interrupted before all of it was run")
    for row, done in cells(folder):
        found_by.add(listed[row.id], told(done) if done else None)
    found = found_by.found()
    present(
        lambda: {
            "run": str(folder),
            "names": msgspec.to_builtins(found),
            "exit_code": int(exit_code(found)),
        },
        lambda terminal: render_audit(found, color=terminal.color),
        as_json=as_json,
    )
    return exit_code(found)


def suggest(run: str, *, as_json: bool) -> None:
    """Print entries for what RUN saw fail."""
    found = suggestions(find_run(run).resolve())
    present(lambda: msgspec.to_builtins(found), lambda _: as_yaml(found), as_json=as_json)
