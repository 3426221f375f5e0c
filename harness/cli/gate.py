"""`compat gate`: whether a stored run lets a release out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

import click

from harness.cli.options import CACHE, DATA

if TYPE_CHECKING:
    from harness.config.policy import Policy
    from harness.stored.gate import Gate, Release


class GateOptions(TypedDict):
    """The options of `compat gate`, by the names that click gives them."""

    run: str
    policy: str | None
    release: tuple[str, ...]
    repo: str | None
    fetch: bool
    as_json: bool
    markdown: bool
    cache: Path | None
    data: Path | None


@click.command(
    epilog="""\b
    Examples:
      compat gate latest --policy release-gate
      compat gate runs/nightly --policy matrices/release-gate.yaml --release v0.33.0 --repo buildkit
      compat gate merged --policy release-gate --release v0.33.0=73ed682 --markdown
    """
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
def gate(**options: Unpack[GateOptions]) -> int:
    """Say whether a stored RUN lets a release out, and if not, why not. Nothing is executed.

    RUN is the folder of a stored run, of a matrix or of one pair, or the name of one in the
    runs folder: `latest`.

    Exit codes: 0 clean, 1 not clean, 2 usage or configuration, 3 not clean for want of results
    (missing, too few, too old, of other commits), 4 not clean because of the machine or the
    network alone.
    """
    from harness.cli.show import present  # noqa: PLC0415 - keeps --help quick
    from harness.errors import UsageError  # noqa: PLC0415 - the same
    from harness.stored.gate import report  # noqa: PLC0415 - the same

    if options["as_json"] and options["markdown"]:
        raise UsageError("--json and --markdown are two answers", hint="ask for one of them")
    found = _evaluate(options)
    present(
        lambda: report.as_json(found),
        lambda terminal: (
            report.markdown(found)
            if options["markdown"]
            else report.render(found, color=terminal.color)
        ),
        as_json=options["as_json"],
    )
    return found.exit_code


def _evaluate(options: GateOptions) -> Gate:
    from datetime import UTC, datetime  # noqa: PLC0415 - keeps --help quick

    from harness.cli.stored import find_run  # noqa: PLC0415 - the same
    from harness.journal import cells, read_matrix  # noqa: PLC0415 - the same
    from harness.stored.gate import Results, evaluate  # noqa: PLC0415 - the same

    policy = _policy(options)
    releases = _releases(options)
    folder = find_run(options["run"])
    results = Results(read_matrix(folder), cells(folder))
    return evaluate(policy, results, datetime.now(UTC), releases)


def _policy(options: GateOptions) -> Policy:
    import os  # noqa: PLC0415 - keeps --help quick

    from harness.config.datadir import find_data  # noqa: PLC0415 - the same
    from harness.config.matrixfile import find_matrix, load_matrix  # noqa: PLC0415 - the same
    from harness.config.policy import Policy  # noqa: PLC0415 - the same

    if options["policy"] is None:
        return Policy()
    data = find_data(options["data"], os.environ)
    return load_matrix(find_matrix(data, options["policy"])).policy


def _releases(options: GateOptions) -> tuple[Release, ...]:
    import os  # noqa: PLC0415 - keeps --help quick
    import sys  # noqa: PLC0415 - the same

    from harness.reports.live import display  # noqa: PLC0415 - the same
    from harness.repository.refs import DEFAULT_REPOSITORY  # noqa: PLC0415 - the same
    from harness.store import default_cache  # noqa: PLC0415 - the same
    from harness.stored.gate import release  # noqa: PLC0415 - the same

    repository = release.Source(
        where=options["repo"] or os.environ.get("COMPAT_REPO") or DEFAULT_REPOSITORY,
        cache=options["cache"] or default_cache(),
        fetch=options["fetch"],
    )
    with display(sys.stderr) as listener:
        return release.read(options["release"], repository, listener)
