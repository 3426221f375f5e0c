"""The images of a pair: a suite's, a frontend's as an archive, and both merged."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from harness.backends.base import Artefact, BuildRequest
from harness.backends.docker.rendering import digest, render
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
from harness.errors import BuildError, ConfigError, InfrastructureError
from harness.images import saved
from harness.images.dockerfile import describe
from harness.model import Side
from harness.repository.checkout import tree
from harness.repository.git import Git, add_history
from harness.store import Store, key_of

HOME = "/compat"
"""Folder of ours in every suite's image."""

PAIR_FOLDER = f"{HOME}/frontend"
GO_FILE = "go.txt"
INSTEAD_FILE = "instead.txt"
"""Beside a frontend's archive that was not made as its commit's own Dockerfile says."""

BASE_IMAGE = "COMPAT_BASE_IMAGE"
"""Names, in the environment, the image that generic builds begin with."""

_RECIPE = 3
"""Part of every key: raised when the way of building changes what is built."""

_SUITE = "suite.generic"
_TESTS = "suite.upstream"
_FRONTEND = "frontend.generic"
_PAIR = "pair"
_GENERIC = "generic"
_UPSTREAM = "upstream"
_AUTO = "auto"

_AS_ASKED = "yes"
_INSTEAD = "generic"
"""Values of our label: a build of its own stage, and of the generic one in its place."""

_PASSING = (LIMITED, UNNAMED, UNREACHABLE)
"""Causes in the words of a build for which its Dockerfile cannot be blamed."""


@dataclass(frozen=True)
class Recipe:
    """One commit to be built, with what was chosen for it."""

    request: BuildRequest
    go: str
    """The Go release in full."""
    architecture: str
    """Of the engine, as it names it."""
    salt: str = ""
    """Sets this build apart from all others: nothing that exists is used for it."""

    @property
    def source(self) -> str:
        """Whose Dockerfile is built."""
        return self.request.line.stage.source

    @property
    def auto(self) -> bool:
        """Whether our own template takes the place of a Dockerfile that does not build."""
        return self.source == _AUTO

    @property
    def base(self) -> str:
        """The image that a generic build begins with. Raises ConfigError if it is an option."""
        name = os.environ.get(BASE_IMAGE) or self.request.line.stage.base
        if name.startswith("-"):
            raise ConfigError(f"{BASE_IMAGE}: {name!r} is no name of an image")
        return name.replace("{go}", self.go)

    def key(self, kind: Side) -> str:
        """Digest everything that goes into what is built."""
        request = self.request
        stage = request.line.stage
        return key_of(
            {
                "recipe": _RECIPE,
                **({"salt": self.salt} if self.salt else {}),
                "kind": kind,
                "architecture": self.architecture,
                "commit": request.commit.sha,
                "named": [request.commit.version, request.commit.dockerfile],
                "patches": [patch.sha256 for patch in request.patches],
                "channel": request.channel,
                "stage": [stage.source, stage.dockerfile, stage.target],
                "base": os.environ.get(BASE_IMAGE, "") if self.source == _UPSTREAM else self.base,
                "go": [self.go, ENVIRONMENT],
                "module": request.line.module,
                "daemon_tags": request.line.daemon_tags,
                "environment": request.line.environment,
                "templates": digest(_SUITE, _TESTS, _FRONTEND),
            }
        )


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
            text = render(_SUITE, tests=TESTS, **_values(recipe, source, steps))
            self._build(tag, source.folder, text, {BASE_IMAGE: recipe.base}, label)

        _either(recipe, lambda: self._own_suite(recipe, source, tag), generic)

    def frontend(self, recipe: Recipe, tag: str) -> None:
        """Build a frontend's image."""
        source = self._source(recipe)
        dockerfile = (source.folder / FRONTEND_DOCKERFILE).read_text("utf-8")

        def generic(label: str) -> None:
            own = describe(dockerfile)
            steps = frontend_steps(source, recipe.request)
            values = _values(recipe, source, steps)
            values |= {"labels": own.labels, "entrypoint": own.entrypoint, "program": FRONTEND}
            text = render(_FRONTEND, **values)
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
            _TESTS, stage=f"{tag}-stage", home=HOME, gocache=GO_CACHE, steps=[step], tests=TESTS
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
            archive=ARCHIVE,
            program=FRONTEND,
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
    if recipe.source == _GENERIC:
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
