"""Finds a run that was interrupted, and the options with which it was begun."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, cast

from harness.cli.stored import find_run
from harness.errors import UsageError
from harness.journal import read_run
from harness.model import Run

if TYPE_CHECKING:
    import click

    from harness.cli.session import RunOptions

_OWN = frozenset({"resume", "out", "as_json"})
"""Options that --resume goes together with; every other one is that of the run."""


def interrupted_run(name: str, runs: Path | None) -> tuple[Path, Run]:
    """Read a run that can be taken up, and give its folder too. Raises UsageError."""
    folder = find_run(name, runs).resolve()
    run = read_run(folder)
    if not run.interrupted:
        raise UsageError(
            f"{folder} came to its end: nothing of it is left to run",
            hint="without --resume the pair is run anew",
        )
    if not run.legs:
        raise UsageError(
            f"{folder} was interrupted before any of its tests ended",
            hint="run the pair anew: what was built is kept",
        )
    return folder, run


def options_of(ctx: click.Context, run: Run) -> RunOptions:
    """Read the command of a stored run as the command line that it was.

    Raises UsageError for what is said beside --resume and has no say.
    """
    for name in ctx.params:
        given = ctx.get_parameter_source(name)
        if name not in _OWN and given is not None and given.name == "COMMANDLINE":
            raise UsageError(
                f"--resume goes on as the run began: {name.replace('_', '-')} has no say",
                hint="leave it out, or begin a new run",
            )
    with ctx.command.make_context(ctx.info_name, list(run.command[1:]), parent=ctx) as stored:
        return cast("RunOptions", stored.params)
