"""The cells that a matrix asks for: rows times workers and channels, without what is excluded."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product
from typing import Protocol, TypeVar

from harness.backends.base import Found
from harness.config.conditions import Facts
from harness.config.lines import Lines
from harness.config.matrixfile import FRONTEND, NO_REFS, PREVIOUS, SCENARIOS, Include, Matrix, Row
from harness.config.yamlfile import Place, Problems
from harness.errors import UsageError
from harness.model import Channel, Client, Commit, Pair, Side, Source, Vary
from harness.plan.axes import Axes
from harness.plan.selectors import Chosen, Selectors
from harness.repository.refs import Repository, ResolvedRef

T = TypeVar("T")

Say = Callable[[str], None]


class Site(Protocol):
    """What planning asks of a repository, its data files and a backend."""

    @property
    def repository(self) -> Repository:
        """The repository, with its refs."""

    @property
    def lines(self) -> Lines:
        """The release lines."""

    @property
    def backend(self) -> str:
        """Name of the backend that is to build and run."""

    @property
    def offline(self) -> bool:
        """Whether the tests are to have no network."""

    def resolve(self, asked: str, side: Side, platform: str) -> ResolvedRef:
        """Find what a name means, a commit or a published image for a platform.

        Raises UsageError.
        """

    @property
    def platform(self) -> str:
        """What this machine is."""

    def look_ahead(self, shas: Collection[str]) -> None:
        """Prefetch what git says of these commits."""

    def commit(self, meant: ResolvedRef) -> Commit:
        """Describe a commit. Raises UsageError if it is none of BuildKit's."""

    def check(self, suite: Commit, worker: str, tests: Commit | None = None) -> None:
        """Check that tests can drive a daemon on this worker; without them its own do.

        Raises UsageError.
        """

    def channel(self, commit: Commit, wanted: Channel | None) -> Channel:
        """Choose a commit's frontend channel. Raises UsageError if it has not what is wanted."""

    def contains(self, newer: str, older: str) -> bool:
        """Return whether a commit has another in its history."""

    def find(self, side: Side, commit: Commit, channel: Channel) -> Found:
        """Return what building one side of a commit would make."""


@dataclass(frozen=True)
class PairSpec:
    """A cell, and who asked for it."""

    pair: Pair
    asked: tuple[Chosen, Chosen]
    where: Row | Include
    path: str
    """Of `where` in the file: `pairs[0]`."""


def wanted_cells(matrix: Matrix, selectors: Selectors, site: Site, say: Say) -> list[PairSpec]:
    """List the cells of a matrix in the order of its file.

    Raises ConfigError with everything that is wrong: selectors that match nothing, names that
    are gone, channels and workers that a commit lacks, cells that stand twice. What else a
    reader should know goes to `say`.
    """
    rows = [
        (row, f"pairs[{index}]", *_sides(_on(selectors, row), row, f"pairs[{index}]"))
        for index, row in enumerate(matrix.pairs)
    ]
    more = [
        (cell, f"include[{index}]", *_names(_on(selectors, cell), cell, f"include[{index}]"))
        for index, cell in enumerate(matrix.include)
    ]
    selectors.problems.raise_any()
    named = {path: _also(_on(selectors, where), where, path) for where, path, *_ in rows}
    named |= {path: _also(_on(selectors, where), where, path) for where, path, *_ in more}
    selectors.problems.raise_any()
    ahead = {chosen.meant.sha for *_, one, two in (*rows, *more) for chosen in one + two}
    also = {it.meant.sha for found in named.values() for each in found.values() for it in each}
    site.look_ahead(ahead | also)
    maker = _Maker(selectors, site, named, say)
    cells = [cell for row in rows for cell in maker.product(*row)]
    cells = _without_excluded(matrix, cells, site, say)
    cells += [cell for include in more for cell in maker.product(*include)]
    maker.check(cells)
    cells = _once(cells, selectors.problems, say)
    selectors.problems.raise_any()
    return cells


def _on(selectors: Selectors, where: Row | Include) -> Selectors:
    """Return the selectors for the platforms of a row; without any, that of the machine."""
    own = where.platforms if isinstance(where, Row) else filter(None, [where.platform])
    return selectors.on(tuple(own) or selectors.platforms)


