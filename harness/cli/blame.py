"""`compat blame`: the commits that broke the tests of a stored run, all causes at once."""

from __future__ import annotations

import dataclasses
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self, TypedDict, Unpack, cast

from msgspec.structs import replace

from harness.backends.choose import AUTO
from harness.bisect import blamed
from harness.bisect import report as bisected
from harness.bisect.answers import FILE, Notebook
from harness.bisect.causes import Cause, causes
from harness.bisect.found import Found
from harness.bisect.kept import KeptCulprits, Sought, taken
from harness.cli.again import ask_again, channel_again, usual_frontend
from harness.cli.bisect import pulls_of, say, stories_of
from harness.cli.declared import execution
from harness.cli.interruption import interruptible
from harness.cli.options import parsed
from harness.cli.planning import RunningOptions, Sources
from harness.cli.session import LOCK, PATIENCE
from harness.cli.show import present
from harness.cli.stored import find_run, past_of, told_of
from harness.cli.trials import TrialOptions, Trials
from harness.errors import CompatError, ExitCode, Interrupted, UsageError
from harness.events import ignore
from harness.history import HistoryError, default_history, expected_by
from harness.history.expected import Expected
from harness.journal import read_matrix, write_culprits
from harness.model import Pair, Vary
from harness.model.culprits import CULPRITS_VERSION, Blame, Culprits, Suspect
from harness.model.matrix import MatrixRun
from harness.plan.asks import Where
from harness.plan.opening import Opened, open_pair
from harness.reports.live import display
from harness.reports.text import one_line, plural
from harness.reports.write import write_reports
from harness.repository.git import Git
from harness.tools.clock import Stopwatch, now
from harness.tools.locks import held

_LINE = 600


class BlameOptions(TypedDict):
    """The options of `compat blame`, by the names that click gives them."""

    repo: str | None
    fetch: bool
    backend: str
    stage: str | None
    privileges: str
    cache_repo: str | None
    parallel: int | None
    out: Path | None
    cache: Path | None
    data: Path | None
    fresh: bool


class OutOfTimeError(CompatError):
    """The budget of time is spent."""

    exit_code = ExitCode.INDETERMINATE


def blame(run: str, *, budget: float | None, as_json: bool, **options: Unpack[BlameOptions]) -> int:
    """Find the commits that broke the tests of RUN, one search for each cause."""
    folder = find_run(run, options["out"]).resolve()
    matrix = read_matrix(folder)
    asked = causes(folder)
    search = _Search(folder, matrix, asked, options, budget)
    try:
        with interruptible():
            search.run()
    finally:
        if asked:
            write_reports(folder, past_of(folder, None), told=told_of(None))
    found = search.known()
    present(
        lambda: blamed.as_json(found),
        lambda terminal: blamed.render(found, color=terminal.color),
        as_json=as_json,
    )
    return blamed.exit_code(found)


@dataclass
class _Search:
    """Goes through the causes of a run: those that one pair shows are looked for together."""

    folder: Path
    matrix: MatrixRun
    causes: Sequence[Cause]
    options: BlameOptions
    budget: float | None
    _watch: Stopwatch = field(default_factory=Stopwatch)
    _blames: dict[int, Blame] = field(default_factory=dict)

    def known(self) -> Culprits:
        """Return what was found by now."""
        blames = tuple(self._blames[at] for at in sorted(self._blames))
        return Culprits(schema=CULPRITS_VERSION, run=self.matrix.id, blames=blames)

    def run(self) -> None:
        """Look into every cause; what was found is on disk after each. Raises Interrupted."""
        if not self.causes:
            return
        site = _Site.open(self.matrix, self.causes[0].pairs[0], self.options)
        pairs = [site.oldest(cause.pairs) for cause in self.causes]
        sets: defaultdict[tuple[str, ...], list[int]] = defaultdict(list)
        for at, pair in enumerate(pairs):
            sets[pair.identity].append(at)
        for members in sets.values():
            self._together(site, pairs[members[0]], members)

    def _together(self, site: _Site, pair: Pair, members: Sequence[int]) -> None:
        trials = site.trials(pair, self._in_time)
        due = [at for at in members if not self._found_before(site, trials, pair, at)]
        with ExitStack() as stack:
            for at in due:
                test = self.causes[at].tried
                folder = trials.folder(test)
                if test not in trials.due:
                    folder.mkdir(parents=True, exist_ok=True)
                    stack.enter_context(held(folder / LOCK, patience=PATIENCE))
                    if self.options["fresh"]:
                        (folder / FILE).unlink(missing_ok=True)
                    trials.due[test] = Notebook(folder, trials.question(test))
            for at in due:
                self._blames[at] = self._one(site, trials, pair, at)
                write_culprits(self.folder, self.known())
                trials.due.pop(self.causes[at].tried, None)

    def _found_before(self, site: _Site, trials: Trials, pair: Pair, at: int) -> bool:
        """Take what an earlier search found, if it still holds; return whether it does."""
        if self.options["fresh"]:
            return False
        cause = self.causes[at]
        try:
            ends = site.ends(pair, cause)
        except UsageError:
            return False  # which searching tells
        kept = site.culprits.find(Sought(cause, trials.question(cause.tried), *ends))
        if kept is None:
            return False
        self._blames[at] = taken(_whole(pair, cause), kept)
        say(f"{self._title(at)}; its commit was found for the run {kept.run}")
        write_culprits(self.folder, self.known())
        return True

    def _one(self, site: _Site, trials: Trials, pair: Pair, at: int) -> Blame:
        cause = self.causes[at]
        say(self._title(at))
        whole = _whole(pair, cause)
        try:
            ends = site.ends(pair, cause)
            found = trials.search(cause.tried, *ends, trusted=True, races=cause.racy)
        except Interrupted:
            raise
        except CompatError as error:
            return replace(whole, words=one_line(str(error), _LINE))
        blame = replace(
            whole,
            suspects=tuple(_suspects(trials, found)),
            probability=found.weighed and found.weighed.probability,
            good=found.old.run,
            bad=found.new.run,
        )
        sought = Sought(cause, trials.question(cause.tried), *ends)
        try:
            site.culprits.keep(sought, blame, self.matrix.id, now())
        except HistoryError as error:
            say(f"not kept for later runs: {error}")
        return blame

    def _title(self, at: int) -> str:
        cause = self.causes[at]
        return (
            f"cause {at + 1} of {len(self.causes)}, {plural(cause.number, 'test')}: "
            f"{one_line(cause.line or cause.verdict, _LINE)}"
        )

    def _in_time(self) -> None:
        if self.budget is not None and self._watch.seconds > self.budget:
            raise OutOfTimeError("the time was up; the same command goes on with what it knows")


