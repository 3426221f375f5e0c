"""What the commands about patches and skip lists are asked."""

from __future__ import annotations

import click

from harness.cli.lazy import Declared
from harness.cli.options import CACHE, DATA, FETCH, JSON, REPO


@click.group(
    epilog="""\b
    Examples:
      compat lists check
      compat lists check --repo buildkit
    """
)
def lists() -> None:
    """Say whether patches and skip lists hold."""


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
