"""`compat bisect`: which commit turned the verdict on a test."""

from __future__ import annotations

import sys
from typing import Unpack, cast

import click

from harness.bisect import report
from harness.bisect.answers import FILE, Notebook
from harness.bisect.hunt import Found
from harness.bisect.line import History, check_path
from harness.cli.declared import execution
from harness.cli.interruption import interruptible
from harness.cli.options import parsed
from harness.cli.planning import RunningOptions, Sources
from harness.cli.session import LOCK, PATIENCE
from harness.cli.show import present
from harness.cli.trials import PARTS, TrialOptions, Trials, function_of, moved
from harness.errors import UsageError
from harness.history import default_history, expected_by
from harness.model import Channel
from harness.plan.opening import PairAsk, open_pair
from harness.reports.live import display
from harness.reports.text import visible
from harness.repository.clones import DEFAULT_REPOSITORY
from harness.repository.refs import resolve
from harness.repository.stories import Stories, Story
from harness.tools.locks import held

_GLOB = frozenset("*?[")


class BisectOptions(TrialOptions):
    """The options of `compat bisect`, by the names that click gives them."""

    daemon: str
    frontend: str
    test: str
    good: str | None
    bad: str | None
    axis: str
    worker: str
    timeout: float
    test_timeout: float | None
    reruns: int
    fresh: bool


def bisect(*, as_json: bool, **options: Unpack[BisectOptions]) -> int:
    """Find the commit that turned the verdict on a test."""
    if _GLOB & set(options["test"]):
        raise UsageError(
            f"--test {options['test']} is a pattern",
            hint="name one test: its function, or its full name as reports have it",
        )
    with interruptible():
        trials, test = _open(options), options["test"]
        ends = _ends(trials, options["good"])
        folder = trials.folder(test)
        folder.mkdir(parents=True, exist_ok=True)
        with held(folder / LOCK, patience=PATIENCE):
            if options["fresh"]:
                (folder / FILE).unlink(missing_ok=True)
            trials.due[test] = Notebook(folder, trials.question(test))
            found = trials.search(test, *ends, trusted=options["good"] is not None)
    told = stories_of(trials, found)
    pulls = pulls_of(trials.opened.plan.repository)
    present(
        lambda: report.as_json(found, told, test, pulls) | {"folder": str(folder)},
        lambda terminal: report.render(found, told, test, pulls, color=terminal.color),
        as_json=as_json,
    )
    return found.exit_code


def _open(options: BisectOptions) -> Trials:
    """Find what the command line names, and check it. Raises UsageError and ConfigError."""
    function = function_of(options["test"])
    usual = parsed(execution.run, ["-", "-"])
    asked = cast("RunningOptions", {**usual, **options, "tests": (function,)})
    sources = Sources.of("", asked)
    expected = expected_by(default_history())
    with display(sys.stderr) as listener:
        ask = PairAsk(
            where=sources.running(asked),
            offline=options["offline"],
            reruns=options["reruns"],
            most_reruns=0,
            tests=(function,),
            test_timeout=options["test_timeout"],
            lists=False,
            daemon=options["daemon"],
            frontend=options["frontend"],
            channel=Channel(options["channel"]) if options["channel"] else None,
            worker=options["worker"],
            timeout=options["timeout"],
        )
        if options["bad"]:
            ask = moved(ask, options["axis"], options["bad"])
        opened = open_pair(ask, sources.data, sources.store, expected, listener)
    return Trials(options, options["axis"], sources.store, ask, opened, expected, say)


def _ends(trials: Trials, good: str | None) -> tuple[str, str]:
    """Return the older end and the newer one.

    The older one is --good, or where the histories of daemon and frontend part. Raises UsageError
    if no path leads from one to the other.
    """
    repository, axis = trials.opened.workspace.repository, trials.axis
    (cell,) = trials.opened.plan.cells
    pair = cell.pair
    new, fixed = (pair.frontend, pair.suite) if axis == "frontend" else (pair.suite, pair.frontend)
    if good:
        old = resolve(repository, good, PARTS[axis]).sha
    else:
        base = repository.git.merge_base(fixed.sha, new.sha)
        if base is None or base == new.sha:
            raise UsageError(
                f"{fixed.ref} and {new.ref} do not tell where to begin",
                hint="--good names a commit in the history of the newer end that does otherwise",
            )
        old = base
    check_path(History(repository.git), old, new.sha)
    return old, new.sha


def stories_of(trials: Trials, found: Found) -> dict[str, Story]:
    """Return what there is to tell of the commits that were found. Raises GitFailed."""
    with Stories.open(trials.opened.workspace.repository.git.path) as stories:
        return {sha: stories.told(sha) for sha in {*found.suspects, found.merge} - {""}}


def pulls_of(repository: str) -> str:
    """Return the address below which pull requests have their pages."""
    home = repository if repository.startswith("https://") else DEFAULT_REPOSITORY
    return f"{home.removesuffix('.git')}/pull"


def say(text: str) -> None:
    """Tell how a search goes on, on standard error."""
    click.echo(visible(text), err=True)
