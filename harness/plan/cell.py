"""What the runner is asked to do: a pair, how to run it, and what of it decides its control."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from harness.backends.base import Artefact, BuildRequest
from harness.config.floors import NO_FLOORS, Floors
from harness.config.lines import Worker
from harness.config.oracle import SILENT, Oracle
from harness.config.skiplists import Entry
from harness.gotest import selection
from harness.model import Client, Leg, Pair, PatchRef, Scenarios, Side, Status, Vary
from harness.model.matrix import Plan, PlannedCell
from harness.tools import machine
from harness.verdict.evidence import MOST

RERUNS = 2
"""Further attempts, on both sides, for tests with an unexpected verdict."""


@dataclass(frozen=True)
class Settings:
    """How a pair is run; the same for both legs."""

    tests: tuple[str, ...] = ()
    """Globs over test functions; empty for the whole suite."""
    parallel: int = 0
    """Tests at once in a leg; 0 lets `default_parallel` choose."""
    timeout: float = 1800.0
    """Seconds for a leg."""
    test_timeout: float | None = None
    """Seconds that any test may be at work; None lets the history decide, test by test."""
    reruns: int = RERUNS
    most_reruns: int = MOST
    """Further attempts, in all, for tests that fail now and then with the candidate alone."""
    patience: float = 5.0
    """Seconds before the first attempt that follows a failure of the machine; then twice that."""
    offline: bool = False
    control: bool = True
    fresh_control: bool = False
    """Run the control even if one with the same inputs is stored."""


AS_ROOT = Worker()


@dataclass(frozen=True)
class Cell:
    """A pair with everything that decides its run."""

    pair: Pair
    suite: BuildRequest
    """The daemon."""
    tests: BuildRequest
    """The tests; mostly of the same commit."""
    control: BuildRequest
    """The control's frontend."""
    candidate: BuildRequest
    entries: tuple[Entry, ...]
    """Skip-list entries whose conditions hold for this pair."""
    mirror: Path | None
    """Seeded images for the tests' registry."""
    oracle: Oracle = SILENT
    """What daemons should not say."""
    functions: frozenset[str] = frozenset()
    """Test functions that the tests' sources have; empty if that is not known."""
    client: BuildRequest | None = None
    """Whose buildctl scenarios call, if it is of a third commit."""
    floors: Floors = NO_FLOORS
    """From which daemons on tests pass."""
    scenarios: Artefact | None = None
    """What is run in the place of the tests' own, if anything is."""
    catalogue: Scenarios | None = None
    """What these say of themselves."""
    worker: Worker = AS_ROOT
    """What the pair's worker takes to be there."""
    lacks: tuple[str, ...] = ()
    """What of that is not: then nothing of the cell is run."""
    limited: str = ""
    """What a registry withholds for a while of what the cell is made of: nothing of it is run."""

    @property
    def _others(self) -> list[BuildRequest]:
        """Suites that something is taken of beside the daemon."""
        return [it for it in (self.tests, self.client) if it and it != self.suite]

    @property
    def patches(self) -> tuple[PatchRef, ...]:
        """Return what is applied before anything is built."""
        sides: list[tuple[BuildRequest, Side, Leg | None]] = [
            (self.suite, Side.SUITE, None),
            *((it, Side.SUITE, None) for it in self._others),
            (self.control, Side.FRONTEND, Leg.CONTROL),
            (self.candidate, Side.FRONTEND, Leg.CANDIDATE),
        ]
        return tuple(
            PatchRef(side=side, leg=leg, path=patch.name, sha256=patch.sha256, reason=patch.reason)
            for request, side, leg in sides
            for patch in request.patches
        )


@dataclass(frozen=True)
class Built:
    """What the legs of a pair are run with."""

    suite: Artefact
    """The daemon."""
    tests: Artefact
    control: Artefact
    candidate: Artefact
    client: Artefact | None = None
    """Whose buildctl is called, if it is of a third commit."""

    def daemon(self, leg: Leg, vary: Vary) -> Artefact:
        """Return whose daemon a leg has."""
        return self.tests if leg is Leg.CONTROL and vary is Vary.DAEMON else self.suite

    def buildctl(self, leg: Leg, vary: Vary) -> Artefact | None:
        """Return whose client a leg calls, if it is of a third commit."""
        return None if leg is Leg.CONTROL and vary is Vary.DAEMON else self.client


