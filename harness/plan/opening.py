"""Opens a matrix: its file or a stored plan, the repository and a backend become cells to run."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from msgspec.structs import replace

import harness
from harness.backends import BACKENDS
from harness.backends.base import Backend, Place
from harness.backends.choose import AUTO, choose, make
from harness.config.datadir import Data
from harness.config.floors import NO_FLOORS
from harness.config.known import Known
from harness.config.lines import load_lines
from harness.config.matrixfile import Matrix, load_matrix
from harness.config.yamlfile import Place as FilePlace
from harness.errors import UsageError
from harness.events import Listener, Said
from harness.gotest.selection import check
from harness.history.expected import Expected
from harness.model import Commit, Pair, Side, Source, Vary
from harness.model.matrix import Plan, PlannedCell
from harness.model.pairs import ADOPTED
from harness.plan.asks import Ask, MatrixAsk, PairAsk, Where
from harness.plan.axes import Axes
from harness.plan.cell import Cell, Control, Settings, controls
from harness.plan.foreign import here
from harness.plan.planning import OTHER, Frame, again, part, plan, plan_pair
from harness.plan.published import is_published
from harness.plan.selectors import explicit
from harness.plan.site import WorkspaceSite
from harness.plan.workspace import Workspace
from harness.repository.refs import ResolvedRef, UnknownRefError
from harness.scenarios.suite import key_of_folder
from harness.store import Store, key_of
from harness.tools.clock import now
from harness.tools.redaction import redact

ENGINE = "docker"
"""What is written for a daemon where the engine is to build."""

NATIVE = "native"
"""The backend whose legs can reach an engine of this machine."""

PAIR = "run"
"""What a plan of one pair has for the name of a matrix."""


@dataclass(frozen=True)
class Opened:
    """A plan, and what its cells are made from."""

    plan: Plan
    workspace: Workspace
    backend: Backend
    stage: str | None

    @property
    def functions(self) -> frozenset[str]:
        """The test functions that the suites of the plan have."""
        pairs = [cell.pair for cell in self.plan.cells]
        suites = {(pair.tested.commit.sha, pair.scenarios): pair for pair in pairs}
        return frozenset().union(*map(self.workspace.functions_of, suites.values()))

    def controls(self, settings: Settings) -> dict[str, Control]:
        """Return the controls that cells may share, by the cells' ids. Raises ConfigError."""
        # The images of a mirror are the suite's, so two cells that differ in them differ anyway.
        return controls(self.plan, self._unseeded, settings)

    @property
    def left_out(self) -> frozenset[str]:
        """The ids of the cells for which something is lacking here. Raises ConfigError."""
        return frozenset(name for name, it in self._unseeded.items() if it.lacks or it.limited)

    @cached_property
    def _unseeded(self) -> dict[str, Cell]:
        return {it.id: self.cell(it, seed=False) for it in self.plan.cells}

    def cell(self, planned: PlannedCell, *, seed: bool = True) -> Cell:
        """Choose line data, patches and entries for a planned cell. Raises ConfigError.

        Without `seed` the images of its mirror are not made, and it cannot be run.
        """
        return self.workspace.cell(
            planned.pair,
            self.backend,
            stage=self.stage,
            offline=self.plan.offline,
            seed=seed,
        )

    def part(self, tests: Mapping[str, tuple[str, ...]]) -> Opened:
        """Return some cells of the plan, by their ids, with the tests that each is to run."""
        mine = part(self.plan, tests, data=_data(self.workspace))
        return dataclasses.replace(self, plan=mine)

    def raw(self) -> Opened:
        """Return the plan without skip lists and floors: all is run, and every verdict is raw."""
        workspace = dataclasses.replace(self.workspace, entries=(), floors=NO_FLOORS)
        return dataclasses.replace(self, workspace=workspace)

    def pair(self, ask: PairAsk, expected: Expected, listener: Listener) -> Opened:
        """Plan a pair with the same data, repository and backend. Raises UsageError."""
        meant = [self.workspace.resolve(*one, ask.platform) for one in ask.names.values()]
        return _open_pair(ask, self.workspace, self.backend, meant, expected, listener)


