"""`compat bisect`: which commit turned the verdict on a test."""

from __future__ import annotations

import sys
from collections.abc import Collection
from typing import Unpack, cast

import click

from harness.backends.native.build import Package
from harness.bisect import report
from harness.bisect.answers import FILE, Notebook
from harness.bisect.content import Content
from harness.bisect.hunt import Found, Hunt
from harness.bisect.line import History, check_path
from harness.bisect.matter import Matter
from harness.cli.bench import PARTS, Bench, BisectOptions, moved
from harness.cli.declared import execution
from harness.cli.interruption import interruptible
from harness.cli.options import parsed
from harness.cli.planning import RunningOptions, Sources
from harness.cli.session import LOCK, PATIENCE
from harness.cli.show import present
from harness.errors import UsageError
from harness.gotest.names import parse
from harness.history import default_history, expected_by
from harness.model import Channel
from harness.plan.opening import PairAsk, open_pair
from harness.reports.live import display
from harness.reports.text import visible
from harness.repository.clones import DEFAULT_REPOSITORY
from harness.repository.refs import resolve
from harness.repository.stories import Stories
from harness.tools.locks import held

_GLOB = frozenset("*?[")


def bisect(*, as_json: bool, **options: Unpack[BisectOptions]) -> int:
    """Find the commit that turned the verdict on a test."""
    if _GLOB & set(options["test"]):
        raise UsageError(
            f"--test {options['test']} is a pattern",
            hint="name one test: its function, or its full name as reports have it",
        )
    with interruptible():
        bench = _open(options)
        ends = _ends(bench)
        bench.folder.mkdir(parents=True, exist_ok=True)
        with held(bench.folder / LOCK, patience=PATIENCE):
            if options["fresh"]:
                (bench.folder / FILE).unlink(missing_ok=True)
            found = _search(bench, *ends)
    with Stories.open(bench.opened.workspace.repository.git.path) as stories:
        told = {sha: stories.told(sha) for sha in {*found.suspects, found.merge} - {""}}
    pulls = _pulls(bench.opened.plan.repository)
    present(
        lambda: report.as_json(found, told, options["test"], pulls) | {"folder": str(bench.folder)},
        lambda terminal: report.render(found, told, options["test"], pulls, color=terminal.color),
        as_json=as_json,
    )
    return found.exit_code


def _open(options: BisectOptions) -> Bench:
    """Find what the command line names, and check it. Raises UsageError and ConfigError."""
    function = parse(options["test"]).function or options["test"].partition("/")[0]
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
    return Bench(options, sources.store, ask, opened, expected, _say)


def _ends(bench: Bench) -> tuple[str, str]:
    """Return the older end and the newer one.

    The older one is --good, or where the histories of daemon and frontend part. Raises UsageError
    if no path leads from one to the other.
    """
    repository, axis = bench.opened.workspace.repository, bench.options["axis"]
    (cell,) = bench.opened.plan.cells
    pair = cell.pair
    new, fixed = (pair.frontend, pair.suite) if axis == "frontend" else (pair.suite, pair.frontend)
    if good := bench.options["good"]:
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


def _search(bench: Bench, old: str, new: str) -> Found:
    """Search until no package that the found commit is built from was left out.

    Raises what opening, building and running a pair raise, and CannotTellError.
    """
    history = History(bench.opened.workspace.repository.git)
    there = history.folders((old, new))

    def content(packages: Collection[Package]) -> Content:
        side = bench.side
        matter = Matter.of(side, packages, there) if packages else Matter(side)
        return Content(history, matter, bench.patches)

    packages = bench.packages(old, new)
    notebook = Notebook(bench.folder, bench.question)
    trusted = bench.options["good"] is not None
    hunt = Hunt(history, content(packages), notebook, bench.test, _say, trusted)
    while True:
        found = hunt.hunt(old, new)
        more = bench.packages(found.old.commit, found.new.commit) if packages else set()
        if more <= packages:
            return found
        packages |= more
        hunt.content = content(packages)


def _pulls(repository: str) -> str:
    """Return the address below which pull requests have their pages."""
    home = repository if repository.startswith("https://") else DEFAULT_REPOSITORY
    return f"{home.removesuffix('.git')}/pull"


def _say(text: str) -> None:
    click.echo(visible(text), err=True)
