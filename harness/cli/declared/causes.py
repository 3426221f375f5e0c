"""What the commands that look into a red cell are asked."""

from __future__ import annotations

import click

from harness.cli.lazy import Declared
from harness.cli.options import (
    BASELINE,
    CACHE,
    CHANNEL,
    CLIENT,
    DATA,
    FETCH,
    FRESH_CONTROL,
    JSON,
    LEG_LIMIT,
    OFFLINE,
    OUT,
    PAIRS_AT_ONCE,
    REPO,
    SECONDS,
    TESTS_AT_ONCE,
    TESTS_FROM,
    VARY,
    WORKER,
    backend_options,
)

TESTS_EACH_LEG = click.option(
    "--parallel", type=click.IntRange(min=1), default=None, help="Tests at once in each leg."
)


@click.command(
    cls=Declared,
    body="harness.cli.rerun:rerun",
    epilog="""\b
    Examples:
      compat rerun latest
      compat rerun latest --fresh-control
      compat rerun runs/20261123-015907-5a17 --until-fail 10
    """,
)
@click.argument("run")
@REPO
@FETCH
@backend_options
@click.option(
    "--until-fail",
    type=click.IntRange(min=1, max=1000),
    default=1,
    show_default=True,
    metavar="N",
    help="Run it so often, or until a test regresses or is lost.",
)
@PAIRS_AT_ONCE
@TESTS_AT_ONCE
@FRESH_CONTROL
@OUT
@JSON
@CACHE
@DATA
def rerun() -> None:
    """Run again what was not compatible in RUN, and nothing else.

    RUN is the folder of a run, of a matrix or of one pair, or its name below the folder of runs.
    Of each of its cells that call for a look, the test functions that do are run, on the very
    commits of RUN; of one that came to nothing, all that was planned. RUN is not changed.

    Ends as `compat matrix` does, with the worst of its cells.
    """


@click.command(
    cls=Declared,
    body="harness.cli.bisect:bisect",
    epilog="""\b
    Examples:
      compat bisect latest --test TestSBOMScannerImage
      compat bisect v0.12.5 master --test TestSBOMScannerImage --offline
      compat bisect v0.12.5 master --test TestSBOMScannerImage --good 1e725ca8d --bad 47d6583cd
      compat bisect v0.18.0 dockerfile/1.10.0 --test TestNoCache --axis daemon --good v0.17.0
      compat bisect v0.12 master --vary daemon --tests-from master --axis tests --test TestCopy
    """,
)
@click.argument("daemon", metavar="RUN|DAEMON")
@click.argument("frontend", required=False)
@click.option(
    "--test",
    required=True,
    metavar="NAME",
    help="The test: its function, or its full name as reports have it.",
)
@click.option(
    "--good",
    metavar="REF",
    help="The older end (default: where the history of what moves parts from the other's).",
)
@click.option(
    "--bad", metavar="REF", help="The newer end (default: what the pair has on that axis)."
)
@click.option(
    "--axis",
    type=click.Choice(["frontend", "daemon", "tests"]),
    default="frontend",
    show_default=True,
    help="Whose commits are tried.",
)
@REPO
@FETCH
@CHANNEL
@WORKER
@TESTS_FROM
@VARY
@BASELINE
@CLIENT
@backend_options
@TESTS_EACH_LEG
@LEG_LIMIT
@click.option("--test-timeout", type=SECONDS, help="Limit of each test, as in `compat run`.")
@click.option(
    "--reruns",
    type=click.IntRange(min=0, max=20),
    default=0,
    show_default=True,
    help="Further attempts for a verdict that is unexpected; the ends have one at least.",
)
@click.option(
    "--confidence",
    type=click.FloatRange(0.5, 1, max_open=True),
    metavar="SHARE",
    help="Weigh attempts from the start, until one commit is so likely; 0.95 where they differ.",
)
@click.option("--fresh", is_flag=True, help="Forget what earlier searches for this learnt.")
@OFFLINE
@OUT
@JSON
@CACHE
@DATA
def bisect() -> None:
    """Find the commit that turned the verdict on a test, whether it broke or mended it.

    DAEMON and FRONTEND are as for `compat run`; RUN stands for the pair of a stored run that
    did worst with the test, and for how that was run. The commits of one side are tried between
    an older and a newer end, by the verdict of our own comparison and the fingerprint of the
    failure: what fails otherwise, or does not build, cannot tell. Commits that change nothing
    that this side is built from are never built. First along first parents, then
    inside the merge. Where a commit does not do the same every time, up to 200 attempts are
    weighed, and the answer has a probability. What was learnt is kept, so the same command
    goes on after a kill.

    Exit codes: 0 the commit is found, 2 usage or configuration, 3 it cannot be told, or not
    nearer than a few commits, 4 infrastructure failure, 130 interrupted.
    """


@click.command(
    cls=Declared,
    body="harness.cli.blame:blame",
    epilog="""\b
    Examples:
      compat blame latest
      compat blame runs/nightly --budget 90m
      compat blame latest --json
    """,
)
@click.argument("run")
@click.option("--budget", type=SECONDS, help="Begin no further run after so long.")
@click.option("--fresh", is_flag=True, help="Search again, whatever earlier searches found.")
@REPO
@FETCH
@backend_options
@TESTS_EACH_LEG
@OUT
@JSON
@CACHE
@DATA
def blame() -> None:
    """Find the commits that broke the tests of RUN, one search for each cause.

    RUN is the folder of a run, of a matrix or of one pair, or its name below the folder of runs.
    What regressed or was lost is grouped by what the failure says and by daemon; one test of each
    group is bisected along the frontend's commits, as `compat bisect` does. Causes of one pair
    are looked for together: they share builds and legs. What was found is kept as culprits.json
    in RUN, and its reports are written again with it. The history keeps it too: a later run with
    the same cause takes it, and searches nothing.

    Exit codes: 0 each cause has its commit, 2 usage or configuration, 3 some have not, 4
    infrastructure failure, 130 interrupted.
    """
