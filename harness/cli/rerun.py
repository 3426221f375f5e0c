"""`compat rerun`: what was not compatible in a stored run, once more."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypedDict, Unpack, cast

import click

from harness.cli.declared import execution
from harness.cli.matrix import MatrixOptions, open_session
from harness.cli.options import parsed
from harness.cli.session import Session
from harness.cli.show import show, show_matrix
from harness.cli.stored import find_run
from harness.errors import ExitCode, UsageError
from harness.journal import PLAN_FILE, cells, read_plan
from harness.model import Run
from harness.plan.opening import Opened
from harness.reports.text import visible
from harness.verdict.collate import function_of


class RerunOptions(TypedDict):
    """The options of `compat rerun`, by the names that click gives them."""

    repo: str | None
    fetch: bool
    backend: str
    stage: str | None
    privileges: str
    cache_repo: str | None
    jobs: int | None
    parallel: int | None
    fresh_control: bool
    out: Path | None
    cache: Path | None
    data: Path | None


def rerun(run: str, *, until_fail: int, as_json: bool, **options: Unpack[RerunOptions]) -> int:
    """Run again what was not compatible in RUN, and nothing else."""
    folder = find_run(run, options["out"]).resolve()
    wanted = _mine(folder, _uneven(folder))
    session = again(folder, options, lambda _: wanted, without_adopted=True)
    for _ in range(until_fail):
        made, new = session.run()
        if made.interrupted or made.exit_code == ExitCode.REGRESSION:
            break
    if session.plan.pair:
        return show(made, new, as_json=as_json)
    return show_matrix(made, new, session.commands(), as_json=as_json)


def again(
    folder: Path,
    options: RerunOptions,
    choose: Callable[[Opened], Mapping[str, tuple[str, ...]]],
    *,
    without_adopted: bool = False,
) -> Session:
    """Plan cells of a stored run again, those that are chosen, each with its tests.

    Of a merged run, those that others ran are none of them if it is opened `without_adopted`.

    Raises what `choose` raises, and UsageError where other code or data would run something else.
    """
    file = folder / PLAN_FILE
    if not file.is_file():
        raise UsageError(
            f"{folder} has no {PLAN_FILE}: an earlier version made it", hint="run the pair anew"
        )
    usual = parsed(execution.matrix, ["--plan", str(file)])
    asked = cast("MatrixOptions", {**usual, "resume": None, **options})
    session = open_session(None, asked, runs=True, without_adopted=without_adopted)
    opened = session.opened.part(choose(session.opened))
    mine = opened.plan.cells
    # --resume takes a pair up by the command of one.
    command = session.cell_command(mine[0]) if opened.plan.pair else session.command
    return dataclasses.replace(session, opened=opened, mine=mine, shard=None, command=command)


def _uneven(folder: Path) -> dict[str, tuple[str, ...]]:
    """Return the cells that were not compatible, with their tests. Raises UsageError for none."""
    found = ((row.id, _functions(run)) for row, run in cells(folder))
    wanted = {name: tests for name, tests in found if tests is not None}
    if not wanted:
        raise UsageError(
            f"nothing in {folder} calls for a look",
            hint="compat run or compat matrix runs all of it again",
        )
    return wanted


def _mine(folder: Path, wanted: Mapping[str, tuple[str, ...]]) -> Mapping[str, tuple[str, ...]]:
    """Return what can be run here of what is wanted, and name what others ran.

    Raises UsageError if nothing is left.
    """
    if not (folder / PLAN_FILE).is_file():
        return wanted  # which `again` refuses
    adopted = {cell.id for cell in read_plan(folder).cells if cell.pair.adopted}
    theirs = [name for name in wanted if name in adopted]
    mine = {name: tests for name, tests in wanted.items() if name not in adopted}
    if theirs and not mine:
        what = f"all that calls for a look in {folder} was run elsewhere, by others"
        raise UsageError(f"{what}: {', '.join(theirs)}", hint="run it where it ran, and adopt it")
    for name in theirs:
        click.echo(f"{visible(name)} was run elsewhere, by others: it is not run again", err=True)
    return mine


def _functions(run: Run | None) -> tuple[str, ...] | None:
    """Return the test functions that call for a look; nothing for all, None if no one does."""
    if run is None or not run.judgements:
        return ()
    known = frozenset(row.name for row in run.judgements)
    told = (row for row in run.judgements if row.verdict.deserves_detail)
    names = dict.fromkeys(function_of(row.name, known) for row in told)
    return tuple(name for name in names if name) or (() if run.exit_code else None)
