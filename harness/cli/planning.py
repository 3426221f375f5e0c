"""What the commands that plan a matrix have in common: options, and how they open it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar

import click

from harness.cli.options import (
    BACKEND,
    CACHE,
    DATA,
    FETCH,
    HISTORY,
    MOST_RERUNS,
    OFFLINE,
    REPO,
    RERUNS,
    SECONDS,
    STAGE,
    TESTS,
)

if TYPE_CHECKING:
    from harness.config.datadir import Data
    from harness.events import Listener
    from harness.plan.opening import Opened, Where
    from harness.store import Store

DEMO = "demo"
"""The matrix that brings its own repository."""

Command = TypeVar("Command", bound=Callable[..., Any])


class SourceOptions(TypedDict):
    """The options that say where commits and data come from, and what builds them."""

    repo: str | None
    fetch: bool
    backend: str
    stage: str | None
    offline: bool
    cache: Path | None
    data: Path | None


class PlanOptions(SourceOptions):
    """The options of `plan_options`, by the names that click gives them."""

    only: tuple[str, ...]
    exclude: tuple[str, ...]
    candidate: str | None
    reruns: int
    most_reruns: int
    tests: tuple[str, ...]
    test_timeout: float | None
    history: Path | None


class RunningOptions(SourceOptions):
    """The options of commands that run tests."""

    privileges: str
    cache_repo: str | None
    tests: tuple[str, ...]
    parallel: int | None
    test_timeout: float | None
    reruns: int
    most_reruns: int
    fresh_control: bool
    out: Path | None


ONLY = click.option(
    "--only",
    multiple=True,
    metavar="GLOB",
    help="Only cells whose id, daemon or frontend is like this; may be repeated.",
)
EXCLUDE = click.option(
    "--exclude", multiple=True, metavar="GLOB", help="No cells like this; may be repeated."
)
_OPTIONS = (
    REPO,
    FETCH,
    ONLY,
    EXCLUDE,
    click.option("--candidate", metavar="REF", help="What `candidate: true` means in the matrix."),
    BACKEND,
    STAGE,
    OFFLINE,
    RERUNS,
    MOST_RERUNS,
    TESTS,
    click.option(
        "--test-timeout",
        type=SECONDS,
        help="Limit of each test (default: the matrix's, else by what it took before).",
    ),
    HISTORY,
    CACHE,
    DATA,
)


def plan_options(command: Command) -> Command:
    """Add to a command the options that decide over its plan."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@dataclass(frozen=True)
class Sources:
    """Where a matrix and all that its cells are made of come from."""

    data: Data
    store: Store
    repository: str
    offline: bool
    own: bool = False
    """Whether the matrix brings data and repository itself."""

    @classmethod
    def of(cls, matrix: str, options: SourceOptions) -> Sources:
        """Read a command line; the matrix `demo` brings its repository unless one is named.

        Raises UsageError and ConfigError.
        """
        from harness.config.datadir import find_data  # noqa: PLC0415 - keeps --help quick
        from harness.repository.refs import DEFAULT_REPOSITORY  # noqa: PLC0415 - the same
        from harness.store import Store, default_cache  # noqa: PLC0415 - the same

        store = Store(options["cache"] or default_cache())
        if matrix == DEMO and not options["data"] and not options["repo"]:
            from harness import minikit  # noqa: PLC0415 - the same

            source = find_data(None, {}).examples / "minikit"
            repository = str(minikit.materialise(source, store))
            return cls(find_data(source, {}), store, repository, offline=True, own=True)
        repository = options["repo"] or os.environ.get("COMPAT_REPO") or DEFAULT_REPOSITORY
        data = find_data(options["data"], os.environ)
        return cls(data, store, repository, options["offline"])

    def where(self, options: SourceOptions) -> Where:
        """Return where a plan is made; the backend need not run here."""
        from harness.plan.opening import Where  # noqa: PLC0415 - keeps --help quick

        return Where(
            repository=self.repository,
            fetch=options["fetch"],
            backend=options["backend"],
            runs=False,
            stage=options["stage"],
        )

    def running(self, options: RunningOptions) -> Where:
        """Return where a plan is made that runs here. Raises UsageError for the repository."""
        from harness.backends.docker.container import (  # noqa: PLC0415 - keeps --help quick
            Privileges,
        )
        from harness.backends.docker.supply import check_repository  # noqa: PLC0415 - the same

        return replace(
            self.where(options),
            runs=True,
            privileges=Privileges(options["privileges"]),
            cache_repo=check_repository(options["cache_repo"] or ""),
        )


def open_planned(matrix: str, options: PlanOptions) -> Opened:
    """Plan what a command line asks for, telling on standard error what is chosen.

    Raises what `open_matrix` and `find_matrix` raise, and HistoryError.
    """
    from harness.reports.live import display  # noqa: PLC0415 - keeps --help quick

    sources = Sources.of(matrix, options)
    with display(sys.stderr) as listener:
        return open_named(matrix, options, sources, sources.where(options), listener)


def open_named(
    matrix: str,
    options: PlanOptions,
    sources: Sources,
    where: Where,
    listener: Listener,
    *,
    lists: bool = True,
) -> Opened:
    """Plan a matrix that is named; `lists` says whether skip lists apply.

    Raises what `open_planned` does.
    """
    from harness.config.matrixfile import find_matrix  # noqa: PLC0415 - keeps --help quick
    from harness.gotest.selection import check, select  # noqa: PLC0415 - the same
    from harness.history import default_history, expected_by  # noqa: PLC0415 - the same
    from harness.plan.opening import MatrixAsk, open_matrix  # noqa: PLC0415 - the same
    from harness.plan.planning import Selection  # noqa: PLC0415 - the same

    select(options["tests"], worker="oci")  # refuses a bad glob
    ask = MatrixAsk(
        file=find_matrix(sources.data, matrix),
        where=where,
        selection=Selection(options["only"], options["exclude"], options["candidate"]),
        offline=sources.offline,
        reruns=options["reruns"],
        most_reruns=options["most_reruns"],
        tests=options["tests"],
        test_timeout=options["test_timeout"],
        lists=lists,
    )
    expected = expected_by(options["history"] or default_history())
    opened = open_matrix(ask, sources.data, sources.store, expected, listener)
    if ask.tests:
        check(ask.tests, opened.functions, f"any daemon of {opened.plan.matrix}")
    return opened
