"""Which images are built, under which keys, and that templates expand nothing by accident."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest

from harness.backends.base import Artefact, BuildRequest
from harness.backends.docker import images
from harness.backends.docker.images import ForeignTests, Images, go_minor
from harness.backends.docker.recipe import Recipe
from harness.backends.docker.rendering import render
from harness.backends.steps import Step
from harness.config.lines import Line
from harness.engine.client import Engine
from harness.engine.errors import EngineFull
from harness.engine.registry_errors import LIMITED, ImageRefused
from harness.errors import BuildError, CompatError, ConfigError
from harness.model import Channel, Published, Side
from harness.repository.git import Git
from harness.store import Published as Kept
from harness.store import Store
from tests.support import factories
from tests.support.fake_engine import LINES, FakeBuilder, FakeEngine

PUBLISHED = Published(digest=f"sha256:{'a' * 64}", platform="linux/amd64", side=Side.SUITE)


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


def _recipe(name: str = "v0.6", source: str = "generic", **changes: Any) -> Recipe:  # noqa: ANN401
    line = _line(name, source)
    return Recipe(
        BuildRequest(factories.SUITE, line, Channel.EXPERIMENTAL, ()),
        changes.get("go", "1.21.13"),
        changes.get("architecture", "x86_64"),
        changes.get("salt", ""),
    )


def _line(name: str, source: str) -> Line:
    line = LINES.line(name)
    return msgspec.structs.replace(line, stage=msgspec.structs.replace(line.stage, source=source))


def test_the_base_image_follows_the_toolchain_unless_one_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert _recipe().base == "golang:1.21.13-bookworm"
    monkeypatch.setenv("COMPAT_BASE_IMAGE", "lab/go-{go}")
    assert _recipe().base == "lab/go-1.21.13"
    monkeypatch.setenv("COMPAT_BASE_IMAGE", "--privileged")
    with pytest.raises(ConfigError, match="no name of an image"):
        _ = _recipe().base


def test_a_key_tells_apart_what_is_built_differently(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = {
        _recipe().key(Side.SUITE),
        _recipe().key(Side.FRONTEND),
        _recipe(source="upstream").key(Side.SUITE),
        _recipe(source="auto").key(Side.SUITE),
        _recipe(go="1.22.10").key(Side.SUITE),
        _recipe("v0.3").key(Side.SUITE),
        _recipe(architecture="aarch64").key(Side.SUITE),
        _recipe(salt="a").key(Side.SUITE),
        _recipe(salt="b").key(Side.SUITE),
    }
    assert len(keys) == 9
    monkeypatch.setenv("COMPAT_BASE_IMAGE", "another")
    assert _recipe().key(Side.SUITE) not in keys


def _frontend(folder: Path, *names: str) -> Artefact:
    folder.mkdir()
    for name in names or ("frontend.tar", "dockerfile-frontend"):
        (folder / name).touch()
    return Artefact(folder.name, folder, cached=True, go_minor=21)


def test_a_pair_is_one_layer_on_its_suite_and_built_once(
    engine: FakeEngine, tmp_path: Path
) -> None:
    builder = FakeBuilder(engine)
    store, git = Store(tmp_path), Git(tmp_path)
    made = Images(cast("Engine", engine), builder, store, git)
    frontend = _frontend(tmp_path / "f1")
    first = made.pair("compat/suite:s", None, frontend, {"A": "$x"})
    assert made.pair("compat/suite:s", None, frontend, {"A": "$x"}) == first
    other = made.pair("compat/suite:s", None, frontend, {"A": "y"})
    assert [build.tag for build, _ in builder.built] == [first, other]
    assert builder.built[0][1].splitlines()[1:] == [
        "FROM compat/suite:s",
        "COPY frontend.tar dockerfile-frontend /compat/frontend/",
        'ENV A="\\$x" ',
    ]


def test_of_a_published_frontend_there_may_be_no_program(
    engine: FakeEngine, tmp_path: Path
) -> None:
    builder = FakeBuilder(engine)
    made = Images(cast("Engine", engine), builder, Store(tmp_path), Git(tmp_path))
    made.pair("compat/suite:s", None, _frontend(tmp_path / "f1", "frontend.tar", "image.json"), {})
    assert "COPY frontend.tar /compat/frontend/" in builder.built[0][1].splitlines()


def test_a_published_daemon_is_put_beside_the_programs_of_our_base(
    engine: FakeEngine, tmp_path: Path
) -> None:
    builder = FakeBuilder(engine)
    made = Images(cast("Engine", engine), builder, Store(tmp_path), Git(tmp_path))
    (tmp_path / "taken" / "bin").mkdir(parents=True)
    for name in ("buildkitd", "buildctl", "buildkit-runc"):
        (tmp_path / "taken" / "bin" / name).touch()
    made.published(_recipe(), tmp_path / "taken", "compat/suite:p")
    ((build, text),) = builder.built
    assert (build.context, build.arguments) == (
        tmp_path / "taken",
        {"COMPAT_BASE_IMAGE": "golang:1.21.13-bookworm"},
    )
    assert text.splitlines()[-3:] == [
        "FROM base",
        "RUN rm -f /usr/local/bin/buildctl /usr/local/bin/buildkit-runc /usr/local/bin/buildkitd ",
        "COPY bin/buildctl bin/buildkit-runc bin/buildkitd /usr/local/bin/",
    ]
    assert "ln -s" in text, "the rest of what tests call is that of the base"


def test_a_published_image_has_a_key_of_its_digest_and_the_base(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def keys(digit: str) -> set[str]:
        image = msgspec.structs.replace(PUBLISHED, digest=f"sha256:{digit * 64}")
        commit = msgspec.structs.replace(factories.SUITE, image=image)
        recipe = _recipe()
        request = replace(recipe.request, commit=commit)
        return {replace(recipe, request=request).key(side) for side in Side}

    found = keys("a") | keys("b") | {_recipe().key(side) for side in Side}
    assert len(found) == 6
    monkeypatch.setenv("COMPAT_BASE_IMAGE", "another")
    assert len(keys("a") & found) == 1, "a frontend needs no base"


def test_tests_of_another_suite_stand_in_the_place_of_its_own(
    engine: FakeEngine, tmp_path: Path
) -> None:
    builder = FakeBuilder(engine)
    made = Images(cast("Engine", engine), builder, Store(tmp_path), Git(tmp_path))
    frontend = _frontend(tmp_path / "f1")
    taken = {"dockerfile.test": "dockerfile.test", "client-buildkitd": "buildkitd"}
    tests = ForeignTests("compat/suite:t", taken, {"daemon-buildctl": "buildctl"})
    made.pair("compat/suite:s", tests, frontend, {"A": "x"})
    assert builder.built[0][1].splitlines()[1:] == [
        "FROM compat/suite:t AS tests",
        "RUN mkdir -p /compat/tests/bin && cp -a . /compat/tests/src",
        'RUN cp "$(command -v dockerfile.test)" /compat/tests/bin/dockerfile.test',
        'RUN cp "$(command -v buildkitd)" /compat/tests/bin/client-buildkitd',
        "FROM compat/suite:s",
        'RUN cp "$(command -v buildctl)" /usr/local/bin/daemon-buildctl',
        "COPY --from=tests /compat/tests/bin/ /usr/local/bin/",
        "COPY --from=tests /compat/tests/src /compat/tests/src",
        "WORKDIR /compat/tests/src",
        "COPY frontend.tar dockerfile-frontend /compat/frontend/",
        'ENV A="x" ',
    ]


@pytest.fixture
def minikit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every commit have the files of MiniKit's first, without asking git."""
    base = Path(__file__).parents[3] / "examples" / "minikit" / "base"
    monkeypatch.setattr(images, "tree", lambda *_: Kept(base, cached=True))
    monkeypatch.setattr(images, "add_history", lambda *_: None)