def _sides(selectors: Selectors, row: Row, path: str) -> tuple[list[Chosen], list[Chosen]]:
    return (
        selectors.choose(row.daemons, Side.SUITE, f"{path}.daemons"),
        selectors.choose(row.frontends, Side.FRONTEND, f"{path}.frontends"),
    )


def _names(selectors: Selectors, cell: Include, path: str) -> tuple[list[Chosen], list[Chosen]]:
    daemon = selectors.named(cell.daemon, Side.SUITE, cell.place, f"{path}.daemon")
    frontend = selectors.named(cell.frontend, Side.FRONTEND, cell.place, f"{path}.frontend")
    return daemon, frontend


def _also(selectors: Selectors, where: Row | Include, path: str) -> dict[str, list[Chosen]]:
    """Find the commits that a row names for its tests and as its baseline, by these names.

    A published image is one for each platform.
    """
    tests = (where.tests,) if isinstance(where.tests, str) else where.tests
    wanted = [(name, Side.SUITE, "tests") for name in tests if name not in NO_REFS]
    wanted += [(where.baseline, Side.FRONTEND, "baseline")] if where.baseline else []
    wanted += [(where.client, Side.SUITE, "client")] if where.client not in {*Client} else []
    found = {
        name: selectors.previous(where.place, f"{path}.{key}")
        if name == PREVIOUS
        else selectors.named(name, side, where.place, f"{path}.{key}")
        for name, side, key in wanted
    }
    return {name: chosen for name, chosen in found.items() if chosen}


class _Maker:
    """Makes cells; asks the site about each commit once and complains once."""

    def __init__(
        self,
        selectors: Selectors,
        site: Site,
        named: Mapping[str, Mapping[str, list[Chosen]]],
        say: Say,
    ) -> None:
        self._selectors = selectors
        self._problems = selectors.problems
        self._site = site
        self._named = named
        """What each row names for its tests and as its baseline, by its path."""
        self._say = say
        self._asked: set[tuple[str, ...]] = set()

    def product(
        self, where: Row | Include, path: str, daemons: list[Chosen], frontends: list[Chosen]
    ) -> Iterator[PairSpec]:
        """Return every cell of a row."""
        workers = where.workers if isinstance(where, Row) else (where.worker,)
        places = tuple(product(workers, _on(self._selectors, where).platforms))
        wanted: Sequence[Channel | None] = (
            (where.channels or (None,)) if isinstance(where, Row) else (where.channel,)
        )
        sources = self._sources(path)
        suites = [found for one in daemons if (found := self._described(one, None, path))]
        others = [
            found
            for one in frontends
            for channel in wanted
            if (found := self._described(one, channel, path))
        ]
        for daemon, suite, own in suites:
            for frontend, commit, channel in others:
                for worker, platform in places:
                    if not (daemon.fits(platform) and frontend.fits(platform)):
                        continue
                    named = {name: it for at, name, it in sources if at.fits(platform)}
                    pair = Pair(
                        suite=suite,
                        frontend=commit,
                        suite_channel=own,
                        frontend_channel=channel,
                        worker=worker,
                        backend=self._site.backend,
                        platform=platform,
                    )
                    for made in self._with_axes(pair, where, path, named):
                        yield PairSpec(made, (daemon, frontend), where, path)

    def _sources(self, path: str) -> list[tuple[Chosen, str, Source]]:
        return [
            (chosen, name, Source(commit=found[1], channel=found[2]))
            for name, each in self._named[path].items()
            for chosen in each
            if (found := self._described(chosen, None, path))
        ]

    def _with_axes(
        self, pair: Pair, where: Row | Include, path: str, named: Mapping[str, Source]
    ) -> Iterator[Pair]:
        """Yield a pair with each of the tests that are asked for.

        In a row, a daemon that is its tests' own is left out where the daemon varies.
        """
        if where.baseline and where.baseline not in named:
            return  # which was complained about
        if where.client not in {*Client} | named.keys():
            return  # ditto
        baseline = named[where.baseline] if where.baseline else None
        for name in (where.tests,) if isinstance(where.tests, str) else where.tests:
            if name not in NO_REFS | named.keys():
                continue  # which was complained about
            scenarios = name == SCENARIOS
            newest = name == FRONTEND or (scenarios and where.vary is Vary.DAEMON)
            tests = self._of_frontend(pair) if newest else named.get(name)
            client = where.client, named.get(where.client)
            axes = Axes(tests, where.vary, baseline, *client, scenarios)
            if isinstance(where, Include):
                made = self._complaining(where.place, path, partial(axes.of, pair))
                yield from [made] if made else []
            elif axes.idle(pair):
                self._say(f"{pair.suite.ref} is the tests' own daemon: left out of {path}")
            else:
                yield axes.of(pair)

    def _of_frontend(self, pair: Pair) -> Source:
        commit = pair.frontend.built
        return Source(commit=commit, channel=self._site.channel(commit, None))

    def check(self, cells: list[PairSpec]) -> None:
        """Complain of workers and channels that commits lack; excluded cells never get here."""
        for cell in cells:
            suite, frontend = cell.pair.suite, cell.pair.frontend
            worker, channel = cell.pair.worker, cell.pair.frontend_channel
            tests = cell.pair.tests.commit if cell.pair.tests else None
            drives = (suite.identity, worker, tests.sha if tests else "")
            questions: dict[tuple[str, ...], Callable[[], object]] = {
                drives: partial(self._site.check, suite, worker, tests),
                (frontend.identity, channel): partial(self._site.channel, frontend, channel),
            }
            for question, ask in questions.items():
                if question not in self._asked:
                    self._asked.add(question)
                    self._complaining(cell.where.place, cell.path, ask)

    def _described(
        self, chosen: Chosen, wanted: Channel | None, path: str
    ) -> tuple[Chosen, Commit, Channel] | None:
        def describe() -> tuple[Chosen, Commit, Channel]:
            commit = self._site.commit(chosen.meant)
            return chosen, commit, wanted or self._site.channel(commit, None)

        return self._complaining(chosen.place, path, describe)

    def _complaining(self, place: Place, path: str, ask: Callable[[], T]) -> T | None:
        try:
            return ask()
        except UsageError as error:
            self._problems.add(place, path, str(error), error.hint)
            return None


