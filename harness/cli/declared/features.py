"""What the commands about features are asked: `compat scenarios` runs, `compat features` reads."""

from __future__ import annotations

import click

from harness.cli.lazy import Declared
from harness.cli.options import (
    CACHE,
    CHANNEL,
    CLIENT,
    DATA,
    FETCH,
    FOLDER,
    FRESH_CONTROL,
    JSON,
    OFFLINE,
    OUT,
    REPO,
    WORKER,
    leg_options,
)


@click.command(
    cls=Declared,
    body="harness.cli.scenarios:scenarios",
    epilog="""\b
    Examples:
      compat scenarios v0.12 master
      compat scenarios v0.12 master -k chmod -k --exclude
      compat scenarios v0.12 master --client v0.32
      compat scenarios v0.17.3 v0.33.0-rc1 --json
    """,
)
@click.argument("daemon")
@click.argument("frontend")
@click.option(
    "-k",
    "words",
    multiple=True,
    metavar="WORD",
    help="Only scenarios with this in name, area, feature or syntax; may be repeated.",
)
@REPO
@FETCH
@CHANNEL
@WORKER
@CLIENT
@leg_options
@FRESH_CONTROL
@OFFLINE
@OUT
@JSON
@CACHE
@DATA
def scenarios() -> None:
    """Build with every feature of FRONTEND on DAEMON, and look at what comes out.

    Each scenario builds a Dockerfile and looks at the result, never at the exit status alone: the
    feature works, is refused in words that name what is lacking, or builds the wrong thing. The
    truth is the daemon of FRONTEND's own commit, which runs the same beside it. Without network.

    It is `compat run DAEMON FRONTEND --tests-from scenarios --vary daemon`, and ends with its
    codes: 0 compatible, 1 regression, 2 usage or configuration, 3 too little ran to say,
    4 infrastructure or build failure, 130 interrupted.
    """


@click.command(
    cls=Declared,
    body="harness.cli.features:features",
    epilog="""\b
    Examples:
      compat features latest
      compat features latest --daemon v0.12
      compat features runs/labs runs/mainline --out site
    """,
)
@click.argument("runs", metavar="RUN...", nargs=-1, required=True)
@click.option("--daemon", default="", help="One daemon alone, by release or line, with all words.")
@click.option("--out", type=FOLDER, help="Write features.html, .md and .json into this folder.")
@click.option("--json", "as_json", is_flag=True, help="Print the table as JSON.")
@click.option("--markdown", is_flag=True, help="Print the table as Markdown, to paste.")
def features() -> None:
    """Say which features of a frontend work on which daemon, from stored runs of scenarios.

    RUN is the folder of a stored run, of a matrix or of one pair, or its name below the folder of
    runs. A feature works there, is refused, or builds the wrong thing and says nothing; where its
    scenarios differ it works in part. Every frontend and channel has a table of its own.

    Exit code 0, whatever they do. `compat gate` refuses what builds the wrong thing.
    """
