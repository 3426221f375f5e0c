"""Opens a matrix: its file, the repository and a backend become a plan, and cells of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from msgspec.structs import replace

import harness
from harness.backends.base import Backend, Found
from harness.backends.docker.container import Privileges
from harness.config.datadir import Data
from harness.config.lines import Lines
from harness.config.matrixfile import Matrix, load_matrix
from harness.config.yamlfile import Place as FilePlace
from harness.events import Listener, Said
from harness.matrices import Plan, PlannedCell
from harness.model import Channel, Commit, Side
from harness.plan.planning import Expected, Frame, Selection, plan
from harness.plan.selectors import explicit
from harness.refs import Meant, Repository, UnknownRefError
from harness.runner.cell import Cell
from harness.runner.choose import BACKENDS, Place, choose
from harness.runner.workspace import Wanted, Workspace
from harness.store import Store, key_of
from harness.tools.clock import now
from harness.tools.process import redact


@dataclass(frozen=True)
class MatrixAsk:
    """What a user asks for."""

    file: Path
    repository: str
    selection: Selection
    fetch: bool = False
    backend: str = "auto"
    stage: str | None = None
    """`upstream` or `generic`, over what the lines' data say; None for that."""
    privileges: Privileges = Privileges.AUTO
    offline: bool = False
    reruns: int = 2


@dataclass(frozen=True)
class Opened:
    """A matrix that was planned, and what its cells are made from."""

    matrix: Matrix
    plan: Plan
    workspace: Workspace
    backend: Backend
    stage: str | None

    def cell(self, planned: PlannedCell) -> Cell:
        """Choose line data, patches and entries for a planned cell. Raises ConfigError."""
        pair = planned.pair
        wanted = Wanted(
            suite=pair.suite,
            frontend=pair.frontend,
            channel=pair.frontend_channel,
            worker=pair.worker,
            stage=self.stage,
            offline=self.plan.offline,
        )
        return self.workspace.cell(wanted, self.backend)


def open_matrix(
    ask: MatrixAsk, data: Data, store: Store, expected: Expected, listener: Listener
) -> Opened:
    """Read a matrix, find its commits and plan it.

    A backend that is named need not be able to run here: a plan is made for other machines too.
    Raises ConfigError and UsageError for what the user can mend, MissingToolError if no backend
    can run and none is named, GitFailed if the repository cannot be reached.
    """
    matrix = load_matrix(ask.file)
    workspace = _workspace(ask, matrix, data, store, listener)
    place = Place(store, workspace.repository, workspace.lines, ask.privileges)
    named = BACKENDS.get(ask.backend)
    backend = named(place) if named else choose(ask.backend, place, listener)
    frame = Frame(
        matrix=ask.file.stem,
        harness=harness.__version__,
        created=now(),
        repository=redact(ask.repository),
        reruns=ask.reruns,
        data=_data(workspace),
    )
    made = plan(
        matrix,
        ask.selection,
        frame,
        _Site(workspace, backend, ask),
        expected,
        lambda text: listener(Said(text)),
    )
    return Opened(matrix, made, workspace, backend, ask.stage)


def _workspace(
    ask: MatrixAsk, matrix: Matrix, data: Data, store: Store, listener: Listener
) -> Workspace:
    """Open the repository; what the matrix names is fetched if it is not there."""
    names = explicit(matrix)
    if ask.selection.candidate is not None:
        names.append((ask.selection.candidate, Side.FRONTEND))
    where = ask.repository
    try:
        opened, _ = Workspace.open(data, store, where, names, fetch=ask.fetch, listener=listener)
    except UnknownRefError:
        # Planning finds it too, and knows where it is written.
        opened, _ = Workspace.open(data, store, where, [], fetch=False, listener=listener)
    return opened


def _data(workspace: Workspace) -> str:
    """Digest the data that decide over results and are no part of a build."""
    nowhere = FilePlace("", 0, 0)
    recipes = workspace.data.images_file
    return key_of(
        {
            "entries": [repr(replace(entry, place=nowhere)) for entry in workspace.entries],
            "image sets": workspace.lines.image_sets,
            "recipes": recipes.read_bytes() if recipes.is_file() else b"",
        }
    )


@dataclass(frozen=True)
class _Site:
    """Answers planning's questions."""

    workspace: Workspace
    made_for: Backend
    ask: MatrixAsk

    @property
    def repository(self) -> Repository:
        return self.workspace.repository

    @property
    def lines(self) -> Lines:
        return self.workspace.lines

    @property
    def backend(self) -> str:
        return self.made_for.name

    @property
    def offline(self) -> bool:
        return self.ask.offline

    def commit(self, meant: Meant) -> Commit:
        return self.workspace.commit(meant)

    def check(self, suite: Commit, worker: str) -> None:
        self.workspace.check(suite, worker)

    def channel(self, commit: Commit, wanted: Channel | None) -> Channel:
        return self.workspace.channel(commit, wanted)

    def contains(self, newer: str, older: str) -> bool:
        return self.workspace.contains(newer, older)

    def find(self, side: Side, commit: Commit, channel: Channel) -> Found:
        # A suite is built for the channel that its commit has, as Workspace.cell does.
        request = self.workspace.request(side, commit, channel, self.ask.stage, self.made_for)
        return self.made_for.find(side, request)
