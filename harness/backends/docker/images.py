"""The images of a pair: a suite's, a frontend's as an archive, and both merged."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.backends.base import Artefact
from harness.backends.docker.recipe import (
    BASE_IMAGE,
    GENERIC_FRONTEND,
    GENERIC_SUITE,
    OWN_SUITE,
    Recipe,
)
from harness.backends.docker.rendering import render
from harness.backends.leg import ARCHIVE, FRONTEND
from harness.backends.steps import (
    BEFORE_MODULES,
    ENVIRONMENT,
    FRONTEND_DOCKERFILE,
    TESTS,
    Source,
    channel_tags,
    frontend_steps,
    suite_steps,
    tests_step,
)
from harness.engine.builders import Build, Builder
from harness.engine.client import PROJECT, Engine
from harness.engine.inventory import GO_CACHE, lock_of
from harness.engine.registry_errors import LIMITED, UNNAMED, UNREACHABLE, cause_of
from harness.errors import BuildError, InfrastructureError
from harness.images import saved
from harness.images.daemons import FOLDER as DAEMONS
from harness.images.dockerfile import describe
from harness.repository.checkout import tree
from harness.repository.git import Git, add_history
from harness.store import Store, key_of

HOME = "/compat"
"""Folder of ours in every suite's image."""

PAIR_FOLDER = f"{HOME}/frontend"
GO_FILE = "go.txt"
INSTEAD_FILE = "instead.txt"
"""Beside a frontend's archive that was not made as its commit's own Dockerfile says."""

_PAIR = "pair"

_AS_ASKED = "yes"
_INSTEAD = "generic"
"""Values of our label: a build of its own stage, and of the generic one in its place."""

_PASSING = (LIMITED, UNNAMED, UNREACHABLE)
"""Causes in the words of a build for which its Dockerfile cannot be blamed."""


@dataclass(frozen=True)
class ForeignTests:
    """Tests of another suite than the daemon's."""

    image: str
    """Of that suite."""
    programs: Mapping[str, str]
    """What of it is taken, by the name that it gets: test binary, perhaps client and daemon."""
    renamed: Mapping[str, str] = field(default_factory=dict)
    """What the daemon's own suite has besides under a new name, with its old one."""


