"""What the commands that plan a matrix have in common: options, and how they open it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar

import click

from harness.cli.options import CACHE, DATA, HISTORY

if TYPE_CHECKING:
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
    history: Path | None
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
    HISTORY,
    CACHE,
    DATA,
)

_GIVEN = ("candidate", "repo", "backend", "stage", "reruns", "cache", "data")
"""Options that a further command needs to ask for the same plan; of a history the plan has it."""

_DEFAULTS: dict[str, object] = {"backend": "auto", "reruns": 2}


def plan_options(command: Command) -> Command:
    """Give a command MATRIX and the options that decide over its plan."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def words(options: PlanOptions) -> list[str]:
    """Give the words behind a command's name that ask for the same plan again."""
    from harness.tools.process import redact  # noqa: PLC0415 - keeps --help quick

    given: Mapping[str, object] = {**options}
    found = [options["matrix"]]
    found += [word for glob in options["only"] for word in ("--only", glob)]
    found += [word for glob in options["exclude"] for word in ("--exclude", glob)]
    for name in _GIVEN:
        if given[name] not in {None, _DEFAULTS.get(name)}:
            found += [f"--{name}", redact(str(given[name]))]
    return [*found, *(["--offline"] if options["offline"] else [])]


def open_planned(options: PlanOptions) -> Opened:
    """Plan what a command line asks for, telling on standard error what is chosen.

    The matrix `demo` is MiniKit's and brings its repository, unless another is named. Raises
    what `open_matrix` and `find_matrix` raise, and HistoryError.
    """
    from harness.config.datadir import find_data  # noqa: PLC0415 - keeps --help quick
    from harness.config.matrixfile import find_matrix  # noqa: PLC0415 - the same
    from harness.history import default_history, expected_by  # noqa: PLC0415 - the same
    from harness.plan.planning import Selection  # noqa: PLC0415 - the same
    from harness.refs import DEFAULT_REPOSITORY  # noqa: PLC0415 - the same
    from harness.reports.live import display  # noqa: PLC0415 - the same
    from harness.runner.planning import MatrixAsk, Where, open_matrix  # noqa: PLC0415 - the same
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
        where=Where(
            repository=repository,
            fetch=options["fetch"],
            backend=options["backend"],
            runs=False,
            stage=options["stage"],
        ),
        selection=Selection(options["only"], options["exclude"], options["candidate"]),
        offline=offline,
        reruns=options["reruns"],
    )
    expected = expected_by(options["history"] or default_history())
    with display(sys.stderr) as listener:
        return open_matrix(ask, data, store, expected, listener)