def open_matrix(
    ask: MatrixAsk, data: Data, store: Store, expected: Expected, listener: Listener
) -> Opened:
    """Read a matrix, find its commits and plan it.

    Raises ConfigError and UsageError for what the user can mend, MissingToolError if no backend
    can run, GitFailed if the repository cannot be reached.
    """
    matrix = load_matrix(ask.file, Known.of(load_lines(data.lines_file), BACKENDS))
    workspace = _workspace(ask, matrix, data, store, listener)
    if not ask.lists:
        workspace = dataclasses.replace(workspace, entries=(), floors=NO_FLOORS)
    backend = _backend(ask.where, workspace, listener)
    site = WorkspaceSite(workspace, backend, ask.where.stage, ask.offline)
    frame = _frame(ask.file.stem, ask, workspace)
    made = plan(matrix, ask.selection, frame, site, expected, lambda text: listener(Said(text)))
    return Opened(made, workspace, backend, ask.where.stage)


def open_pair(
    ask: PairAsk, data: Data, store: Store, expected: Expected, listener: Listener
) -> Opened:
    """Find the commits of a pair and plan it: everything is checked before anything is built.

    Raises what `open_matrix` raises.
    """
    ask = _with_engine(ask, data)
    names = [*ask.names.values()]
    workspace, meant = Workspace.open(data, store, ask.where, names, listener, ask.platform)
    return _open_pair(ask, workspace, None, meant, expected, listener)


def _with_engine(ask: PairAsk, data: Data) -> PairAsk:
    """Return what is asked with the commit of the engine's BuildKit, if an engine is to build.

    Raises UsageError for other tests than scenarios and another backend than native, and what
    `answering` raises.
    """
    if ask.daemon != ENGINE:
        return ask
    if not ask.scenarios or ask.vary is not Vary.DAEMON or ask.where.backend not in {AUTO, NATIVE}:
        raise UsageError(
            "a container engine runs scenarios alone, and from this machine",
            hint=f"compat scenarios {ENGINE} {ask.frontend} --backend {NATIVE}",
        )
    from harness.plan.engines import answering  # noqa: PLC0415 - slow to load, and few need it

    found = answering(data)
    where = dataclasses.replace(ask.where, backend=NATIVE)
    return dataclasses.replace(ask, daemon=found.buildkit, engine=found.name, where=where)


def _open_pair(
    ask: PairAsk,
    workspace: Workspace,
    backend: Backend | None,
    meant: Sequence[ResolvedRef],
    expected: Expected,
    listener: Listener,
) -> Opened:
    """Plan a pair; without a `backend` one is chosen, once the daemon is known to have tests."""
    where = ask.where
    if not ask.lists:
        workspace = dataclasses.replace(workspace, entries=(), floors=NO_FLOORS)
    found = dict(zip(ask.names, map(workspace.commit, meant), strict=True))
    if ask.engine:
        found["daemon"] = replace(found["daemon"], asked=ENGINE, ref=ask.engine)
    for role, commit in found.items():
        listener(Said(f"{role}: {commit}"))
    workspace.check(found["daemon"], ask.worker, found.get("tests"))
    backend = backend or _backend(where, workspace, listener)
    site = WorkspaceSite(workspace, backend, where.stage, ask.offline)
    pair = _pair(ask, workspace, found, backend=backend.name)
    frontend = pair.frontend
    if pair.baseline and pair.baseline.commit.identity == frontend.identity:
        itself = f"{frontend.ref} is held against itself: nothing but what is flaky can differ"
        listener(Said(itself))
    where_of = "the scenarios" if pair.scenarios else pair.tested.commit.ref
    check(ask.tests, workspace.functions_of(pair), where_of)
    frame = _frame(PAIR, ask, workspace)
    return Opened(
        plan_pair(pair, ask.timeout, frame, site, expected), workspace, backend, where.stage
    )


def adopted_pair(ask: PairAsk, workspace: Workspace, meant: Sequence[ResolvedRef]) -> Pair:
    """Describe a pair whose legs were run elsewhere; `meant` is what the names of `ask` mean.

    Raises UsageError if its tests could not have been run on this worker, or `ask` names tests that
    they do not have.
    """
    found = dict(zip(ask.names, map(workspace.commit, meant), strict=True))
    workspace.check(found["daemon"], ask.worker, found.get("tests"))
    pair = _pair(ask, workspace, found, backend=ADOPTED)
    check(ask.tests, workspace.functions_of(pair), pair.tested.commit.ref)
    return pair


def _pair(ask: PairAsk, workspace: Workspace, found: Mapping[str, Commit], *, backend: str) -> Pair:
    """Return the pair of these commits. Raises UsageError for channels that they lack."""
    suite, frontend = found["daemon"], found["frontend"]
    pair = Pair(
        suite=suite,
        frontend=frontend,
        suite_channel=workspace.channel(suite, None),
        frontend_channel=workspace.channel(frontend, ask.channel),
        worker=ask.worker,
        backend=backend,
        engine=ask.engine,
        platform=ask.platform or here(),
    )

    def source(role: str) -> Source | None:
        commit = found.get(role)
        return Source(commit=commit, channel=workspace.channel(commit, None)) if commit else None

    tests = source("tests")
    if ask.scenarios and ask.vary is Vary.DAEMON:
        tests = Source(commit=frontend.built, channel=workspace.channel(frontend.built, None))
    client = ask.client, source("client")
    return Axes(tests, ask.vary, source("baseline"), *client, ask.scenarios).of(pair)


