"""From cells to a plan: what is built once for them, what it will take, and what it is called."""

from __future__ import annotations

import difflib
import fnmatch
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

from msgspec.structs import replace

from harness.config.matrixfile import MEMORY, Include, Matrix, Row
from harness.config.yamlfile import Problems
from harness.errors import UsageError
from harness.history.expected import Expected
from harness.model import Channel, Commit, Pair, Side, Source
from harness.model.matrix import (
    MATRIX_SCHEMA_VERSION,
    Plan,
    PlannedBuild,
    PlannedCell,
    id_of,
    words_of,
)
from harness.model.platforms import USUAL
from harness.plan.rows import Say, Site, wanted_cells
from harness.plan.selectors import Selectors, wants_branch, wants_candidate
from harness.repository.refs import ResolvedRef
from harness.store import key_of

MAX_ID = 120
"""Characters; an id names folders and pages."""


OTHER = "plan again, or use the harness, the data and the options that made this plan"


class _Needs(TypedDict):
    """Ids of builds, by the names that a planned cell gives them."""

    suite: str
    control: str
    candidate: str
    tested: str
    client: str


@dataclass(frozen=True)
class Selection:
    """What of a matrix is planned."""

    only: tuple[str, ...] = ()
    """Globs over ids, suites and frontends; empty for all."""
    exclude: tuple[str, ...] = ()
    candidate: str | None = None
    branch: str | None = None

    def takes(self, name: str, pair: Pair) -> bool:
        """Return whether a cell of this id is asked for."""
        names = _names(name, pair)
        return (not self.only or _any(names, self.only)) and not _any(names, self.exclude)

    def check(self, matrix: str, pairs: Mapping[str, Pair], say: Say) -> None:
        """Check that each glob is about some cell of a matrix; `pairs` are its cells by id.

        Raises UsageError for one of `only`; one of `exclude` is told to `say`.
        """
        names = {name for cell, pair in pairs.items() for name in _names(cell, pair)}
        for glob in self.exclude:
            if not _any(names, (glob,)):
                say(f"--exclude {glob}: excludes nothing")
        for glob in self.only:
            if not _any(names, (glob,)):
                near = difflib.get_close_matches(glob, sorted(names), n=1)
                guess = f"did you mean {near[0]}? " if near else ""
                raise UsageError(
                    f"{matrix}: --only {glob!r} is like no cell",
                    hint=f"{guess}compat plan without it lists the ids",
                )


@dataclass(frozen=True)
class Frame:
    """What a plan says of itself besides its cells."""

    matrix: str
    """Name."""
    harness: str
    """Version of this package."""
    created: str
    repository: str
    reruns: int
    most_reruns: int
    tests: tuple[str, ...]
    """Globs over test functions; empty for whole suites."""
    test_timeout: float | None
    """Seconds that any test may be at work, over what the matrix says."""
    data: str
    """Digest of the skip lists: they decide what is run and how it is judged."""


def plan(
    matrix: Matrix,
    selection: Selection,
    frame: Frame,
    site: Site,
    expected: Expected,
    say: Say,
) -> Plan:
    """Plan a matrix: nothing is built or run.

    Raises ConfigError for what is wrong in the matrix file, with its place, and UsageError for a
    selection that leaves nothing.
    """
    if selection.candidate is not None and not wants_candidate(matrix):
        raise UsageError(
            f"{frame.matrix} has no place for the candidate {selection.candidate}",
            hint="use `candidate: true` as a selector in it",
        )
    if selection.branch is not None and not wants_branch(matrix):
        raise UsageError(
            f"{frame.matrix} has no place for the release branch {selection.branch}",
            hint="use `release_branch: head` as a selector in it",
        )
    selectors = Selectors(
        repository=site.repository,
        lines=site.lines,
        candidate=selection.candidate,
        branch=selection.branch,
        problems=Problems(),
        resolve=site.resolve,
        contains=site.contains,
        platforms=(site.platform,),
    )
    wanted = wanted_cells(matrix, selectors, site, say)
    taken: set[str] = set()
    named = {_id(one.pair, taken): one for one in wanted}
    selection.check(frame.matrix, {name: one.pair for name, one in named.items()}, say)
    left = {name: one for name, one in named.items() if selection.takes(name, one.pair)}
    if not left:
        raise UsageError(
            f"{frame.matrix}: --only and --exclude leave no cell",
            hint="compat plan without them lists the ids",
        )
    builds = _Builds(site, expected.build)
    planned = tuple(
        PlannedCell(
            id=name,
            pair=one.pair,
            **builds.of(one.pair),
            timeout=float(one.where.timeout),
            test_timeout=_test_timeout(frame, one.where),
            memory=int(one.where.memory),
            tests=one.where.functions if isinstance(one.where, Include) else (),
            expected=expected.cell(one.pair),
        )
        for name, one in left.items()
    )
    made = _framed(frame, site, builds, planned)
    return replace(made, candidate=selection.candidate or "", branch=selection.branch or "")


