"""The cells that a matrix asks for: rows times workers and channels, without what is excluded."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TypeVar

from harness.backends.base import Found
from harness.config.conditions import Facts
from harness.config.lines import Lines
from harness.config.matrixfile import Include, Matrix, Row
from harness.config.yamlfile import Place, Problems
from harness.errors import UsageError
from harness.model import Channel, Commit, Pair, Side
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

    def look_ahead(self, shas: Collection[str]) -> None:
        """Prefetch what git says of these commits."""

    def commit(self, meant: ResolvedRef) -> Commit:
        """Describe a commit. Raises UsageError if it is none of BuildKit's."""

    def check(self, suite: Commit, worker: str) -> None:
        """Check that a commit has tests and that they have this worker. Raises UsageError."""

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

    @property
    def identity(self) -> tuple[str, ...]:
        """What makes two cells the same, however they are called."""
        pair = self.pair
        suite, frontend = pair.suite.sha, pair.frontend.sha
        return suite, pair.suite_channel, frontend, pair.frontend_channel, pair.worker


def wanted_cells(matrix: Matrix, selectors: Selectors, site: Site, say: Say) -> list[PairSpec]:
    """List the cells of a matrix in the order of its file.

    Raises ConfigError with everything that is wrong: selectors that match nothing, names that
    are gone, channels and workers that a commit lacks, cells that stand twice. What else a
    reader should know goes to `say`.
    """
    rows = [
        (row, f"pairs[{index}]", *_sides(selectors, row, f"pairs[{index}]"))
        for index, row in enumerate(matrix.pairs)
    ]
    more = [
        (cell, f"include[{index}]", *_names(selectors, cell, f"include[{index}]"))
        for index, cell in enumerate(matrix.include)
    ]
    selectors.problems.raise_any()
    site.look_ahead({chosen.meant.sha for *_, one, two in (*rows, *more) for chosen in one + two})
    maker = _Maker(selectors, site)
    cells = [cell for row in rows for cell in maker.product(*row)]
    cells = _without_excluded(matrix, cells, site, say)
    cells += [cell for include in more for cell in maker.product(*include)]
    maker.check(cells)
    cells = _once(cells, selectors.problems, say)
    selectors.problems.raise_any()
    return cells


def _sides(selectors: Selectors, row: Row, path: str) -> tuple[list[Chosen], list[Chosen]]:
    return (
        selectors.choose(row.daemons, Side.SUITE, f"{path}.daemons"),
        selectors.choose(row.frontends, Side.FRONTEND, f"{path}.frontends"),
    )


def _names(selectors: Selectors, cell: Include, path: str) -> tuple[list[Chosen], list[Chosen]]:
    daemon = selectors.named(cell.daemon, Side.SUITE, cell.place, f"{path}.daemon")
    frontend = selectors.named(cell.frontend, Side.FRONTEND, cell.place, f"{path}.frontend")
    return [daemon] if daemon else [], [frontend] if frontend else []


class _Maker:
    """Makes cells; asks the site about each commit once and complains once."""

    def __init__(self, selectors: Selectors, site: Site) -> None:
        self._problems = selectors.problems
        self._site = site
        self._asked: set[tuple[str, str]] = set()

    def product(
        self, where: Row | Include, path: str, daemons: list[Chosen], frontends: list[Chosen]
    ) -> Iterator[PairSpec]:
        """Return every cell of a row."""
        workers = where.workers if isinstance(where, Row) else (where.worker,)
        wanted: Sequence[Channel | None] = (
            (where.channels or (None,)) if isinstance(where, Row) else (where.channel,)
        )
        suites = [found for one in daemons if (found := self._described(one, None, path))]
        others = [
            found
            for one in frontends
            for channel in wanted
            if (found := self._described(one, channel, path))
        ]
        for daemon, suite, own in suites:
            for frontend, commit, channel in others:
                for worker in workers:
                    pair = Pair(
                        suite=suite,
                        frontend=commit,
                        suite_channel=own,
                        frontend_channel=channel,
                        worker=worker,
                        backend=self._site.backend,
                    )
                    yield PairSpec(pair, (daemon, frontend), where, path)

    def check(self, cells: list[PairSpec]) -> None:
        """Complain of workers and channels that commits lack; excluded cells never get here."""
        for cell in cells:
            suite, frontend = cell.pair.suite, cell.pair.frontend
            worker, channel = cell.pair.worker, cell.pair.frontend_channel
            questions: dict[tuple[str, str], Callable[[], object]] = {
                (suite.sha, worker): partial(self._site.check, suite, worker),
                (frontend.sha, channel): partial(self._site.channel, frontend, channel),
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
        first = kept.setdefault(cell.identity, cell)
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
    return f"{daemon} x {frontend} ({cell.pair.frontend_channel}, {cell.pair.worker})"
