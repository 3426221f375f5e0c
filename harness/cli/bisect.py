"""`compat bisect`: which commit turned the verdict on a test."""

from __future__ import annotations

import dataclasses
import sys
from typing import Unpack, cast

import click

from harness.backends.choose import AUTO
from harness.bisect import report
from harness.bisect.answers import FILE, Notebook, function_of
from harness.bisect.found import Found
from harness.bisect.hunt import CONFIDENCE
from harness.bisect.line import History, check_path
from harness.cli.again import ask_again, pair_with, usual_frontend
from harness.cli.declared import causes, execution
from harness.cli.interruption import interruptible
from harness.cli.options import parsed
from harness.cli.planning import RunningOptions, Sources
from harness.cli.session import LOCK, PATIENCE
from harness.cli.show import present
from harness.cli.stored import find_run
from harness.cli.trials import PARTS, TrialOptions, Trials, moved
from harness.errors import UsageError
from harness.history import default_history, expected_by
from harness.journal import read_matrix
from harness.model import Channel, Vary
from harness.plan.asks import PairAsk, Where
from harness.plan.opening import open_pair
from harness.reports.live import display
from harness.reports.text import visible
from harness.repository.clones import DEFAULT_REPOSITORY
from harness.repository.refs import resolve
from harness.repository.stories import Stories, Story
from harness.tools.locks import held

_GLOB = frozenset("*?[")
_OF_THE_RUN = (
    *("channel", "worker", "tests_from", "vary", "baseline", "client"),
    *("timeout", "test_timeout", "offline"),
)
"""Options that a stored run answers."""


class BisectOptions(TrialOptions):
    """The options of `compat bisect`, by the names that click gives them."""

    daemon: str
    frontend: str | None
    test: str
    good: str | None
    bad: str | None
    axis: str
    worker: str
    tests_from: str | None
    vary: str
    baseline: str | None
    client: str
    timeout: float
    test_timeout: float | None
    reruns: int
    confidence: float | None
    fresh: bool


def bisect(*, as_json: bool, **options: Unpack[BisectOptions]) -> int:
    """Find the commit that turned the verdict on a test."""
    if _GLOB & set(options["test"]):
        raise UsageError(
            f"--test {options['test']} is a pattern",
            hint="name one test: its function, or its full name as reports have it",
        )
    with interruptible():
        (trials, races), test = _open(options), options["test"]
        ends = _ends(trials, options["good"])
        folder = trials.folder(test)
        folder.mkdir(parents=True, exist_ok=True)
        with held(folder / LOCK, patience=PATIENCE):
            if options["fresh"]:
                (folder / FILE).unlink(missing_ok=True)
            trials.due[test] = Notebook(folder, trials.question(test))
            found = trials.search(
                *(test, *ends),
                trusted=options["good"] is not None,
                races=races,
                confidence=options["confidence"] or CONFIDENCE,
            )
    told = stories_of(trials, found)
    pulls = pulls_of(trials.opened.plan.repository)
    present(
        lambda: report.as_json(found, told, test, pulls) | {"folder": str(folder)},
        lambda terminal: report.render(found, told, test, pulls, color=terminal.color),
        as_json=as_json,
    )
    return found.exit_code


def _open(options: BisectOptions) -> tuple[Trials, bool]:
    """Find what the command line names, and check it; also whether attempts are to be weighed.

    Raises UsageError and ConfigError.
    """
    usual = parsed(execution.run, ["-", "-"])
    asked = cast("RunningOptions", {**usual, **options})
    sources = Sources.of("", asked)
    where = sources.running(asked)
    racy = options["confidence"] is not None
    if options["frontend"]:
        ask = _of_pair(options, where)
    else:
        ask, differed = _of_run(options, where)
        racy = racy or differed
    ask = dataclasses.replace(ask, reruns=options["reruns"], tests=(function_of(options["test"]),))
    axis, bad = options["axis"], options["bad"]
    ask = moved(ask, axis, bad) if bad else ask
    if axis == "tests" and (ask.scenarios or not ask.tests_from):
        raise UsageError(
            "--axis tests has no newer end: the tests are no other commit's than the daemon's",
            hint="--bad, or --tests-from, names a commit whose tests do otherwise",
        )
    expected = expected_by(default_history())
    with display(sys.stderr) as listener:
        opened = open_pair(ask, sources.data, sources.store, expected, listener)
    settled = {"channel": ask.channel and ask.channel.value, "offline": ask.offline}
    options = cast("BisectOptions", {**options, **settled})
    return Trials(options, axis, sources.store, ask, opened, expected, say), racy


def _of_pair(options: BisectOptions, where: Where) -> PairAsk:
    return PairAsk(
        where=where,
        offline=options["offline"],
        most_reruns=0,
        test_timeout=options["test_timeout"],
        lists=False,
        daemon=options["daemon"],
        frontend=options["frontend"] or "",
        channel=Channel(options["channel"]) if options["channel"] else None,
        worker=options["worker"],
        timeout=options["timeout"],
        tests_from=options["tests_from"],
        vary=Vary(options["vary"]),
        baseline=options["baseline"],
        client=options["client"],
    )


def _of_run(options: BisectOptions, where: Where) -> tuple[PairAsk, bool]:
    """Return the pair of a stored run, and whether attempts of the test differed there.

    Raises UsageError for options that are the run's to say.
    """
    usual = parsed(causes.bisect, ["-", "--test", "-"])
    given: dict[str, object] = {**options}
    for name in _OF_THE_RUN:
        if given[name] != usual[name]:
            raise UsageError(
                f"--{name.replace('_', '-')} has no say: the pair is that of {options['daemon']}",
                hint="leave it out, or name DAEMON and FRONTEND",
            )
    folder = find_run(options["daemon"], options["out"]).resolve()
    pair, racy = pair_with(folder, options["test"])
    if where.backend == AUTO:
        where = dataclasses.replace(where, backend=pair.backend)
    return ask_again(read_matrix(folder), pair, where), racy


def _ends(trials: Trials, good: str | None) -> tuple[str, str]:
    """Return the older end and the newer one.

    The older one is --good, or where the history of what moves parts from that of what it is
    held against. Raises UsageError
    if no path leads from one to the other.
    """
    repository, axis = trials.opened.workspace.repository, trials.axis
    (cell,) = trials.opened.plan.cells
    pair = cell.pair
    new, fixed = {
        "frontend": (pair.frontend, usual_frontend(pair)),
        "daemon": (pair.suite, pair.frontend),
        "tests": (pair.tested.commit, pair.suite),
    }[axis]
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