def plan_pair(pair: Pair, timeout: float, frame: Frame, site: Site, expected: Expected) -> Plan:
    """Plan one pair as a matrix of one cell; `timeout` is the limit of each leg, in seconds."""
    builds = _Builds(site, expected.build)
    cell = PlannedCell(
        id=_id(pair, set()),
        pair=pair,
        **builds.of(pair),
        timeout=timeout,
        test_timeout=frame.test_timeout,
        memory=int(MEMORY),
        expected=expected.cell(pair),
    )
    return _framed(frame, site, builds, (cell,), pair=True)


def again(made: Plan, site: Site, *, harness: str, data: str) -> Plan:
    """Plan the cells of a plan that was made elsewhere: its commits, and what is cached here.

    `harness` and `data` are as in Frame. Of a merged plan that has adopted cells, the others are
    planned. Raises UsageError if something else would be built or run here; whether a merged plan
    was judged by other data is not known.
    """
    there = {build.id: build.key for build in made.builds}
    kept = tuple(cell for cell in made.cells if not cell.pair.adopted)
    merged = len(kept) < len(made.cells)
    made = replace(made, cells=kept)
    if made.harness != harness:
        what = f"the plan {made.matrix} was made by version {made.harness} of this program"
        raise UsageError(f"{what}, this is {harness}", hint=OTHER)
    for commit in {c.ref: c for x in made.cells for c in x.pair.commits}.values():
        if site.commit(_meant(commit)) != commit:
            what = f"the plan {made.matrix} says other things of {commit.ref} than this repository"
            raise UsageError(what, hint=OTHER)
    known = {(b.side, b.commit.identity, b.channel): b.expected for b in made.builds}
    builds = _Builds(
        site, lambda side, commit, channel: known.get((side, commit.identity, channel))
    )
    rows = tuple(replace(cell, **builds.of(cell.pair)) for cell in made.cells)
    mine = replace(made, builds=builds.made, cells=rows)
    digest = _digest(mine, data)
    others = [build.id for build in mine.builds if there.get(build.id) != build.key]
    if others or (digest != made.digest and not merged):
        what = f"{', '.join(others[:3])} would be built" if others else "it would be run or judged"
        raise UsageError(f"the plan {made.matrix} is of other data: {what} otherwise", hint=OTHER)
    return replace(mine, digest=digest)


def _meant(commit: Commit) -> ResolvedRef:
    return ResolvedRef(commit.asked, commit.ref, commit.sha, image=commit.image)


def part(made: Plan, tests: Mapping[str, tuple[str, ...]], *, data: str) -> Plan:
    """Return a plan of some cells of another, by their ids, with the tests that each is to run.

    A cell without tests runs what it was planned to. `data` is as in Frame.
    """
    cells = tuple(
        replace(cell, tests=tests[cell.id] or cell.tests) for cell in made.cells if cell.id in tests
    )
    needed = {name for cell in cells for name in cell.needs}
    builds = tuple(build for build in made.builds if build.id in needed)
    mine = replace(made, cells=cells, builds=builds)
    return replace(mine, digest=_digest(mine, data))


