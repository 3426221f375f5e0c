"""What the commands about stored runs are asked."""

from __future__ import annotations

from pathlib import Path

import click

from harness.cli.lazy import Declared
from harness.cli.options import (
    BASELINE,
    CACHE,
    CHANNEL,
    CLIENT,
    DATA,
    FETCH,
    FOLDER,
    HISTORY,
    JSON,
    OFFLINE,
    PLATFORM,
    REPO,
    TESTS,
    TESTS_FROM,
    VARY,
    WORKER,
)

RECORDING = click.Path(path_type=Path, dir_okay=False)


@click.command(
    cls=Declared,
    body="harness.cli.merge:merge",
    epilog="""\b
    Examples:
      compat merge shards/* --out merged
      compat merge artefacts
    """,
)
@click.argument("folders", metavar="DIR...", nargs=-1, required=True, type=FOLDER)
@click.option("--out", type=FOLDER, help="New folder (default: one among the user's runs).")
@HISTORY
@JSON
def merge() -> None:
    """Join what `compat matrix --shard` left in or below each DIR into one matrix run.

    All of them must have run one plan. A shard or a cell that is not there is missing, which is
    never taken for compatible. Nothing is overwritten: the folder becomes whole or not at all.

    Ends as `compat matrix` does, with the worst of all cells.
    """


@click.command(
    cls=Declared,
    body="harness.cli.adopt:adopt",
    epilog="""\b
    Examples:
      compat adopt v0.13 master --platform windows/amd64 --worker containerd \\
        --control own.json --candidate master.json --out windows
      compat merge linux windows
    """,
)
@click.argument("daemon")
@click.argument("frontend")
@click.option(
    "--control",
    type=RECORDING,
    multiple=True,
    required=True,
    help="What the tests printed with what is known to work; again for each further attempt.",
)
@click.option(
    "--candidate",
    type=RECORDING,
    multiple=True,
    required=True,
    help="What they printed with what is under test; again for each further attempt.",
)
@PLATFORM
@CHANNEL
@WORKER
@TESTS
@TESTS_FROM
@VARY
@BASELINE
@CLIENT
@OFFLINE
@click.option("--out", type=FOLDER, help="New folder (default: one among the user's runs).")
@REPO
@FETCH
@HISTORY
@JSON
@CACHE
@DATA
def adopt() -> None:
    """Judge the tests of DAEMON with the frontend of FRONTEND that were run on another machine.

    A recording is what `go test -json` or `go test -v` printed there, whole, one for each leg.
    Nothing is run: what it was, the options say, and skip lists and floors hold as for any run.
    The folder that is made is read by every command that takes a run; `compat merge` puts it beside
    others. Nothing is overwritten: the folder becomes whole or not at all.

    Ends as `compat run` does.
    """


@click.command(
    cls=Declared,
    body="harness.cli.report:report",
    epilog="""\b
    Examples:
      compat report latest
      compat report runs/20261123-015907-5a17 --out site
      compat report latest --annotations
    """,
)
@click.argument("run")
@click.option("--out", type=FOLDER, help="Folder for the reports (default: the run's own).")
@click.option(
    "--history",
    type=click.Path(path_type=Path, dir_okay=False),
    help="History of earlier runs (default: COMPAT_HISTORY, else the user's, if there is one).",
)
@click.option(
    "--annotations",
    is_flag=True,
    help="Print GitHub's annotations too: at most 10 errors and 10 warnings.",
)
@JSON
def report() -> None:
    """Write the page of RUN again, and all reports beside it; their names are printed.

    RUN is the folder of a run, of a matrix or of one pair, or its name below the folder of runs.
    Nothing is run; the same run gives the same files, byte by byte. Ends with code 0 whatever
    came of the run.
    """


@click.command(
    cls=Declared,
    body="harness.cli.reclassify:reclassify",
    epilog="""\b
    Examples:
      compat reclassify latest
      compat reclassify runs/20261123-031700-ab12 --out judged && compat gate judged
      compat reclassify latest --data my-lists --json
    """,
)
@click.argument("run")
@click.option("--out", type=FOLDER, help="Keep the run as it is judged now in this new folder.")
@REPO
@FETCH
@HISTORY
@JSON
@CACHE
@DATA
def reclassify() -> None:
    """Judge RUN again by today's skip lists and rules, and say what changed and why.

    RUN is the folder of a run, of a matrix or of one pair, or its name below the folder of runs.
    Nothing is executed: the stored output of each leg is read anew. The run itself is never
    changed; --out makes a new folder, with its reports, whole or not at all.

    Ends with the exit code of the verdict as it is now. A repository is asked only for what the
    cache does not know of the commits that conditions name.
    """


