"""The runs of a search: one side of a pair moves from commit to commit, for one test or several.

Tests that are looked for along the same commits are run together: what one search asks of a
commit is an answer to the others, too.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import NamedTuple

import harness
from harness.backends.base import BuildRequest, Place
from harness.backends.native import Native
from harness.backends.native.build import Package
from harness.bisect.answers import Answer, Kind, Notebook, Prints, answer_of, function_of
from harness.bisect.content import Content
from harness.bisect.found import Found
from harness.bisect.hunt import CONFIDENCE, Hunt
from harness.bisect.line import History
from harness.bisect.matter import Matter
from harness.bisect.stored import Shelf, Wanted
from harness.cli.declared import execution
from harness.cli.options import argv_of
from harness.cli.planning import SourceOptions
from harness.cli.session import Session, default_runs
from harness.cli.show import run_of_pair
from harness.config.matrixfile import SCENARIOS
from harness.errors import InfrastructureError, Interrupted, UsageError
from harness.events import ignore
from harness.history import default_history
from harness.history.expected import Expected
from harness.model import Run, Side
from harness.model.matrix import CellState
from harness.plan.asks import PairAsk
from harness.plan.cell import Settings
from harness.plan.opening import Opened
from harness.repository.refs import ResolvedRef, resolve
from harness.store import Store, key_of

PARTS = {"frontend": Side.FRONTEND, "daemon": Side.SUITE, "tests": Side.SUITE}
"""The side of a pair that moves, by its name on the command line."""

_KEPT = "what was learnt is kept: the same command goes on with it"
_RUN = ("repo", "backend", "stage", "privileges", "cache_repo", "parallel", "cache", "data")
"""Options that the command of one run has from that of the search."""

_RULE = "3"
"""Of the answers: those of another rule are not taken for these."""


class TrialOptions(SourceOptions):
    """Options of a search, by the names that click gives them."""

    channel: str | None
    privileges: str
    cache_repo: str | None
    parallel: int | None
    out: Path | None


class _Tried(NamedTuple):
    """What came of a commit that was run."""

    least: int
    functions: frozenset[str]
    run: Run | None
    folder: Path
    words: str


@dataclass(frozen=True)
class Trials:
    """A pair of which one side moves, and what is known of it."""

    options: TrialOptions
    axis: str
    store: Store
    ask: PairAsk
    opened: Opened
    """The pair of the newer end."""
    expected: Expected
    say: Callable[[str], None]
    due: dict[str, Notebook] = field(default_factory=dict)
    """The tests that are looked for now, by their names, and where their answers go."""
    before: Callable[[], None] = lambda: None
    """Called before a commit is run; what it raises ends the search."""
    built: set[str] = field(default_factory=set)
    """The commits that were run, by others, too, that are given the same set."""
    _tried: dict[str, _Tried] = field(default_factory=dict)
    _packages: dict[str, set[Package]] = field(default_factory=dict)

    @property
    def side(self) -> Side:
        """Which side of the pair moves."""
        return PARTS[self.axis]

    @property
    def prints(self) -> Prints:
        """How failures of two commits are compared: a daemon's own tests move with it."""
        move = self.axis == "tests" or (self.axis == "daemon" and not self.ask.tests_from)
        return Prints.ANYWHERE if move else Prints.AS_THEY_ARE

    @property
    def runs(self) -> Path:
        """The folder of run folders."""
        return (self.options["out"] or default_runs()).absolute()

    def folder(self, test: str) -> Path:
        """Return where the answers to a question are kept, whatever the ends are."""
        return self.runs / f"bisect-{key_of(self.question(test))[:12]}"

    def question(self, test: str) -> dict[str, str]:
        """Return what all answers about a test are about."""
        (cell,) = self.opened.plan.cells
        pair, workspace = cell.pair, self.opened.workspace
        return {
            "rule": _RULE,
            "axis": self.axis,
            "test": test,
            "daemon": "" if self.axis == "daemon" else pair.suite.sha,
            "frontend": "" if self.axis == "frontend" else pair.frontend.sha,
            "tests": "" if self.axis == "tests" else self._beside("tests"),
            "baseline": self._beside("baseline"),
            "vary": self.ask.vary,
            "client": self.ask.client,
            "channel": self.options["channel"] or "",
            "worker": pair.worker,
            "backend": pair.backend,
            "stage": self.options["stage"] or "",
            "offline": str(self.options["offline"]),
            "harness": harness.__version__,
            "data": key_of(
                {
                    "patches": [patch.sha256 for patch in workspace.patches],
                    "lines": repr(workspace.lines.lines),
                }
            ),
        }

    def _beside(self, role: str) -> str:
        """Return the commit of what was asked for beside daemon and frontend, or its name."""
        name = self.ask.names.get(role)
        if name:
            return resolve(self.opened.workspace.repository, *name).sha
        return SCENARIOS if role == "tests" and self.ask.scenarios else ""

    def search(
        self,
        test: str,
        old: str,
        new: str,
        *,
        trusted: bool,
        races: bool,
        confidence: float = CONFIDENCE,
    ) -> Found:
        """Search until no package that the found commit is built from was left out.

        `trusted` says that the older end works, `races` that the test fails now and then. Raises
        what opening, building and running a pair raise, and CannotTellError.
        """
        history = History(self.opened.workspace.repository.git)
        there = history.folders((old, new))

        def content(packages: Collection[Package]) -> Content:
            matter = Matter.of(self.side, packages, there) if packages else Matter(self.side)
            return Content(history, matter, self.patches)

        packages = self.packages(old, new)
        notebook = self.due[test]
        hunt = Hunt(
            history=history,
            content=content(packages),
            notebook=notebook,
            test=partial(self.test, test),
            say=self.say,
            sample=partial(self.sample, test),
            built=self.was_built,
            trusted=trusted,
            confidence=confidence,
            races=races,
        )
        while True:
            found = hunt.hunt(old, new)
            more = self.packages(found.old.commit, found.new.commit) if packages else set()
            if more <= packages:
                return found
            packages |= more
            hunt.content = content(packages)

    def packages(self, *commits: str) -> set[Package]:
        """Ask Go what these commits are compiled from; nothing if it cannot say."""
        workspace = self.opened.workspace
        go = Native(Place(self.store, workspace.repository.git, workspace.lines))
        try:
            for sha in commits:
                if sha not in self._packages:
                    self._packages[sha] = {*go.packages(self.side, self._request(sha))}
        except (InfrastructureError, UsageError) as error:
            self.say(f"any source file may matter: {error}")
            return set()
        return {package for sha in commits for package in self._packages[sha]}

    def _request(self, sha: str) -> BuildRequest:
        workspace, options = self.opened.workspace, self.options
        commit = workspace.commit(ResolvedRef(sha, sha, sha))
        channel = self.ask.channel if self.side is Side.FRONTEND else None
        return workspace.request(self.side, commit, channel, options["stage"], self.opened.backend)

    def patches(self, sha: str) -> tuple[str, ...]:
        """Return the digests of the patches that are applied to a commit's tree."""
        if not any(patch.side is self.side for patch in self.opened.workspace.patches):
            return ()
        try:
            return tuple(patch.sha256 for patch in self._request(sha).patches)
        except UsageError as error:  # a commit without a channel cannot be built
            return (str(error),)

    @cached_property
    def _shelf(self) -> Shelf:
        return Shelf(self.runs)

    def test(self, test: str, commits: Sequence[str], end: bool) -> Answer:  # noqa: FBT001 - Hunt's
        """Find a stored run of one of these commits, or run one that is built, or the first.

        All tests that are due are run, and have an answer then. Raises Interrupted, and what
        `before` raises.
        """
        least = 1 if end else 0
        if again := next((it for it in commits if self._knows(it, test, least)), None):
            return self._answer(again, test)
        if stored := self._shelf.find(commits, self._wanted, test):
            return stored
        self.before()
        sha = self._best(commits)
        self._tried[sha] = self._run(sha, max(least, self.ask.reruns), self.due)
        if self._tried[sha].run:
            self.built.add(sha)
        for other, notebook in self.due.items():
            notebook.put(self._answer(sha, other))
        return self._answer(sha, test)

    def sample(self, test: str, commits: Sequence[str]) -> Answer:
        """Run one of these commits once more, one that is built if any is, for this test alone.

        Raises what `test` raises.
        """
        self.before()
        sha = self._best(commits)
        return self._said(sha, test, self._run(sha, 0, {test}))

    def _knows(self, sha: str, test: str, least: int) -> bool:
        tried = self._tried.get(sha)
        return tried is not None and tried.least >= least and function_of(test) in tried.functions

    def _answer(self, sha: str, test: str) -> Answer:
        return self._said(sha, test, self._tried[sha])

    def _said(self, sha: str, test: str, tried: _Tried) -> Answer:
        if tried.run is None:
            return Answer(kind=Kind.UNCLEAR, commit=sha, words=tried.words)
        return answer_of(tried.run, test, sha, tried.folder, self.prints)

    def _wanted(self, sha: str) -> Wanted | None:
        try:
            opened = self._pair(sha, self.ask.reruns, self.due)
        except UsageError:
            return None  # which running it tells
        (planned,) = opened.plan.cells
        patches = opened.cell(planned, seed=False).patches
        digests = frozenset(it.sha256 for it in patches)
        return Wanted(planned.pair, opened.plan.offline, digests, self.prints)

    def _best(self, commits: Sequence[str]) -> str:
        """Return the first of these commits that is built, or the first."""
        return next(filter(self._is_built, commits), commits[0])

    def was_built(self, commits: Sequence[str]) -> bool:
        """Return whether one of these commits was run before, without asking the backend."""
        return any(sha in self.built or sha in self._shelf for sha in commits)

    def _is_built(self, sha: str) -> bool:
        try:
            return self.opened.backend.find(self.side, self._request(sha)).cached
        except UsageError:
            return False

    def _pair(self, sha: str, reruns: int, tests: Iterable[str]) -> Opened:
        functions = tuple(sorted({*map(function_of, tests)}))
        ask = dataclasses.replace(self.ask, reruns=reruns, tests=functions)
        ask = moved(ask, self.axis, sha)
        return self.opened.pair(ask, self.expected, ignore)

    def _run(self, sha: str, reruns: int, tests: Iterable[str]) -> _Tried:
        """Run the pair of one commit; what cannot be run cannot tell. Raises Interrupted."""
        functions = frozenset(map(function_of, tests))
        try:
            opened = self._pair(sha, reruns, functions)
        except UsageError as error:
            return _Tried(reruns, functions, None, self.runs, str(error))
        (planned,) = opened.plan.cells
        again = ("compat-run", *argv_of(execution.run, self._again(sha, reruns, functions)))
        made, folder = Session(
            opened=opened,
            store=self.store,
            settings=Settings(
                tests=opened.plan.tests,
                parallel=self.options["parallel"] or 0,
                reruns=reruns,
                most_reruns=0,
                offline=opened.plan.offline,
            ),
            command=again,
            cell_command=lambda _cell: again,
            runs=self.folder(next(iter(self.due))) / "runs",
            history=default_history(),
            mine=(planned,),
        ).run_unrecorded()
        if made.interrupted:
            raise Interrupted(f"interrupted while {sha[:12]} was tried", hint=_KEPT)
        if made.cells[0].state is CellState.FAILED:
            return _Tried(reruns, functions, None, folder, made.cells[0].error)
        return _Tried(reruns, functions, run_of_pair(made, folder), folder, "")

    def _again(self, sha: str, reruns: int, functions: Collection[str]) -> dict[str, object]:
        given: dict[str, object] = {**self.options}
        ask = moved(self.ask, self.axis, sha)
        return {
            **{name: given[name] for name in _RUN},
            "daemon": ask.daemon,
            "frontend": ask.frontend,
            "tests_from": ask.tests_from,
            "vary": ask.vary.value,
            "baseline": ask.baseline,
            "client": ask.client,
            "tests": tuple(sorted(functions)),
            "worker": self.ask.worker,
            "channel": self.ask.channel and self.ask.channel.value,
            "timeout": self.ask.timeout,
            "test_timeout": self.ask.test_timeout,
            "reruns": reruns,
            "most_reruns": 0,
            "offline": self.ask.offline,
        }


def moved(ask: PairAsk, axis: str, name: str) -> PairAsk:
    """Return a pair whose daemon, frontend or tests are another commit's."""
    if axis == "daemon":
        return dataclasses.replace(ask, daemon=name)
    if axis == "tests":
        return dataclasses.replace(ask, tests_from=name)
    return dataclasses.replace(ask, frontend=name)