def _framed(
    frame: Frame, site: Site, builds: _Builds, cells: tuple[PlannedCell, ...], *, pair: bool = False
) -> Plan:
    made = Plan(
        schema=MATRIX_SCHEMA_VERSION,
        matrix=frame.matrix,
        digest="",
        harness=frame.harness,
        created=frame.created,
        repository=frame.repository,
        offline=site.offline,
        reruns=frame.reruns,
        most_reruns=frame.most_reruns,
        tests=frame.tests,
        pair=pair,
        builds=builds.made,
        cells=cells,
    )
    return replace(made, digest=_digest(made, frame.data))


class _Builds:
    """Builds by their keys: each once, whoever needs it."""

    def __init__(
        self, site: Site, expected: Callable[[Side, Commit, Channel], float | None]
    ) -> None:
        self._site = site
        self._expected = expected
        self._names: dict[tuple[Side, str, Channel], str] = {}
        self._made: dict[str, PlannedBuild] = {}

    @property
    def made(self) -> tuple[PlannedBuild, ...]:
        """Every build, in the order in which they were first needed."""
        return tuple(self._made.values())

    def of(self, pair: Pair) -> _Needs:
        """Plan what a pair needs, unless it is planned already, and return the ids."""
        return {
            "suite": self._name(Side.SUITE, pair.built_daemon),
            "tested": self._name(Side.SUITE, pair.tested) if pair.tests else "",
            "client": self._name(Side.SUITE, pair.buildctl) if pair.buildctl else "",
            "control": self._name(Side.FRONTEND, pair.control_frontend),
            "candidate": self._name(Side.FRONTEND, pair.candidate),
        }

    def _name(self, side: Side, source: Source) -> str:
        asked = side, source.commit.identity, source.channel
        if asked not in self._names:
            self._names[asked] = self._add(side, source.commit, source.channel)
        return self._names[asked]

    def _add(self, side: Side, commit: Commit, channel: Channel) -> str:
        found = self._site.find(side, commit, channel)
        if found.key not in self._made:
            words = [side, commit.ref] if side is Side.SUITE else [side, commit.ref, channel]
            if commit.image and commit.image.platform != USUAL:
                words.append(commit.image.platform)  # one name has an image for each
            self._made[found.key] = PlannedBuild(
                id=" ".join(words),
                side=side,
                commit=commit,
                channel=channel,
                key=found.key,
                cached=found.cached,
                expected=self._expected(side, commit, channel),
            )
        return self._made[found.key].id


def _test_timeout(frame: Frame, where: Row | Include) -> float | None:
    """Take what was asked for, else what the matrix says."""
    if frame.test_timeout is not None:
        return frame.test_timeout
    return None if where.test_timeout is None else float(where.test_timeout)


def _id(pair: Pair, taken: set[str]) -> str:
    """Name a cell by its refs; a digest parts names that are long or would be the same."""
    name = id_of(pair)
    if len(name) > MAX_ID or name in taken:
        words = words_of(pair)
        name = f"{name[: MAX_ID - 9]}_{key_of({'names': words})[:8]}"
    taken.add(name)
    return name


def _digest(made: Plan, data: str) -> str:
    """Digest what is run, so that shards of one plan know each other."""
    keys = {build.id: build.key for build in made.builds}
    return key_of(
        {
            "schema": made.schema,
            "harness": made.harness,
            "data": data,
            "offline": made.offline,
            "reruns": made.reruns,
            "most_reruns": made.most_reruns,
            "tests": made.tests,
            "cells": [
                (
                    *(cell.id, cell.pair.worker, cell.pair.backend, cell.tests),
                    *(cell.timeout, cell.test_timeout),
                    *(keys[cell.suite], keys[cell.control], keys[cell.candidate]),
                    *(keys[name] for name in (cell.tested, cell.client) if name),
                    *cell.pair.axes,
                )
                for cell in made.cells
            ],
        }
    )


def _names(name: str, pair: Pair) -> tuple[str, str, str]:
    """Return what globs over cells may name: the id, the suite, the frontend."""
    return name, pair.suite.ref, pair.frontend.ref


def _any(names: Iterable[str], globs: Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, glob) for name in names for glob in globs)
