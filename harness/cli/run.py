"""`compat run`: one pair, from two names to a verdict."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

import click

from harness.cli.options import CACHE, CACHE_REPO, DATA, JSON, MOST_RERUNS, OUT, PRIVILEGES, SECONDS

if TYPE_CHECKING:
    from harness.cli.session import RunOptions


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
    metavar="RUN",
    help="Run what an interrupted run has left: its folder, its name, or `latest`.",
)
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
    type=click.Choice(["auto", "docker", "native"]),
    default="auto",
    envvar="COMPAT_BACKEND",
    show_default=True,
    help="What builds and runs: auto takes docker where an engine answers (or COMPAT_BACKEND).",
)
@click.option(
    "--stage",
    type=click.Choice(["upstream", "generic"]),
    help="Whose Dockerfiles docker builds: the commits' own, or ours (default: by line).",
)
@PRIVILEGES
@CACHE_REPO
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
@click.option(
    "--reruns",
    type=click.IntRange(min=0, max=20),
    default=2,
    show_default=True,
    help="Further attempts, on both sides, for tests with an unexpected verdict.",
)
@MOST_RERUNS
@click.option("--no-control", is_flag=True, help="Run the candidate alone.")
@click.option("--fresh-control", is_flag=True, help="Run the control even if one is stored.")
@click.option(
    "--no-cache",
    is_flag=True,
    help="Build and run all anew; toolchains and clones are kept.",
)
@click.option("--offline", is_flag=True, help="No network for the tests; seeded images only.")
@OUT
@JSON
@CACHE
@DATA
@click.pass_context
def run(ctx: click.Context, *, resume: str | None, **options: Unpack[RunOptions]) -> int:
    """Run DAEMON's own Dockerfile tests against the Dockerfile frontend of FRONTEND.

    Both are tags, branches, commits, release lines (v0.6 is its newest release) or `latest`.
    The suite runs twice, side by side: with its own commit's frontend (the control) and with
    the frontend under test (the candidate), so that a verdict says what the new frontend did.

    Exit codes: 0 compatible, 1 regression, 2 usage or configuration, 3 too little ran to say,
    4 infrastructure or build failure, 130 interrupted.
    """
    from harness.cli.session import Session  # noqa: PLC0415 - keeps --help quick
    from harness.cli.show import show  # noqa: PLC0415

    as_json = options["as_json"]
    if resume:
        from harness.cli.resumption import interrupted_run, options_of  # noqa: PLC0415

        taken_up = interrupted_run(resume, options["out"])
        stored = options_of(ctx, taken_up[1])
        return show(*Session.open(stored, taken_up).run(), as_json=as_json)
    for name in ("daemon", "frontend"):
        if not options[name]:
            raise click.MissingParameter(
                ctx=ctx, param_hint=f"'{name.upper()}'", param_type="argument"
            )
    return show(*Session.open(options).run(), as_json=as_json)
