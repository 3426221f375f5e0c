"""`compat run`: one pair, from two names to a verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack, cast

import click

from harness.cli.options import (
    BACKEND,
    CACHE,
    CACHE_REPO,
    DATA,
    FETCH,
    FRESH_CONTROL,
    JSON,
    MOST_RERUNS,
    OFFLINE,
    OUT,
    PRIVILEGES,
    REPO,
    RERUNS,
    SECONDS,
    STAGE,
    TESTS,
    Once,
    as_begun,
)

if TYPE_CHECKING:
    from harness.cli.pairsession import RunOptions


_BESIDE_RESUME = frozenset({"resume", "out", "as_json"})
"""Options that --resume goes together with; every other one is that of the run."""


@click.command(
    epilog="""\b
    Examples:
      compat-run v0.6 master
      compat-run v0.12 master --offline --tests 'TestCopy*'
      compat-run v0.17.2 dockerfile/1.10.0 --channel mainline
      compat-run --resume latest
    """
)
@click.argument("daemon", required=False)
@click.argument("frontend", required=False)
@click.option(
    "--resume",
    cls=Once,
    metavar="RUN",
    help="Run what an interrupted run has left: its folder, its name, or `latest`.",
)
@REPO
@FETCH
@click.option(
    "--channel",
    type=click.Choice(["experimental", "labs", "mainline"]),
    help="Frontend channel (default: experimental or labs, whichever the commit has).",
)
@click.option("--worker", default="oci", show_default=True, help="Worker of the daemon.")
@BACKEND
@STAGE
@PRIVILEGES
@CACHE_REPO
@TESTS
@click.option(
    "--parallel",
    type=click.IntRange(min=1),
    default=None,
    help="Tests at once in each leg (default: two per processor).",
)
@click.option(
    "--timeout", type=SECONDS, default="30m", show_default=True, help="Limit of each leg."
)
@click.option(
    "--test-timeout",
    type=SECONDS,
    help="Limit of each test (default: what it took before, four times; 5m where that is unknown).",
)
@RERUNS
@MOST_RERUNS
@click.option("--no-control", is_flag=True, help="Run the candidate alone.")
@FRESH_CONTROL
@click.option(
    "--no-cache",
    is_flag=True,
    help="Build and run all anew; toolchains and clones are kept.",
)
@OFFLINE
@OUT
@JSON
@CACHE
@DATA
@click.pass_context
def run(
    ctx: click.Context, *, resume: str | None, as_json: bool, **options: Unpack[RunOptions]
) -> int:
    """Run DAEMON's own Dockerfile tests against the Dockerfile frontend of FRONTEND.

    Both are tags, branches, commits, release lines (v0.6 is its newest release) or `latest`.
    The suite runs twice, side by side: with its own commit's frontend (the control) and with
    the frontend under test (the candidate), so that a verdict says what the new frontend did.

    Exit codes: 0 compatible, 1 regression, 2 usage or configuration, 3 too little ran to say,
    4 infrastructure or build failure, 130 interrupted.
    """
    from harness.cli.pairsession import run_pair  # noqa: PLC0415 - keeps --help quick
    from harness.cli.show import show  # noqa: PLC0415 - the same
    from harness.cli.stored import interrupted_pair  # noqa: PLC0415 - the same

    if resume:
        folder, command = interrupted_pair(resume, options["out"])
        stored = cast("RunOptions", as_begun(ctx, command, beside=_BESIDE_RESUME))
        return show(*run_pair(stored, folder), as_json=as_json)
    for name in ("daemon", "frontend"):
        if not options[name]:
            raise click.MissingParameter(
                ctx=ctx, param_hint=f"'{name.upper()}'", param_type="argument"
            )
    return show(*run_pair(options), as_json=as_json)