@dataclass(frozen=True)
class _Site:
    """Where the commits of a stored run are looked at, and how its pairs are run."""

    matrix: MatrixRun
    options: BlameOptions
    sources: Sources
    where: Where
    opened: Opened
    """The first pair that was opened; the others share its data and its repository."""
    expected: Expected
    built: set[str] = field(default_factory=set)
    """The frontends that were built for any of its pairs, which the others may take."""

    @classmethod
    def open(cls, matrix: MatrixRun, pair: Pair, options: BlameOptions) -> Self:
        """Open the repository of a stored run. Raises what `open_pair` raises."""
        usual = parsed(execution.run, ["-", "-"])
        asked = cast("RunningOptions", {**usual, **options, "offline": matrix.plan.offline})
        sources = Sources.of("", asked)
        where = sources.running(asked)
        if where.backend == AUTO:
            where = dataclasses.replace(where, backend=pair.backend)
        expected = expected_by(default_history())
        ask = ask_again(matrix, pair, where)
        with display(sys.stderr) as listener:
            opened = open_pair(ask, sources.data, sources.store, expected, listener)
        return cls(matrix, options, sources, where, opened, expected)

    @property
    def culprits(self) -> KeptCulprits:
        """What earlier searches found."""
        return KeptCulprits(default_history(), self.git.is_ancestor)

    @property
    def git(self) -> Git:
        """Their repository."""
        return self.opened.workspace.repository.git

    def oldest(self, pairs: Sequence[Pair]) -> Pair:
        """Return the pair whose frontend all others have in their history, else the first."""
        return next((it for it in pairs if self._before(it, pairs)), pairs[0])

    def _before(self, pair: Pair, others: Sequence[Pair]) -> bool:
        return all(self.git.is_ancestor(pair.frontend.sha, it.frontend.sha) for it in others)

    def trials(self, pair: Pair, before: Callable[[], None]) -> Trials:
        """Prepare to run a pair with other frontends. Raises UsageError."""
        ask = ask_again(self.matrix, pair, self.where)
        moving = {"offline": self.matrix.plan.offline, "channel": channel_again(pair)}
        return Trials(
            options=cast("TrialOptions", {**self.options, **moving}),
            axis="frontend",
            store=self.sources.store,
            ask=ask,
            opened=self.opened.pair(ask, self.expected, ignore),
            expected=self.expected,
            say=say,
            before=before,
            built=self.built,
        )

    def ends(self, pair: Pair, cause: Cause) -> tuple[str, str]:
        """Return the nearest frontend that the test passes with, and the one that it fails with.

        Raises UsageError if none of its commits can have broken it.
        """
        if pair.vary is Vary.DAEMON and not cause.passes:
            raise UsageError(
                f"no frontend of this run passes with {pair.suite.ref}, so it may be the daemon: "
                "compat bisect RUN --axis daemon asks that"
            )
        new, own = pair.frontend.sha, usual_frontend(pair)
        base = self.git.merge_base(own.sha, new)
        if base is None or base == new:
            raise UsageError(
                f"{pair.frontend.ref} has no commit that {own.ref} lacks, so none of its own did it"
            )
        graph = self.opened.workspace.repository.graph
        between = [
            sha
            for sha in cause.passes
            if sha != new and graph.is_ancestor(base, sha) and graph.is_ancestor(sha, new)
        ]
        newest = (it for it in between if all(graph.is_ancestor(sha, it) for sha in between))
        return next(newest, base), new


def _whole(pair: Pair, cause: Cause) -> Blame:
    """Return a cause of which no commit is known yet."""
    return Blame(
        verdict=cause.verdict,
        cause=one_line(cause.line, _LINE),
        daemon=pair.suite.ref,
        frontend=pair.frontend.ref,
        tests={cell: tuple(names) for cell, names in cause.tests.items()},
        tried=cause.tried,
    )


def _suspects(trials: Trials, found: Found) -> Iterator[Suspect]:
    told, pulls = stories_of(trials, found), pulls_of(trials.opened.plan.repository)
    for sha in found.suspects:
        commit = told[sha].commit
        yield Suspect(
            sha=sha,
            subject=one_line(commit.subject, _LINE),
            author=one_line(commit.author, _LINE),
            day=commit.day,
            link=bisected.link(found, told, sha, pulls),
        )
