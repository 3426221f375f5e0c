"""`compat selftest`: whether the harness still sees breakages that are known."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack, cast

import click

from harness.cli.options import (
    BACKEND,
    CACHE,
    CACHE_REPO,
    DATA,
    FETCH,
    JSON,
    OFFLINE,
    OUT,
    PRIVILEGES,
    REPO,
    STAGE,
    parsed,
)
from harness.cli.planning import EXCLUDE, ONLY

if TYPE_CHECKING:
    from harness.cli.matrixsession import MatrixOptions
    from harness.stored.selftest import SelfTest

RERUNS = 1
"""A known breakage needs no third attempt."""


class SelfTestOptions(TypedDict):
    """The options of `compat selftest`, by the names that click gives them."""

    repo: str | None
    fetch: bool
    only: tuple[str, ...]
    exclude: tuple[str, ...]
    backend: str
    stage: str | None
    privileges: str
    cache_repo: str | None
    offline: bool
    jobs: int | None
    parallel: int | None
    out: Path | None
    cache: Path | None
    data: Path | None


@click.command(
    epilog="""\b
    Examples:
      compat selftest --repo buildkit --offline
      compat selftest demo
      compat selftest --only 'v0.4*' --json
    """
)
@click.argument("matrix", default="selftest")
@REPO
@FETCH
@ONLY
@EXCLUDE
@BACKEND
@STAGE
@PRIVILEGES
@CACHE_REPO
@OFFLINE
@click.option("--jobs", type=click.IntRange(min=1), help="Pairs at once, as in `compat matrix`.")
@click.option("--parallel", type=click.IntRange(min=1), help="Tests at once in each leg, as there.")
@OUT
@JSON
@CACHE
@DATA
def selftest(matrix: str, *, as_json: bool, **options: Unpack[SelfTestOptions]) -> int:
    """Run pairs whose outcome is known, and see whether the harness sees it.

    MATRIX names a file in matrices/, or is the path of one; each of its cells says which tests
    are broken there, with which error, and which must not be. `demo` means MiniKit's own. Only
    these tests are run, and no skip list is applied. The history does not hear of it.

    Exit codes: 0 all was seen as expected, 1 a known breakage was not seen or one that must not
    be there was, 2 usage or configuration, 3 too little ran to say, 4 infrastructure or build
    failure, 130 interrupted.
    """
    from harness.cli.show import present  # noqa: PLC0415 - keeps --help quick
    from harness.stored.selftest import report  # noqa: PLC0415 - the same

    found, folder = _run(matrix, options)
    present(
        lambda: {**report.as_json(found), "folder": str(folder)},
        lambda terminal: f"{report.render(found, color=terminal.color)}{folder}\n",
        as_json=as_json,
    )
    return found.exit_code


def _run(matrix: str, options: SelfTestOptions) -> tuple[SelfTest, Path]:
    from harness.cli.matrixsession import open_session  # noqa: PLC0415 - keeps --help quick
    from harness.cli.planning import Sources  # noqa: PLC0415 - the same
    from harness.config.matrixfile import find_matrix, load_matrix  # noqa: PLC0415 - the same
    from harness.journal import cells  # noqa: PLC0415 - the same
    from harness.stored.selftest import evaluate, expectations  # noqa: PLC0415 - the same

    asked = _matrix_options(options)
    sources = Sources.of(matrix, asked)
    name = "selftest" if sources.own else matrix
    session = open_session(name, asked, runs=True, sources=sources, lists=False)
    wanted = expectations(load_matrix(find_matrix(sources.data, name)), session.plan)
    made, folder = session.run_unrecorded()
    found = evaluate(session.plan.cells, wanted, cells(folder), interrupted=made.interrupted)
    return found, folder


def _matrix_options(options: SelfTestOptions) -> MatrixOptions:
    """Return what `compat matrix` has when nothing is said, and of it what is said here."""
    from harness.cli.matrix import matrix  # noqa: PLC0415 - keeps --help quick

    usual = parsed(matrix, [])
    del usual["matrix"]
    return cast("MatrixOptions", {**usual, **options, "reruns": RERUNS})
