"""`compat run`: one pair, from two names to a verdict."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import click

from harness.cli.options import CACHE, DATA, SECONDS

if TYPE_CHECKING:
    from harness.cli.session import RunOptions
    from harness.model import Run

_FOLDER = click.Path(path_type=Path, file_okay=False)


@click.command(
    epilog="""\b
    Examples:
      compat-run v0.6 master
      compat-run v0.12 master --offline --tests 'TestCopy*'
      compat-run v0.17.2 dockerfile/1.10.0 --channel mainline
    """
)
@click.argument("daemon")
@click.argument("frontend")
@click.option(
    "--repo",
    metavar="URL|PATH",
    help="Repository of BuildKit (default: COMPAT_REPO, else GitHub's moby/buildkit).",
)
@click.option("--fetch", is_flag=True, help="Update the cached clone of a URL first.")
@click.option(
    "--channel",
    type=click.Choice(["experimental", "labs", "mainline"]),
    help="Frontend channel (default: experimental or labs, whichever the commit has).",
)
@click.option("--worker", default="oci", show_default=True, help="Worker of the daemon.")
@click.option(
    "--backend",
    type=click.Choice(["auto", "native"]),
    default="auto",
    show_default=True,
    help="What builds and runs.",
)
@click.option(
    "--tests",
    multiple=True,
    metavar="GLOB",
    help="Only test functions of this name; may be repeated.",
)
@click.option(
    "--parallel",
    type=click.IntRange(min=1),
    default=None,
    help="Tests at once in each leg (default: four per processor).",
)
@click.option(
    "--timeout", type=SECONDS, default="30m", show_default=True, help="Limit of each leg."
)
@click.option(
    "--reruns",
    type=click.IntRange(min=0, max=20),
    default=2,
    show_default=True,
    help="Further attempts, on both sides, for tests with an unexpected verdict.",
)
@click.option("--no-control", is_flag=True, help="Run the candidate alone.")
@click.option("--fresh-control", is_flag=True, help="Run the control even if one is stored.")
@click.option("--offline", is_flag=True, help="No network for the tests; seeded images only.")
@click.option("--out", type=_FOLDER, help="Folder of run folders (default: COMPAT_RUNS).")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
@CACHE
@DATA
def run(**options: Unpack[RunOptions]) -> int:
    r"""Run DAEMON's own Dockerfile tests against the Dockerfile frontend of FRONTEND.

    Both are tags, branches, commits, release lines (v0.6 is its newest release) or `latest`.
    The suite runs twice, side by side: with its own commit's frontend (the control) and with
    the frontend under test (the candidate), so that a verdict says what the new frontend did.

    \b
    Exit codes: 0 compatible, 1 regression, 2 usage or configuration,
    3 too little ran to say, 4 infrastructure or build failure, 130 interrupted.
    """
    from harness.cli.session import Session  # noqa: PLC0415 - keeps --help quick

    session = Session.open(options)
    done, folder = session.run()
    if options["as_json"]:
        from harness.reports.summary import summary  # noqa: PLC0415

        click.echo(json.dumps(summary(done, folder), indent=2))
    else:
        _print_report(done, folder)
    return done.exit_code


def _print_report(done: Run, folder: Path) -> None:
    from harness.reports.terminal import render  # noqa: PLC0415

    color = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    width = shutil.get_terminal_size().columns
    click.echo(render(done, folder, width=width, color=color), nl=False, color=color)
