"""From cells to a plan: what is built once for them, what it will take, and what it is called."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from harness.config.matrixfile import Matrix
from harness.config.yamlfile import Problems
from harness.errors import UsageError
from harness.matrices import MATRIX_SCHEMA_VERSION, Plan, PlannedBuild, PlannedCell, id_of
from harness.model import Channel, Commit, Pair, Side
from harness.plan import cells
from harness.plan.cells import Say, Wanted, wanted_cells
from harness.plan.selectors import Selectors, wants_candidate
from harness.store import key_of

MAX_ID = 120
"""Characters; an id names folders and pages."""


class Found(Protocol):
    """What is known of an artefact before it is built."""

    @property
    def key(self) -> str:
        """Digest of everything that goes into it."""

    @property
    def cached(self) -> bool:
        """Whether it is there already."""


class Site(cells.Site, Protocol):
    """What planning asks of a repository, its data files and a backend."""

    def find(self, side: Side, commit: Commit, channel: Channel) -> Found:
        """Tell what building one side of a commit would make."""


class Expected(Protocol):
    """What history expects, in seconds; None of what it does not know."""

    def cell(self, pair: Pair) -> float | None:
        """Tell how long a cell runs, builds aside."""

    def build(self, side: Side, commit: Commit, channel: Channel) -> float | None:
        """Tell how long a build takes."""


class NoHistory:
    """Expects nothing."""

    def cell(self, pair: Pair) -> float | None:  # noqa: ARG002 - the protocol's
        """Know nothing."""
        return None

    def build(self, side: Side, commit: Commit, channel: Channel) -> float | None:  # noqa: ARG002 - the protocol's
        """Know nothing."""
        return None


@dataclass(frozen=True)
class Selection:
    """What of a matrix is planned."""

    only: tuple[str, ...] = ()
    """Globs over ids, suites and frontends; empty for all."""
    exclude: tuple[str, ...] = ()
    candidate: str | None = None

    def takes(self, cell: PlannedCell) -> bool:
        """Tell whether a cell is asked for."""
        names = (cell.id, cell.pair.suite.ref, cell.pair.frontend.ref)
        return (not self.only or _any(names, self.only)) and not _any(names, self.exclude)


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
    selectors = Selectors(site.repository, site.lines, selection.candidate, Problems())
    wanted = wanted_cells(matrix, selectors, site, say)
    builds = _Builds(site, expected)
    taken: dict[str, Wanted] = {}
    planned = [_cell(one, _id(one, taken), builds, expected) for one in wanted]
    planned = [cell for cell in planned if selection.takes(cell)]
    if not planned:
        raise UsageError(
            f"{frame.matrix}: nothing is left of {len(wanted)} cells",
            hint="see --only and --exclude; compat plan lists the ids",
        )
    used = {name for cell in planned for name in (cell.suite, cell.control, cell.candidate)}
    made = tuple(build for build in builds.made.values() if build.id in used)
    return Plan(
        schema=MATRIX_SCHEMA_VERSION,
        matrix=frame.matrix,
        digest=_digest(frame, site, made, planned),
        harness=frame.harness,
        created=frame.created,
        repository=frame.repository,
        offline=site.offline,
        reruns=frame.reruns,
        builds=made,
        cells=tuple(planned),
    )


class _Builds:
    """Builds by their keys: each once, whoever needs it."""

    def __init__(self, site: Site, expected: Expected) -> None:
        self._site = site
        self._expected = expected
        self._names: dict[tuple[Side, str, Channel], str] = {}
        self.made: dict[str, PlannedBuild] = {}

    def name(self, side: Side, commit: Commit, channel: Channel) -> str:
        """Plan a build, unless it is planned already, and give its id."""
        asked = side, commit.sha, channel
        if asked not in self._names:
            self._names[asked] = self._add(side, commit, channel)
        return self._names[asked]

    def _add(self, side: Side, commit: Commit, channel: Channel) -> str:
        found = self._site.find(side, commit, channel)
        if found.key not in self.made:
            words = (side, commit.ref) if side is Side.SUITE else (side, commit.ref, channel)
            self.made[found.key] = PlannedBuild(
                id=" ".join(words),
                side=side,
                commit=commit,
                channel=channel,
                key=found.key,
                cached=found.cached,
                expected=self._expected.build(side, commit, channel),
            )
        return self.made[found.key].id


def _cell(wanted: Wanted, name: str, builds: _Builds, expected: Expected) -> PlannedCell:
    pair = wanted.pair
    return PlannedCell(
        id=name,
        pair=pair,
        suite=builds.name(Side.SUITE, pair.suite, pair.suite_channel),
        control=builds.name(Side.FRONTEND, pair.suite, pair.suite_channel),
        candidate=builds.name(Side.FRONTEND, pair.frontend, pair.frontend_channel),
        timeout=float(wanted.where.timeout),
        memory=int(wanted.where.memory),
        expected=expected.cell(pair),
    )


def _id(cell: Wanted, taken: dict[str, Wanted]) -> str:
    """Name a cell by its refs; a digest parts names that are long or would be the same."""
    pair = cell.pair
    name = id_of(pair)
    if len(name) > MAX_ID or name in taken:
        words = (pair.suite.ref, pair.frontend.ref, pair.frontend_channel, pair.worker)
        name = f"{name[: MAX_ID - 9]}_{key_of({'names': words})[:8]}"
    taken[name] = cell
    return name


def _digest(
    frame: Frame, site: Site, builds: Sequence[PlannedBuild], planned: Sequence[PlannedCell]
) -> str:
    """Digest what is run, so that shards of one plan know each other."""
    keys = {build.id: build.key for build in builds}
    return key_of(
        {
            "schema": MATRIX_SCHEMA_VERSION,
            "harness": frame.harness,
            "data": frame.data,
            "offline": site.offline,
            "reruns": frame.reruns,
            "cells": [
                (
                    *(cell.id, cell.pair.worker, cell.pair.backend, cell.timeout),
                    *(keys[cell.suite], keys[cell.control], keys[cell.candidate]),
                )
                for cell in planned
            ],
        }
    )


def _any(names: Sequence[str], globs: Sequence[str]) -> bool:
    return any(fnmatch.fnmatchcase(name, glob) for name in names for glob in globs)