class Images:
    """Builds images on one engine, with one program."""

    def __init__(self, engine: Engine, builder: Builder, store: Store, git: Git) -> None:
        """Keep archives in `store`; commits are those of `git`."""
        self._engine = engine
        self._builder = builder
        self._store = store
        self._git = git

    def suite(self, recipe: Recipe, tag: str) -> None:
        """Build a suite's image."""
        source = self._source(recipe)

        def generic(label: str) -> None:
            steps = suite_steps(source, recipe.request)
            values = _values(recipe, source, steps)
            text = render(GENERIC_SUITE, tests=TESTS, published=(), **values)
            self._build(tag, source.folder, text, {BASE_IMAGE: recipe.base}, label)

        _either(recipe, lambda: self._own_suite(recipe, source, tag), generic)

    def published(self, recipe: Recipe, folder: Path, tag: str) -> None:
        """Build the image of a daemon that was published, of the programs in its artefact."""
        names = sorted(it.name for it in (folder / DAEMONS).iterdir())
        text = render(GENERIC_SUITE, published=names)
        self._build(tag, folder, text, {BASE_IMAGE: recipe.base})

    def frontend(self, recipe: Recipe, tag: str) -> None:
        """Build a frontend's image."""
        source = self._source(recipe)
        dockerfile = (source.folder / FRONTEND_DOCKERFILE).read_text("utf-8")

        def generic(label: str) -> None:
            own = describe(dockerfile)
            steps = frontend_steps(source, recipe.request)
            values = _values(recipe, source, steps)
            values |= {"labels": own.labels, "entrypoint": own.entrypoint, "program": FRONTEND}
            text = render(GENERIC_FRONTEND, **values)
            self._build(tag, source.folder, text, {BASE_IMAGE: recipe.base}, label)

        def upstream() -> None:
            arguments = _own_base(dockerfile, recipe) | _channel(dockerfile, recipe, source)
            with self._context(recipe, source) as context:
                self._own(tag, context, FRONTEND_DOCKERFILE, arguments, "")

        _either(recipe, upstream, generic)

    def instead(self, tag: str) -> bool:
        """Return whether the generic Dockerfile was built in the place of an image's own."""
        return self._engine.label(tag, PROJECT) == _INSTEAD

    def _own_suite(self, recipe: Recipe, source: Source, tag: str) -> None:
        """Build a suite of its commit's own stage, and on top of it the compiled tests."""
        stage = recipe.request.line.stage
        with self._context(recipe, source) as context:
            dockerfile = (context / stage.dockerfile).read_text("utf-8")
            self._own(
                f"{tag}-stage",
                context,
                stage.dockerfile,
                _own_base(dockerfile, recipe),
                stage.target,
            )
        step = tests_step(source, recipe.request)
        text = render(
            OWN_SUITE, stage=f"{tag}-stage", home=HOME, gocache=GO_CACHE, steps=[step], tests=TESTS
        )
        with self._store.scratch() as nothing:
            self._build(tag, nothing, text, {})

    def archive(self, tag: str, dest: Path) -> None:
        """Fill `dest` with the archive and the program of a frontend's image.

        The same for an image that was built and for one that was pulled: its layers as they are.
        """
        with tempfile.TemporaryFile(dir=dest) as file:
            for chunk in self._engine.save(tag):
                file.write(chunk)
            file.seek(0)
            saved.pack(file, dest / ARCHIVE, dest / FRONTEND, without=PROJECT)

    def pair(
        self,
        suite: str,
        tests: ForeignTests | None,
        frontend: Artefact,
        environment: Mapping[str, str],
    ) -> str:
        """Merge a suite's image with a frontend's archive, or find that; return its name.

        `tests` stand in the place of the suite's own.
        """
        text = render(
            _PAIR,
            suite=suite,
            tests=tests,
            home=HOME,
            # Of a published frontend there may be no program, but its archive is all of it.
            files=[it for it in (ARCHIVE, FRONTEND) if (frontend.path / it).is_file()],
            folder=PAIR_FOLDER,
            environment=environment,
        )
        tag = f"compat/pair:{key_of({'text': text, 'frontend': frontend.key})}"
        with self._store.locked(lock_of(tag)):
            if not self._engine.has_image(tag):
                self._build(tag, frontend.path, text, {})
        return tag

    def _source(self, recipe: Recipe) -> Source:
        request = recipe.request
        return Source.of(tree(self._store, self._git, request.commit.sha, request.patches).path)

    @contextmanager
    def _context(self, recipe: Recipe, source: Source) -> Iterator[Path]:
        """Copy a tree and return it the commit's history: Dockerfiles ask `git describe`.

        Its tags are the commit's nearest releases, which is what native builds say too.
        """
        commit = recipe.request.commit
        with self._store.scratch() as temporary:
            context = temporary / "context"
            shutil.copytree(source.folder, context, symlinks=True)
            tags = (f"v{commit.version}", f"dockerfile/{commit.dockerfile}")
            add_history(self._git.path, commit.sha, tags, context)
            yield context

    def _own(
        self, tag: str, context: Path, file: str, arguments: Mapping[str, str], target: str
    ) -> None:
        self._run(Build(tag, context, context / file, target, arguments, {PROJECT: _AS_ASKED}))

    def _build(
        self,
        tag: str,
        context: Path,
        text: str,
        arguments: Mapping[str, str],
        label: str = _AS_ASKED,
    ) -> None:
        with self._store.scratch() as folder:  # which the next run removes if we are killed
            dockerfile = folder / "Dockerfile"
            dockerfile.write_text(text, encoding="utf-8")
            wanted = Build(tag, context, dockerfile, arguments=arguments, labels={PROJECT: label})
            self._run(wanted)

    def _run(self, wanted: Build) -> None:
        """Build an image; if that fails because the engine went away, say this and no more."""
        try:
            self._builder.build(replace(wanted, afresh=bool(self._store.salt)))
        except InfrastructureError:
            self._engine.check()
            raise


def _either(recipe: Recipe, upstream: Callable[[], None], generic: Callable[[str], None]) -> None:
    """Build by the Dockerfile that is asked for, or by ours where the commit's own is rotten.

    Raises what a build raises; of `auto` too, if network, registry or disk failed it.
    """
    if recipe.generic:
        generic(_AS_ASKED)
        return
    try:
        upstream()
    except BuildError as error:
        if not recipe.auto or cause_of(str(error)) in _PASSING:
            raise
        generic(_INSTEAD)


def go_minor(said: str) -> int:
    """Read the minor version of Go 1 from `go version`. Raises BuildError."""
    words = said.split()
    numbers = words[2].removeprefix("go").split(".") if len(words) > 2 else []  # noqa: PLR2004
    if len(numbers) < 2 or not numbers[1].isdecimal():  # noqa: PLR2004 - go1.N
        raise BuildError(f"the suite's image says no Go version but {said[:80]!r}")
    return int(numbers[1])


def _values(recipe: Recipe, source: Source, steps: object) -> dict[str, object]:
    module = recipe.request.line.module
    environment = {
        **ENVIRONMENT,
        "GOCACHE": GO_CACHE,
        **({} if module else {**BEFORE_MODULES, "GOPATH": "/go"}),
        **recipe.request.line.environment,
    }
    folder = "/src" if module else f"/go/src/{source.package}"
    return {"folder": folder, "home": HOME, "environment": environment, "steps": steps}


def _own_base(dockerfile: str, recipe: Recipe) -> dict[str, str]:
    """Name the base image where a Dockerfile lets its builder choose one."""
    chosen = os.environ.get(BASE_IMAGE) and "ARG GO_IMAGE" in dockerfile
    return {"GO_IMAGE": recipe.base} if chosen else {}


def _channel(dockerfile: str, recipe: Recipe, source: Source) -> dict[str, str]:
    """Return the channel as the Dockerfile takes it: by name, or up to v0.7 by its build tags."""
    channel = recipe.request.channel
    tags = channel_tags(source.folder, channel)
    return {"CHANNEL": channel} if "ARG CHANNEL" in dockerfile else {"BUILDTAGS": " ".join(tags)}