@dataclass(frozen=True)
class Control:
    """Everything that a control run depends on, the machine aside.

    Cells for which it is equal share one run: the store of controls goes by it, the queue of a
    matrix, and the number that a plan names. The leg itself is made from it, so that nothing can
    decide over a control and be forgotten here.
    """

    suite: str
    """Key of the daemon's artefact; that of the tests decides the version of Go."""
    frontend: str
    """Key of the control's frontend."""
    worker: str
    select: str
    """For -test.run."""
    skip: tuple[str, ...]
    """Paths of the tests that are left out, each once and sorted."""
    parallel: int
    timeout: float
    """Seconds."""
    offline: bool
    mirror: str | None
    """Name of the seeded images' folder, which is their digest."""
    environment: tuple[tuple[str, str], ...]
    tests: str = ""
    """Key of the tests' artefact; empty if it is the daemon's."""
    client: str = ""
    """Whose buildctl is in PATH; empty for the daemon's."""

    @property
    def identity(self) -> dict[str, object]:
        """All of it but what is as usual: so controls of before there were axes stay valid."""
        usual = {name for name in ("tests", "client") if not getattr(self, name)}
        return {name: value for name, value in asdict(self).items() if name not in usual}


def control_of(
    cell: Cell, settings: Settings, *, suite: str, tests: str, frontend: str, buildctl: str = ""
) -> Control:
    """Return what decides over a cell's control, given the keys of what was built for it.

    Raises UsageError for a glob over tests that is none.
    """
    worker, pair = cell.pair.worker, cell.pair
    daemon = tests if pair.vary is Vary.DAEMON else suite
    tests = cell.scenarios.key if cell.scenarios else tests
    other = daemon != tests
    return Control(
        suite=daemon,
        tests=tests if other else "",
        client=_client(pair, buildctl, other=other),
        frontend=frontend,
        worker=worker,
        select=selection.select(settings.tests, worker=worker),
        skip=tuple(sorted(set(skip_paths(cell.entries, worker)))),
        parallel=settings.parallel or default_parallel(),
        timeout=settings.timeout,
        offline=settings.offline or pair.scenarios,
        mirror=cell.mirror.name if cell.mirror else None,
        environment=tuple(sorted(cell.tests.line.environment.items())),
    )


def _client(pair: Pair, buildctl: str, *, other: bool) -> str:
    """Return whose client a control calls: a third commit's has no say where the daemon varies."""
    if pair.vary is not Vary.DAEMON and buildctl:
        return buildctl
    return pair.client if other and pair.client is not Client.DAEMON else ""


def controls(plan: Plan, cells: Mapping[str, Cell], settings: Settings) -> dict[str, Control]:
    """Return the controls of a plan's cells by their ids; cells that have equal ones share a run.

    Empty if no cell shares its control, or none is run. Raises what `control_of` raises.
    """
    if settings.fresh_control or not settings.control:
        return {}
    keys = {build.id: build.key for build in plan.builds}
    return {
        it.id: control_of(
            cells[it.id],
            settings_of(it, settings),
            suite=keys[it.suite],
            tests=keys[it.tested or it.suite],
            frontend=keys[it.control],
            buildctl=keys[it.client] if it.client else "",
        )
        for it in plan.cells
        if it.id in cells
    }


def settings_of(planned: PlannedCell, settings: Settings) -> Settings:
    """Return the settings of all cells with what a planned cell says itself."""
    return replace(
        settings,
        timeout=planned.timeout,
        test_timeout=planned.test_timeout,
        tests=planned.tests or settings.tests,
    )


def skip_paths(entries: Iterable[Entry], worker: str) -> list[str]:
    """Return what -test.skip is made of: the tests that entries say are not to be run.

    That is, those that are not wanted, and those that lack what they need.
    """
    paths: list[str] = []
    for entry in entries:
        out = entry.status in {Status.SKIP, Status.UNAVAILABLE}
        skips = out and entry.on_worker(worker)
        for test in entry.test if skips else ():
            function, _, below = test.partition("/")
            paths += selection.paths_of_entry(
                function, worker=worker, params=entry.params, subtest=below
            )
    return paths


def default_parallel(cpus: int | None = None) -> int:
    """Choose how many tests a leg runs at once.

    Tests wait for their daemon now and then, so more run at once than there are processors;
    but two legs share those. The figures behind the factor are in docs/benchmarks.md.
    """
    return 2 * (cpus or machine.cpus())