def open_plan(
    made: Plan,
    where: Where,
    data: Data,
    store: Store,
    listener: Listener,
    *,
    without_adopted: bool = False,
) -> Opened:
    """Take a plan that was made elsewhere, with what is cached here.

    Its commits are taken as they are, whatever its branches point at by now. Raises UsageError
    if another harness, other data or another backend would build or run something else, for
    adopted cells unless it is to be opened `without_adopted`, and what `open_matrix` raises.
    """
    backend_of = _for_plan(where, made, without_adopted=without_adopted)
    names = [(build.commit.sha, Side.SUITE) for build in made.builds]
    workspace, _ = Workspace.open(data, store, where, names, listener)
    workspace.check_unmoved(made)
    backend = _backend(backend_of, workspace, listener)
    site = WorkspaceSite(workspace, backend, where.stage, made.offline)
    site.look_ahead({sha for sha, _ in names})
    mine = again(made, site, harness=harness.__version__, data=_data(workspace))
    return Opened(mine, workspace, backend, where.stage)


def _frame(name: str, ask: Ask, workspace: Workspace) -> Frame:
    return Frame(
        matrix=name,
        harness=harness.__version__,
        created=now(),
        repository=redact(ask.where.repository),
        reruns=ask.reruns,
        most_reruns=ask.most_reruns,
        tests=ask.tests,
        test_timeout=ask.test_timeout,
        data=_data(workspace),
    )


def _for_plan(where: Where, made: Plan, *, without_adopted: bool) -> Where:
    """Take the backend that a plan was made for. Raises UsageError if another is asked for."""
    planned = {cell.pair.backend for cell in made.cells}
    if ADOPTED in planned and not (without_adopted and len(planned) > 1):
        elsewhere = next(cell.id for cell in made.cells if cell.pair.adopted)
        what = f"{elsewhere} was run elsewhere, by others: nothing of {made.matrix} is run again"
        raise UsageError(what, hint="name a run without it, or plan the others anew")
    planned.discard(ADOPTED)
    if len(planned) != 1:
        raise UsageError(f"the plan {made.matrix} is for {len(planned)} backends", hint=OTHER)
    (name,) = planned
    if where.backend not in {AUTO, name}:
        hint = f"leave --backend {where.backend} out, or plan again"
        raise UsageError(f"the plan {made.matrix} is for the {name} backend", hint=hint)
    return dataclasses.replace(where, backend=name)


def _backend(where: Where, workspace: Workspace, listener: Listener) -> Backend:
    git = workspace.repository.git
    place = Place(workspace.store, git, workspace.lines, where.privileges, where.cache_repo)
    if where.backend == AUTO or where.runs:
        return choose(where.backend, place, listener)
    return make(where.backend, place)


def _workspace(
    ask: MatrixAsk, matrix: Matrix, data: Data, store: Store, listener: Listener
) -> Workspace:
    """Open the repository; what the matrix names is fetched if it is not there."""
    names = explicit(matrix)
    if ask.selection.candidate is not None:
        names.append((ask.selection.candidate, Side.FRONTEND))
    if ask.selection.branch is not None:
        names.append((ask.selection.branch, Side.SUITE))
    # Images are found while it is planned, for the platform of each cell.
    names = [it for it in names if not is_published(it[0])]
    try:
        return Workspace.open(data, store, ask.where, names, listener)[0]
    except UnknownRefError:
        # Planning finds it too, and knows where it is written.
        where = dataclasses.replace(ask.where, fetch=False)
        return Workspace.open(data, store, where, [], listener)[0]


def _data(workspace: Workspace) -> str:
    """Digest the data that decide over results and are no part of a build."""
    nowhere = FilePlace("", 0, 0)
    recipes = workspace.data.images_file
    return key_of(
        {
            "entries": [repr(replace(entry, place=nowhere)) for entry in workspace.entries],
            "floors": [repr(replace(floor, place=nowhere)) for floor in workspace.floors.rows],
            "image sets": workspace.lines.image_sets,
            "recipes": recipes.read_bytes() if recipes.is_file() else b"",
            "scenarios": key_of_folder(workspace.data.scenarios),
        }
    )
