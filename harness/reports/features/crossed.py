"""Which client with which daemon: a table for all features that come out alike. Pure.

Where runs had several clients, a column for each client of each daemon is more than can be read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

from harness.reports.features.document import Board, Daemon, Feature, Mark
from harness.reports.features.words import told
from harness.reports.layout import daemon_age
from harness.reports.text import visible
from harness.verdict.answers import Answer

_CLIENT = "client "
_OWN = re.compile(r"[0-9a-f]{8}[0-9a-f-]*|[A-Za-z0-9+/=]{40,}|\d+")
"""Digests, numbers and the like, in which what is said of the same may differ."""

Cell = tuple[str, str]
"""Client and daemon, by their releases."""


@dataclass(frozen=True)
class Group:
    """Features of which each does the same with the same client and daemon."""

    features: tuple[Feature, ...]
    marks: Mapping[Cell, Mark]

    @property
    def works(self) -> bool:
        """Whether they work everywhere."""
        return all(it.answer is Answer.WORKS for it in self.marks.values())


@dataclass(frozen=True)
class Crossed:
    """The tables of one frontend."""

    clients: tuple[str, ...]
    daemons: tuple[str, ...]
    """From old to new, both."""
    cells: Mapping[Cell, int]
    """What was run, with its place in the board."""
    groups: tuple[Group, ...]
    """First what works everywhere; then by name."""

    def notes(self, group: Group) -> Iterator[tuple[str, str]]:
        """Yield what features of a group do where they do not work, with which and where it is.

        What all of them do alike is said once; so is what differs in digests and numbers alone.
        """
        said: dict[str, tuple[str, list[tuple[str, str]]]] = {}
        for feature in group.features:
            for words, where in self._of(feature):
                key = _OWN.sub("", words)
                said.setdefault(key, (words, []))[1].append((feature.feature, where))
        for words, found in said.values():
            places: dict[str, list[str]] = {}
            for feature_name, where in found:
                places.setdefault(where, []).append(feature_name)
            for where, names in places.items():
                named = "" if len(names) == len(group.features) else _listed(names)
                yield ", ".join(filter(None, (named, where))), words

    def _of(self, feature: Feature) -> Iterator[tuple[str, str]]:
        """Yield what one feature does where it does not work, and where if not always there."""
        found: dict[str, tuple[str, list[Cell]]] = {}
        failing = set()
        for it in feature.tried:
            for cell, place in self.cells.items():
                if it.seen[place].answer is not Answer.WORKS:
                    words = told(it.seen[place])
                    found.setdefault(_OWN.sub("", words), (words, []))[1].append(cell)
                    failing.add(cell)
        for words, cells in found.values():
            yield words, "" if set(cells) == failing else self.where(cells)

    def where(self, cells: Iterable[Cell]) -> str:
        """Name cells in few words: whole rows and columns as such."""
        wanted = set(cells)
        if wanted == self.cells.keys():
            return "everywhere"
        rest, words = set(wanted), []
        for which, names, kind in ((0, self.clients, "client"), (1, self.daemons, "daemon")):
            for name in names:
                line = {it for it in self.cells if it[which] == name}
                if line & rest and line <= wanted:
                    words.append(f"{kind} {name}")
                    rest -= line
        alike: dict[tuple[str, ...], list[str]] = {}
        for daemon in self.daemons:
            clients = tuple(it for it in self.clients if (it, daemon) in rest)
            alike.setdefault(clients, []).append(daemon)
        words += [f"{_listed(it)} on {_listed(on)}" for it, on in alike.items() if it]
        return "; ".join(words)


def crossed(board: Board) -> Crossed | None:
    """Return clients by daemons; None if fewer than two clients are other than the daemon's.

    A daemon without another's client is left out: of the control, only its own is known.
    """
    clients = {it.client for it in board.daemons if it.client.startswith(_CLIENT)}
    if len(clients) < 2:  # noqa: PLR2004 - one is a column beside the others
        return None
    first = next(it for it in board.daemons if it.client in clients)
    alike = [
        (place, it)
        for place, it in enumerate(board.daemons)
        if (it.worker, it.backend) == (first.worker, first.backend)
        and (not it.client or it.client in clients)
    ]
    tried = {it.commit.sha for _, it in alike if it.client}
    names = {it.removeprefix(_CLIENT) for it in clients}
    known = [(_client(it), it, place) for place, it in alike if it.commit.sha in tried]
    ages = {visible(it.commit.ref): daemon_age(it.commit) for _, it, _ in known}
    rows = sorted(names, key=lambda it: (it in ages, ages.get(it), it))
    columns = sorted(ages, key=lambda it: ages[it])
    places = {
        (client, visible(it.commit.ref)): place for client, it, place in known if client in names
    }
    cells = {it: places[it] for it in product(rows, columns) if it in places}
    return Crossed(tuple(rows), tuple(columns), cells, tuple(_groups(board, cells)))


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _client(daemon: Daemon) -> str:
    return daemon.client.removeprefix(_CLIENT) or visible(daemon.commit.ref)


def _groups(board: Board, cells: Mapping[Cell, int]) -> Iterator[Group]:
    grouped: dict[tuple[Mark, ...], list[Feature]] = {}
    for feature in board.features:
        grouped.setdefault(tuple(feature.marks[at] for at in cells.values()), []).append(feature)
    made = [Group(tuple(it), dict(zip(cells, key, strict=True))) for key, it in grouped.items()]
    yield from sorted(made, key=lambda it: not it.works)