def _without_excluded(
    matrix: Matrix, cells: list[PairSpec], site: Site, say: Say
) -> list[PairSpec]:
    """Leave excluded cells out; an exclusion that finds none may have been overtaken by time."""
    kept = []
    idle = list(matrix.exclude)
    for cell in cells:
        facts = Facts(
            daemon=cell.pair.suite,
            frontend=cell.pair.frontend,
            worker=cell.pair.worker,
            backend=cell.pair.backend,
            channel=cell.pair.frontend_channel,
            offline=site.offline,
            contains=site.contains,
            tests=cell.pair.tested.commit,
            platform=cell.pair.platform,
            engine=bool(cell.pair.engine),
        )
        matching = [one for one in matrix.exclude if one.when.matches(facts)]
        idle = [one for one in idle if one not in matching]
        if not matching:
            kept.append(cell)
    for one in idle:
        say(f"{one.place}: excludes nothing")
    return kept


def _once(cells: list[PairSpec], problems: Problems, say: Say) -> list[PairSpec]:
    """Take each cell once.

    A branch that is where a release was just tagged is no mistake in the file, so two selectors
    that move may meet: the first counts. Anything else that stands twice is a mistake.
    """
    kept: dict[tuple[str, ...], PairSpec] = {}
    for cell in cells:
        first = kept.setdefault(cell.pair.identity, cell)
        if first is cell:
            continue
        if any(_met(*sides) for sides in zip(first.asked, cell.asked, strict=True)):
            say(f"{_named(cell)} is {_named(first)} today: taken once")
            continue
        what = f"{_named(cell)} is {_named(first)} of {first.path} ({first.where.place}) again"
        hint = "the commits, channels and workers are the same: remove one, or exclude it"
        problems.add(cell.where.place, cell.path, what, hint)
    return list(kept.values())


def _met(one: Chosen, other: Chosen) -> bool:
    return one.moving and other.moving and one.meant.ref != other.meant.ref


def _named(cell: PairSpec) -> str:
    daemon, frontend = (chosen.meant.ref for chosen in cell.asked)
    also = ", ".join((cell.pair.frontend_channel, cell.pair.worker, *cell.pair.axes))
    return f"{daemon} x {frontend} ({also})"
