"""The backend with an engine: images built by its BuildKit, legs in labelled containers."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from functools import cached_property, partial
from pathlib import Path

from harness.backends.base import (
    Artefact,
    BuildRequest,
    Found,
    LegExit,
    LegRequest,
    Overdue,
    Place,
    Problem,
    Sink,
    never,
)
from harness.backends.docker.container import TMP, run_leg
from harness.backends.docker.images import (
    GO_FILE,
    HOME,
    INSTEAD_FILE,
    PAIR_FOLDER,
    ForeignTests,
    Images,
    go_minor,
)
from harness.backends.docker.recipe import Recipe
from harness.backends.docker.supply import How, Supply
from harness.backends.leg import BESIDE, CLIENT, OWN_CLIENT, environment, programs
from harness.backends.steps import go_directive
from harness.backends.taken import artefact, found
from harness.config.needs import Kind, Need
from harness.engine.builders import Builder, builder_for
from harness.engine.client import Engine
from harness.engine.connect import connect
from harness.errors import CompatError, UsageError
from harness.events import Listener, PhaseEnded, PhaseStarted, Warned
from harness.model import Commit, Published, Side
from harness.tools.clock import Stopwatch

_ROTTEN = (
    "{}: its own Dockerfile does not build any more, so it is from the generic one; "
    "--stage upstream shows why"
)

_START = "start an engine, or name one with DOCKER_HOST; --backend native needs none"


class Docker:
    """Builds images on an engine and runs legs in its containers."""

    name = "docker"

    def __init__(self, place: Place) -> None:
        """Build commits of a repository by the data of its lines; archives go into the store."""
        self._place = place
        self._store = place.store

    @cached_property
    def _engine(self) -> Engine:
        engine = connect()
        engine.sweep()
        return engine

    @cached_property
    def _builder(self) -> Builder:
        return builder_for(self._engine.product, self._engine.where)

    @cached_property
    def _images(self) -> Images:
        return Images(self._engine, self._builder, self._store, self._place.git)

    @cached_property
    def _supply(self) -> Supply:
        return Supply(self._engine, self._store, self._place.cache_repo)

    def problems(self) -> list[Problem]:
        """Return what is missing: an engine that answers, or else a program that builds on it."""
        try:
            _ = self._engine, self._builder
        except CompatError as error:
            return [Problem(str(error), error.hint or _START)]
        return []

    def describe(self) -> str:
        """Name engine and program, and what made them the ones."""
        where = self._engine.where
        engine = f"{self._engine.product} at {where.host} ({where.origin})"
        return f"{engine}; builds with {self._builder.name}: {self._builder.why}"

    def versions(self) -> dict[str, str]:
        """Return what the engine says of itself, and the program that builds."""
        told = {f"engine {name}": value for name, value in self._engine.describe().items()}
        return told | {"image builder": self._builder.name}

    def meets(self, need: Need) -> bool:
        """Return False for what no image of a suite has: a user for rootless daemons.

        All else is the engine's, or in the suite's image, which may not be there yet.
        """
        return need.kind is not Kind.USER_NAMESPACES

    def find(self, side: Side, request: BuildRequest) -> Found:
        """Return a build's key and whether it is here; a repository is not asked.

        Raises UsageError for a published image that is for another machine than the engine's.
        """
        key = self._recipe(request).key(side)
        if image := request.commit.image:
            _check_machine(request.commit, image, self._engine.product.architecture)
            if side is Side.FRONTEND:
                return found(self._store, image)
        kept = side is Side.FRONTEND and self._store.find("frontend-image", key) is not None
        return Found(key, kept or self._engine.has_image(_tag(side, key)))

    def build_suite(self, request: BuildRequest, listener: Listener) -> Artefact:
        """Build the image of a suite on the engine, or find it there."""
        if request.commit.image:
            return self._build_published(request, request.commit.image, listener)
        recipe = self._recipe(request)
        key = recipe.key(Side.SUITE)
        tag = _tag(Side.SUITE, key)

        def work() -> tuple[Path, How]:
            # What is known of an image outlives it: engines are cleaned, and there are several.
            how = self._supply.image(tag, partial(self._images.suite, recipe, tag), listener)

            def make(folder: Path) -> None:
                (folder / GO_FILE).write_bytes(self._read(tag, f"{HOME}/{GO_FILE}"))

            return self._store.publish("suite-image", key, make).path, how

        path, how = _phase(f"build suite {request.commit.ref}", listener, work)
        if recipe.auto and self._images.instead(tag):
            listener(Warned(_ROTTEN.format(f"suite {request.commit.ref}")))
        return Artefact(key, path, how is How.CACHED, go_minor((path / GO_FILE).read_text("utf-8")))

    def build_frontend(self, request: BuildRequest, listener: Listener) -> Artefact:
        """Build the image of a frontend and keep its archive, or find that.

        One that was published is there.
        """
        if request.commit.image:
            return artefact(self._store, request.commit, request.commit.image)
        recipe = self._recipe(request)
        key = recipe.key(Side.FRONTEND)
        tag = _tag(Side.FRONTEND, key)

        def work() -> tuple[Path, How]:
            how = How.CACHED

            def make(folder: Path) -> None:
                nonlocal how
                build = partial(self._images.frontend, recipe, tag)
                how = self._supply.image(tag, build, listener)
                self._images.archive(tag, folder)
                if recipe.auto and self._images.instead(tag):
                    (folder / INSTEAD_FILE).touch()

            return self._store.publish("frontend-image", key, make).path, how

        path, how = _phase(f"build frontend {request.commit.ref}", listener, work)
        if (path / INSTEAD_FILE).exists():
            listener(Warned(_ROTTEN.format(f"frontend {request.commit.ref}")))
        return Artefact(key, path, how is How.CACHED, int(recipe.go.split(".")[1]))

    def _build_published(
        self, request: BuildRequest, image: Published, listener: Listener
    ) -> Artefact:
        """Build an image of the daemon that was taken out of another, or find it."""
        recipe, taken = self._recipe(request), artefact(self._store, request.commit, image)
        key = recipe.key(Side.SUITE)
        tag = _tag(Side.SUITE, key)

        def work() -> tuple[Path, How]:
            build = partial(self._images.published, recipe, taken.path, tag)
            return taken.path, self._supply.image(tag, build, listener)

        path, how = _phase(f"build suite {request.commit.ref}", listener, work)
        return Artefact(key, path, how is How.CACHED, taken.go_minor)

    def run(self, leg: LegRequest, sink: Sink, overdue: Overdue = never) -> LegExit:
        """Merge suite and frontend, and run a selection in a container."""
        fixed = environment(leg, temporary=TMP, frontend=PAIR_FOLDER, mirror="")
        del fixed["GOMAXPROCS"]  # of the run, not of the pair
        tests = None
        if not (leg.own or leg.scenarios):  # scenarios are given to the container
            taken = {name: name for name in programs(leg)}
            tests = ForeignTests(_tag(Side.SUITE, leg.tests.key), taken)
        elif leg.buildctl:
            image = _tag(Side.SUITE, leg.buildctl.key)
            tests = ForeignTests(image, BESIDE, {OWN_CLIENT: CLIENT})
        image = self._images.pair(_tag(Side.SUITE, leg.suite.key), tests, leg.frontend, fixed)
        return run_leg(self._engine, image, leg, sink, self._place.privileges, overdue)

    def _recipe(self, request: BuildRequest) -> Recipe:
        go_mod = self._place.git.read(request.commit.sha, "go.mod") or ""
        go = self._place.lines.toolchain_for(request.line, go_directive(go_mod))
        return Recipe(request, go, self._engine.product.architecture, self._store.salt)

    def _read(self, image: str, path: str) -> bytes:
        packed = io.BytesIO(b"".join(self._engine.read(image, path)))
        with tarfile.open(fileobj=packed) as tar:
            file = tar.extractfile(Path(path).name)
            return file.read() if file else b""


def _check_machine(commit: Commit, image: Published, architecture: str) -> None:
    machine = image.platform.split("/")[1]
    if machine != architecture:
        raise UsageError(
            f"{commit.ref} is for {machine}, the engine for {architecture}",
            hint="name an engine for this machine, or take --backend native",
        )


def _tag(side: Side, key: str) -> str:
    return f"compat/{side}:{key}"


def _phase(
    phase: str, listener: Listener, work: Callable[[], tuple[Path, How]]
) -> tuple[Path, How]:
    """Run a phase's work and report its begin and end; errors name the phase."""
    watch = Stopwatch()
    listener(PhaseStarted(phase))
    try:
        path, how = work()
    except CompatError as error:
        error.add_context(phase)
        raise
    listener(PhaseEnded(phase, watch.seconds, how))
    return path, how
