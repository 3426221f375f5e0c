"""What the commands that plan a matrix have in common: options, and how they open it."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypedDict

from harness import minikit
from harness.backends.base import Privileges, check_repository
from harness.config.datadir import Data, find_data
from harness.config.matrixfile import find_matrix
from harness.errors import UsageError
from harness.events import Listener
from harness.gotest.selection import check, select
from harness.history import default_history, expected_by
from harness.model import Client
from harness.plan.asks import MatrixAsk, Where
from harness.plan.opening import Opened, open_matrix
from harness.plan.planning import Selection
from harness.reports.live import display
from harness.repository.clones import DEFAULT_REPOSITORY
from harness.store import Store, default_cache

DEMO = "demo"
"""The matrix that brings its own repository."""


def check_client(client: str, tests_from: str | None) -> None:
    """Check that the client of the tests is another one than the daemon's. Raises UsageError."""
    if client == Client.TESTS and not tests_from:
        raise UsageError(
            "--client tests has no say: the tests are the daemon's own, and so is their client",
            hint="take tests of another commit by --tests-from, or leave it out",
        )


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
    branch: str | None
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
        store = Store(options["cache"] or default_cache())
        if matrix == DEMO and not options["data"] and not options["repo"]:
            source = find_data(None, {}).examples / "minikit"
            repository = str(minikit.materialise(source, store))
            return cls(find_data(source, {}), store, repository, offline=True, own=True)
        repository = options["repo"] or os.environ.get("COMPAT_REPO") or DEFAULT_REPOSITORY
        data = find_data(options["data"], os.environ)
        return cls(data, store, repository, options["offline"])

    def where(self, options: SourceOptions) -> Where:
        """Return where a plan is made; the backend need not run here."""
        return Where(
            repository=self.repository,
            fetch=options["fetch"],
            backend=options["backend"],
            runs=False,
            stage=options["stage"],
        )

    def running(self, options: RunningOptions) -> Where:
        """Return where a plan is made that runs here. Raises UsageError for the repository."""
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
    select(options["tests"], worker="oci")  # refuses a bad glob
    ask = MatrixAsk(
        file=find_matrix(sources.data, matrix),
        where=where,
        selection=Selection(
            options["only"], options["exclude"], options["candidate"], options["branch"]
        ),
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
