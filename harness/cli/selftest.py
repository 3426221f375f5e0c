"""`compat selftest`: whether the harness still sees breakages that are known."""

from __future__ import annotations

from pathlib import Path
from typing import TypedDict, Unpack, cast

from harness.cli.declared import execution
from harness.cli.matrix import MatrixOptions, open_session
from harness.cli.options import (
    parsed,
)
from harness.cli.planning import Sources
from harness.cli.show import present
from harness.config.matrixfile import find_matrix, load_matrix
from harness.journal import cells
from harness.stored.selftest import SelfTest, evaluate, expectations, report

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


def selftest(matrix: str, *, as_json: bool, **options: Unpack[SelfTestOptions]) -> int:
    """Run pairs whose outcome is known, and see whether the harness sees it."""
    found, folder = _run(matrix, options)
    present(
        lambda: {**report.as_json(found), "folder": str(folder)},
        lambda terminal: f"{report.render(found, color=terminal.color)}{folder}\n",
        as_json=as_json,
    )
    return found.exit_code


def _run(matrix: str, options: SelfTestOptions) -> tuple[SelfTest, Path]:
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
    usual = parsed(execution.matrix, [])
    del usual["matrix"]
    return cast("MatrixOptions", {**usual, "resume": None, **options, "reruns": RERUNS})
