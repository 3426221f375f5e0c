"""The pair that a bisection tries with one commit after the other, and how each is run."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import harness
from harness.backends.base import BuildRequest, Place
from harness.backends.native import Native
from harness.backends.native.build import Package
from harness.bisect.answers import Answer, Kind, answer_of
from harness.bisect.stored import Shelf, Wanted
from harness.cli.declared import execution
from harness.cli.options import argv_of
from harness.cli.planning import SourceOptions
from harness.cli.session import Session, default_runs
from harness.cli.show import run_of_pair
from harness.errors import InfrastructureError, Interrupted, UsageError
from harness.events import ignore
from harness.history import default_history
from harness.history.expected import Expected
from harness.model import Side
from harness.model.matrix import CellState
from harness.plan.cell import Settings
from harness.plan.opening import Opened, PairAsk
from harness.repository.refs import ResolvedRef
from harness.store import Store, key_of

PARTS = {"frontend": Side.FRONTEND, "daemon": Side.SUITE}
"""The side of a pair that moves, by its name on the command line."""

_KEPT = "what was learnt is kept: the same command goes on with it"
_RUN = ("repo", "backend", "stage", "privileges", "cache_repo", "parallel", "cache", "data")
"""Options that the command of one run has from that of the search."""


class BisectOptions(SourceOptions):
    """The options of `compat bisect`, by the names that click gives them."""

    daemon: str
    frontend: str
    test: str
    good: str | None
    bad: str | None
    axis: str
    channel: str | None
    worker: str
    privileges: str
    cache_repo: str | None
    parallel: int | None
    timeout: float
    test_timeout: float | None
    reruns: int
    fresh: bool
    out: Path | None


@dataclass(frozen=True)
class Bench:
    """A pair of which one side moves, and what is known of it."""

    options: BisectOptions
    store: Store
    ask: PairAsk
    opened: Opened
    """The pair of the newer end."""
    expected: Expected
    say: Callable[[str], None]

    @property
    def side(self) -> Side:
        """Which side of the pair moves."""
        return PARTS[self.options["axis"]]

    @cached_property
    def folder(self) -> Path:
        """Where the answers to this question are kept, whatever the ends are."""
        runs = (self.options["out"] or default_runs()).absolute()
        return runs / f"bisect-{key_of(self.question)[:12]}"

    @cached_property
    def question(self) -> dict[str, str]:
        """What all answers are about."""
        (cell,) = self.opened.plan.cells
        pair, workspace = cell.pair, self.opened.workspace
        moves = self.options["axis"]
        return {
            "axis": moves,
            "test": self.options["test"],
            "daemon": "" if moves == "daemon" else pair.suite.sha,
            "frontend": "" if moves == "frontend" else pair.frontend.sha,
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

    def packages(self, *commits: str) -> set[Package]:
        """Ask Go what these commits are compiled from; nothing if it cannot say."""
        workspace = self.opened.workspace
        go = Native(Place(self.store, workspace.repository.git, workspace.lines))
        try:
            return {it for sha in commits for it in go.packages(self.side, self._request(sha))}
        except (InfrastructureError, UsageError) as error:
            self.say(f"any source file may matter: {error}")
            return set()

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
        return Shelf((self.options["out"] or default_runs()).absolute())

    def test(self, commits: Sequence[str], end: bool) -> Answer:  # noqa: FBT001 - Hunt's
        """Find a stored run of one of these commits, or run one that is built, or the first."""
        if stored := self._shelf.find(commits, self._wanted, self.options["test"]):
            return stored
        built = (sha for sha in commits if self._is_built(sha))
        return self._run(next(built, commits[0]), 1 if end else 0)

    def _wanted(self, sha: str) -> Wanted | None:
        try:
            opened = self._pair(sha, self.ask.reruns)
        except UsageError:
            return None  # which running it tells
        (planned,) = opened.plan.cells
        patches = opened.cell(planned, seed=False).patches
        return Wanted(planned.pair, opened.plan.offline, frozenset(it.sha256 for it in patches))

    def _is_built(self, sha: str) -> bool:
        try:
            return self.opened.backend.find(self.side, self._request(sha)).cached
        except UsageError:
            return False

    def _pair(self, sha: str, reruns: int) -> Opened:
        ask = dataclasses.replace(self.ask, reruns=reruns)
        ask = moved(ask, self.options["axis"], sha)
        return self.opened.pair(ask, self.expected, ignore)

    def _run(self, sha: str, least: int) -> Answer:
        """Run the pair of one commit; what cannot be run cannot tell. Raises Interrupted."""
        reruns = max(least, self.ask.reruns)
        try:
            opened = self._pair(sha, reruns)
        except UsageError as error:
            return _unclear(sha, str(error))
        (planned,) = opened.plan.cells
        again = ("compat-run", *argv_of(execution.run, self._again(sha, reruns)))
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
            runs=self.folder / "runs",
            history=default_history(),
            mine=(planned,),
        ).run_unrecorded()
        if made.interrupted:
            raise Interrupted(f"interrupted while {sha[:12]} was tried", hint=_KEPT)
        if made.cells[0].state is CellState.FAILED:
            return _unclear(sha, made.cells[0].error)
        return answer_of(run_of_pair(made, folder), self.options["test"], sha, folder)

    def _again(self, sha: str, reruns: int) -> dict[str, object]:
        given: dict[str, object] = {**self.options}
        pair = {"daemon": self.ask.daemon, "frontend": self.ask.frontend}
        return {
            **{name: given[name] for name in _RUN},
            **(pair | {self.options["axis"]: sha}),
            "tests": self.ask.tests,
            "worker": self.ask.worker,
            "channel": self.options["channel"],
            "timeout": self.ask.timeout,
            "test_timeout": self.ask.test_timeout,
            "reruns": reruns,
            "most_reruns": 0,
            "offline": self.ask.offline,
        }


def moved(ask: PairAsk, axis: str, name: str) -> PairAsk:
    """Return a pair whose daemon or frontend is another."""
    if axis == "daemon":
        return dataclasses.replace(ask, daemon=name)
    return dataclasses.replace(ask, frontend=name)


def _unclear(sha: str, words: str) -> Answer:
    return Answer(kind=Kind.UNCLEAR, commit=sha, words=words)
