"""What the commands about patches and skip lists are asked."""

from __future__ import annotations

import click

from harness.cli.lazy import Declared
from harness.cli.options import (
    CACHE,
    DATA,
    FETCH,
    FRESH_CONTROL,
    JSON,
    OUT,
    PAIRS_AT_ONCE,
    REPO,
    TESTS_AT_ONCE,
    backend_options,
)


@click.group(
    epilog="""\b
    Examples:
      compat lists check
      compat lists audit latest
      compat lists suggest latest
    """
)
def lists() -> None:
    """Say whether patches and skip lists hold, and what belongs into them."""


@lists.command(
    cls=Declared,
    body="harness.cli.lists:check",
    epilog="""\b
    Examples:
      compat lists check
      compat lists check --repo buildkit --data my-lists
    """,
)
@REPO
@FETCH
@JSON
@CACHE
@DATA
def check() -> None:
    """Hold every patch and every entry against all commits of the repository.

    Each patch must apply to each commit that it claims, each name in an entry must be that of a
    test which the entry can hold for, no entry may stand behind one that holds for all of it,
    and none may have expired. Nothing is built or run.

    Exit codes: 0 all of it holds, 2 something is to be mended.
    """


@lists.command(
    cls=Declared,
    body="harness.cli.lists:audit",
    epilog="""\b
    Examples:
      compat lists audit latest
      compat lists audit runs/nightly --json
    """,
)
@click.argument("run")
@REPO
@FETCH
@backend_options
@PAIRS_AT_ONCE
@TESTS_AT_ONCE
@FRESH_CONTROL
@OUT
@JSON
@CACHE
@DATA
def audit() -> None:
    """Run what RUN skipped or expected to fail, and say what of the skip lists is stale.

    RUN is the folder of a run, of a matrix or of one pair, or its name below the folder of runs.
    For each of its pairs the tests that entries name are run without skip lists. A name is
    stale if its test passes with every pair, fails in other words than the signature's, or is
    that of no test. The run is kept, and not recorded into the history.

    Exit codes: 0 nothing is stale, 2 something is to be mended, 3 some of it cannot be told, 4
    infrastructure failure, 130 interrupted.
    """


@lists.command(
    cls=Declared,
    body="harness.cli.lists:suggest",
    epilog="""\b
    Examples:
      compat lists suggest latest
      compat lists suggest runs/nightly >my-lists/skiplists/new.yaml
    """,
)
@click.argument("run")
@JSON
def suggest() -> None:
    """Print entries for what RUN saw fail, without the reasons.

    RUN is the folder of a run, of a matrix or of one pair, or its name below the folder of runs.
    Each has the tests that fail alike, words of the failure, and the commit that did it where
    `compat blame` found it, else the versions that were seen. The reason is left to a person: an
    entry is refused while it is empty.
    """
