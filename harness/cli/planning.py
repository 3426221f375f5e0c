"""What the commands that plan a matrix have in common: options, and how they open it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar

import click

from harness.cli.options import CACHE, DATA

if TYPE_CHECKING:
    from harness.plan.planning import Expected
    from harness.runner.planning import Opened

DEMO = "demo"
"""The matrix that brings its own repository."""

Command = TypeVar("Command", bound=Callable[..., Any])


class PlanOptions(TypedDict):
    """The options of `plan_options`, by the names that click gives them."""

    matrix: str
    repo: str | None
    fetch: bool
    only: tuple[str, ...]
    exclude: tuple[str, ...]
    candidate: str | None
    backend: str
    stage: str | None
    offline: bool
    reruns: int
    cache: Path | None
    data: Path | None


_OPTIONS = (
    click.argument("matrix"),
    click.option(
        "--repo",
        metavar="URL|PATH",
        help="Repository of BuildKit (default: COMPAT_REPO, else GitHub's moby/buildkit).",
    ),
    click.option("--fetch", is_flag=True, help="Update the cached clone of a URL first."),
    click.option(
        "--only",
        multiple=True,
        metavar="GLOB",
        help="Only cells whose id, daemon or frontend is like this; may be repeated.",
    ),
    click.option(
        "--exclude", multiple=True, metavar="GLOB", help="No cells like this; may be repeated."
    ),
    click.option("--candidate", metavar="REF", help="What `candidate: true` means in the matrix."),
    click.option(
        "--backend",
        type=click.Choice(["auto", "docker", "native"]),
        default="auto",
        envvar="COMPAT_BACKEND",
        show_default=True,
        help="What builds and runs: auto takes docker where an engine answers (or COMPAT_BACKEND).",
    ),
    click.option(
        "--stage",
        type=click.Choice(["upstream", "generic"]),
        help="Whose Dockerfiles docker builds: the commits' own, or ours (default: by line).",
    ),
    click.option("--offline", is_flag=True, help="No network for the tests; seeded images only."),
    click.option(
        "--reruns",
        type=click.IntRange(min=0, max=20),
        default=2,
        show_default=True,
        help="Further attempts, on both sides, for tests with an unexpected verdict.",
    ),
    CACHE,
    DATA,
)


def plan_options(command: Command) -> Command:
    """Give a command MATRIX and the options that decide over its plan."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def open_planned(options: PlanOptions, expected: Expected) -> Opened:
    """Plan what a command line asks for, telling on standard error what is chosen.

    The matrix `demo` is MiniKit's and brings its repository, unless another is named. Raises
    what `open_matrix` and `find_matrix` raise.
    """
    from harness.config.datadir import find_data  # noqa: PLC0415 - keeps --help quick
    from harness.config.matrixfile import find_matrix  # noqa: PLC0415 - the same
    from harness.plan.planning import Selection  # noqa: PLC0415 - the same
    from harness.refs import DEFAULT_REPOSITORY  # noqa: PLC0415 - the same
    from harness.reports.live import display  # noqa: PLC0415 - the same
    from harness.runner.planning import MatrixAsk, open_matrix  # noqa: PLC0415 - the same
    from harness.store import Store, default_cache  # noqa: PLC0415 - the same

    store = Store(options["cache"] or default_cache())
    repository = options["repo"] or os.environ.get("COMPAT_REPO") or DEFAULT_REPOSITORY
    offline = options["offline"]
    if options["matrix"] == DEMO and not options["data"] and not options["repo"]:
        from harness import minikit  # noqa: PLC0415 - the same

        source = find_data(None, {}).examples / "minikit"
        data = find_data(source, {})
        repository, offline = str(minikit.materialise(source, store)), True
    else:
        data = find_data(options["data"], os.environ)
    ask = MatrixAsk(
        file=find_matrix(data, options["matrix"]),
        repository=repository,
        selection=Selection(options["only"], options["exclude"], options["candidate"]),
        fetch=options["fetch"],
        backend=options["backend"],
        stage=options["stage"],
        offline=offline,
        reruns=options["reruns"],
    )
    with display(sys.stderr) as listener:
        return open_matrix(ask, data, store, expected, listener)