@click.command(
    cls=Declared,
    body="harness.cli.gate:gate",
    epilog="""\b
    Examples:
      compat gate latest --policy release-gate
      compat gate runs/nightly --policy matrices/release-gate.yaml --release v0.33.0 --repo buildkit
      compat gate merged --policy release-gate --release v0.33.0=73ed682 --markdown
    """,
)
@click.argument("run")
@click.option(
    "--policy",
    metavar="NAME|FILE",
    help="Matrix whose `policy` section decides (default: the strict defaults).",
)
@click.option(
    "--release",
    multiple=True,
    metavar="REF[=SHA]",
    help="A commit that is to be released, so must have been tested; may be repeated.",
)
@click.option(
    "--repo",
    metavar="URL|PATH",
    help="Where a --release without a SHA is looked up (default: COMPAT_REPO, else GitHub's).",
)
@click.option("--fetch", is_flag=True, help="Update the cached clone of a URL first.")
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
@click.option("--markdown", is_flag=True, help="Print the answer as Markdown, to paste.")
@CACHE
@DATA
def gate() -> None:
    """Say whether a stored RUN lets a release out, and if not, why not. Nothing is executed.

    RUN is the folder of a stored run, of a matrix or of one pair, or the name of one in the
    runs folder: `latest`.

    Exit codes: 0 clean, 1 not clean, 2 usage or configuration, 3 not clean for want of results
    (missing, too few, too old, of other commits), 4 not clean because of the machine or the
    network alone.
    """


@click.command(
    cls=Declared,
    body="harness.cli.diff:diff",
    epilog="""\b
    Examples:
      compat diff runs/yesterday runs/today
      compat diff 20261123-031700-ab12 latest --json
      compat diff before after --repo ~/src/buildkit --exit-code
    """,
)
@click.argument("run1")
@click.argument("run2")
@click.option(
    "--repo",
    metavar="URL|PATH",
    help="Where to read what lies between commits (default: COMPAT_REPO, else the cached clone).",
)
@CACHE
@click.option("--json", "as_json", is_flag=True, help="Print the difference as JSON.")
@click.option("--exit-code", is_flag=True, help="End with 1 if anything changed.")
def diff() -> None:
    """List cells and tests of which RUN2 says something else than RUN1, with both sides.

    Each is the folder of a stored run, of a matrix or of one pair, or the name of one in the
    runs folder. Where a name means another commit by now, and a repository is at hand, it says
    what lies between. Exit code 0, whatever changed, unless --exit-code is given.
    """


@click.command(
    cls=Declared,
    body="harness.cli.history:history",
    epilog="""\b
    Examples:
      compat history TestNoCache
      compat history 'TestCopy*' --cell 'v0.6.4*' --json
      compat history --record merged
    """,
)
@click.argument("test", required=False)
@click.option(
    "--cell", default="*", metavar="GLOB", help="Only cells whose id is like this (default: all)."
)
@click.option(
    "--record",
    multiple=True,
    metavar="RUN",
    help="Record a stored run first; may be repeated. Recording again changes nothing.",
)
@HISTORY
@click.option("--json", "as_json", is_flag=True, help="Print the answer as JSON.")
def history() -> None:
    """Say since when TEST fails, how often it flakes and how long it takes, cell by cell.

    TEST is a test function or a whole name, with * and ?. Without it, every cell's newest
    verdicts are listed, a letter each and the newest last.
    """


@click.command(
    cls=Declared,
    body="harness.cli.floors:floors",
    epilog="""\b
    Examples:
      compat floors propose latest
      compat floors propose latest --out skiplists/floors
    """,
)
@click.argument("action", type=click.Choice(["propose"]), metavar="ACTION", expose_value=False)
@click.argument("run")
@click.option("--out", type=FOLDER, help="Bring the floors of this folder up to date.")
@JSON
@DATA
def floors() -> None:
    """Propose the floors that RUN shows: from which daemon on each test passes.

    RUN is the folder of a stored run, or its name below the folder of runs. Its pairs whose
    daemon varies count. Floors that it shows nothing of stay, and so do causes that somebody
    wrote; with --out those of its folder, if it has any. What is wrong below its floor is refused
    by every command until it has a cause.
    """