def _made(engine: FakeEngine, tmp_path: Path, source: str, *errors: CompatError) -> FakeBuilder:
    builder = FakeBuilder(engine, errors={"f": [*errors]})
    made = Images(cast("Engine", engine), builder, Store(tmp_path), Git(tmp_path))
    made.frontend(_recipe(source=source), "f")
    assert made.instead("f") is (source == "auto" and len(builder.built) > 1)
    return builder


@pytest.mark.usefixtures("minikit")
def test_auto_builds_the_commits_own_dockerfile_and_ours_where_that_fails(
    engine: FakeEngine, tmp_path: Path
) -> None:
    ours = _made(engine, tmp_path / "ours", "generic").texts
    own = _made(engine, tmp_path / "own", "upstream").texts
    assert len(ours) == len(own) == 1
    assert ours != own
    assert _made(engine, tmp_path / "whole", "auto").texts == own
    rotten = _made(engine, tmp_path / "rotten", "auto", BuildError("no such stage"))
    assert rotten.texts == [*own, *ours]


@pytest.mark.usefixtures("minikit")
@pytest.mark.parametrize(
    "error",
    [
        BuildError("RUN git clone: fatal: unable to access: Temporary failure in name resolution"),
        BuildError("RUN wget: dial tcp 192.0.2.1:443: i/o timeout"),
        ImageRefused("pull", "golang:1", LIMITED, "429 Too Many Requests"),
        EngineFull("write"),
    ],
)
def test_auto_blames_no_dockerfile_for_what_befell_the_machine(
    error: CompatError, engine: FakeEngine, tmp_path: Path
) -> None:
    with pytest.raises(type(error)):
        _made(engine, tmp_path, "auto", error)


@pytest.mark.usefixtures("minikit")
def test_upstream_is_never_replaced(engine: FakeEngine, tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="no such stage"):
        _made(engine, tmp_path, "upstream", BuildError("no such stage"))


@pytest.mark.parametrize(
    ("said", "minor"), [("go version go1.21.13 linux/amd64\n", 21), ("go version go1.9 x", 9)]
)
def test_the_go_of_an_image_is_what_it_says(said: str, minor: int) -> None:
    assert go_minor(said) == minor


@pytest.mark.parametrize("said", ["", "sh: go: not found", "go version devel +abc"])
def test_an_image_without_go_is_a_build_error(said: str) -> None:
    with pytest.raises(BuildError, match="no Go version"):
        go_minor(said)


def test_nothing_of_a_template_is_expanded_by_accident() -> None:
    step = Step("./cmd/x", "x", ("a", "b"), "-X main.Version=$(evil) 'q'")
    text = render(
        "frontend.generic",
        folder="/src",
        environment={"GOCACHE": "/c", "GOFLAGS": '-x "$y" \\'},
        steps=[step],
        labels={"k.v": 'say "$HOME"'},
        program="x",
        entrypoint=("/bin/x", "--y"),
    )
    assert """-ldflags '-X main.Version=$(evil) '"'"'q'"'"'' -o /out/x ./cmd/x""" in text
    assert 'GOFLAGS="-x \\"\\$y\\" \\\\"' in text
    assert 'LABEL "k.v"="say \\"\\$HOME\\""' in text
    assert 'ENTRYPOINT ["/bin/x", "--y"]' in text
