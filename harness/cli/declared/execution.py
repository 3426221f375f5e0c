"""What the commands that run pairs are asked, and `compat plan`."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.lazy import Declared
from harness.cli.options import (
    BACKEND_NAMES,
    BASELINE,
    CACHE,
    CACHE_REPO,
    CHANNEL,
    CLIENT,
    DATA,
    EXCLUDE,
    FETCH,
    FRESH_CONTROL,
    JSON,
    OFFLINE,
    ONLY,
    OUT,
    PAIRS_AT_ONCE,
    PLATFORM,
    PRIVILEGES,
    REPO,
    SHARD,
    SIZE,
    STAGES,
    TESTS_AT_ONCE,
    TESTS_FROM,
    VARY,
    WORKER,
    Once,
    backend_options,
    leg_options,
    plan_options,
)


@click.command(
    cls=Declared,
    body="harness.cli.run:run",
    epilog="""\b
    Examples:
      compat-run v0.6 master
      compat-run v0.12 master --offline --tests 'TestCopy*'
      compat-run v0.17.2 dockerfile/1.10.0 --channel mainline
      compat-run v0.12 master --tests-from master --vary daemon
      compat-run --resume latest
    """,
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
@CHANNEL
@WORKER
@PLATFORM
@TESTS_FROM
@VARY
@BASELINE
@CLIENT
@leg_options
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
def run() -> None:
    """Run DAEMON's own Dockerfile tests against the Dockerfile frontend of FRONTEND.

    Both are tags, branches, commits, release lines (v0.6 is its newest release) or `latest`.
    The suite runs twice, side by side: with its own commit's frontend (the control) and with
    the frontend under test (the candidate), so that a verdict says what the new frontend did.
    With --tests-from other tests ask the same; with --vary daemon both have FRONTEND, and the
    control the daemon of the tests' commit, so that a verdict says what DAEMON does otherwise.

    Exit codes: 0 compatible, 1 regression, 2 usage or configuration, 3 too little ran to say,
    4 infrastructure or build failure, 130 interrupted.
    """


@click.command(
    cls=Declared,
    body="harness.cli.plan:plan",
    epilog="""\b
    Examples:
      compat plan demo
      compat plan nightly --only 'v0.6*' --jobs 4
      compat plan release-gate --candidate v0.33.0-rc1
      compat plan nightly --shards 20 --write plan.json --format github
    """,
)
@click.argument("matrix")
@plan_options
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    default=1,
    show_default=True,
    help="Cells at once, for the expected time.",
)
@click.option(
    "--shards",
    type=click.IntRange(1, 256),
    help="Split the plan among so many machines (default for CI: one for each cell).",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "github", "gitlab", "lines"]),
    default="table",
    show_default=True,
    help="How the plan, or its shards, are printed.",
)
@click.option(
    "--write",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Keep the plan in this file, for `compat matrix --plan`.",
)
def plan() -> None:
    """Show what MATRIX would build and run; nothing is built or run.

    MATRIX is the name of a file in matrices/, or the path of one. Branches move: machines that
    share a matrix should be given one plan, written by --write.
    """


@click.command(
    cls=Declared,
    body="harness.cli.matrix:matrix",
    epilog="""\b
    Examples:
      compat matrix demo
      compat matrix nightly --only 'v0.6*' --dry-run
      compat matrix release-gate --candidate v0.33.0-rc1 --fail-fast
      compat matrix backport --branch v0.33
      compat matrix --plan plan.json --shard 3/20
      compat matrix nightly --executor dask://scheduler:8786
      compat matrix --resume latest
    """,
)
@click.argument("matrix", required=False)
@plan_options
@click.option(
    "--plan",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Run the plan in this file, which `compat plan --write` made, and its very commits.",
)
@click.option("--shard", type=SHARD, help="Run this part of the plan, for `compat merge`.")
@click.option(
    "--resume",
    cls=Once,
    metavar="RUN",
    help="Run what is not done yet of this run: its folder, its name, or `latest`.",
)
@click.option(
    "--jobs",
    type=click.IntRange(min=1),
    help="Pairs at once, beside as many builds (default: one per 4 processors).",
)
@click.option(
    "--memory",
    type=SIZE,
    help="What all that runs at once may need (default: 80 % of the machine's).",
)
@click.option(
    "--parallel",
    type=click.IntRange(min=1),
    help="Tests at once in each leg (default: two per processor, shared among the jobs).",
)
@click.option(
    "--executor",
    metavar="WHO",
    help="Who runs it: dask://HOST:PORT, a scheduler's workers, or local:N, N of them here.",
)
@click.option("--fail-fast", is_flag=True, help="Stop at the first regression or failure.")
@click.option(
    "--reuse",
    is_flag=True,
    help="Run what changed: results of the same builds stand for as long as the policy says.",
)
@FRESH_CONTROL
@PRIVILEGES
@CACHE_REPO
@OUT
@click.option("--dry-run", cls=Once, is_flag=True, help="Print the plan and run nothing.")
@JSON
def matrix() -> None:
    """Run every daemon of MATRIX with every frontend, and report them together.

    MATRIX is the name of a file in matrices/, or the path of one. Every suite, every frontend
    and every control is built and run once; builds and cells overlap, the longest first by what
    past runs took. What is done is on disk after every cell.

    Ends with the worst of its cells: 1 regression, before 4 infrastructure or build failure,
    before 3 too little or nothing ran, before 0 compatible; 2 usage or configuration,
    130 interrupted.
    """


@click.command(
    cls=Declared,
    body="harness.cli.demo:demo",
    epilog="""\b
    Examples:
      compat demo
      compat demo --json
      COMPAT_BASE_IMAGE=golang:1.21-bookworm compat demo --backend docker --stage generic
    """,
)
@click.option(
    "--backend",
    type=BACKEND_NAMES,
    default="native",
    show_default=True,
    help="What builds and runs; native needs no image from anywhere.",
)
@click.option(
    "--stage",
    type=STAGES,
    help="Whose Dockerfiles docker builds (default: MiniKit's own).",
)
@CACHE_REPO
@JSON
@OUT
@CACHE
def demo() -> None:
    """Run the main job on MiniKit, a miniature of BuildKit that is part of this project.

    Its newest frontend breaks its oldest daemon in every way there is: a regression, a removal
    by design that a skip list explains, a hang, a crash of the daemon, a flake, and a test that
    is broken on both sides. A real run that saw this would end with 1.

    Exit codes: 0 all that is planted was seen and nothing else, 3 something was not, which is
    named, 4 infrastructure or build failure, 130 interrupted.
    """


@click.command(
    cls=Declared,
    body="harness.cli.selftest:selftest",
    epilog="""\b
    Examples:
      compat selftest --repo buildkit --offline
      compat selftest demo
      compat selftest --only 'v0.4*' --json
    """,
)
@click.argument("matrix", default="selftest")
@REPO
@FETCH
@ONLY
@EXCLUDE
@backend_options
@OFFLINE
@PAIRS_AT_ONCE
@TESTS_AT_ONCE
@OUT
@JSON
@CACHE
@DATA
def selftest() -> None:
    """Run pairs whose outcome is known, and see whether the harness sees it.

    MATRIX names a file in matrices/, or is the path of one; each of its cells says which tests
    are broken there, with which error, and which must not be. `demo` means MiniKit's own. Only
    these tests are run, and no skip list is applied. The history does not hear of it.

    Exit codes: 0 all was seen as expected, 1 a known breakage was not seen or one that must not
    be there was, 2 usage or configuration, 3 too little ran to say, 4 infrastructure or build
    failure, 130 interrupted.
    """
