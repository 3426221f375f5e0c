"""What a backend says of a build beforehand is what building it gives."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import cast

import msgspec
import pytest

from harness.backends import native
from harness.backends.base import Backend, BuildRequest, Place
from harness.backends.docker import Docker
from harness.backends.docker.images import GO_FILE
from harness.backends.native import Native, build
from harness.backends.steps import Step
from harness.config.datadir import find_data
from harness.config.lines import load_lines
from harness.engine.client import Engine
from harness.errors import InfrastructureError, UsageError
from harness.events import ignore
from harness.images import published
from harness.model import Channel, Published, Side
from harness.repository.git import Git
from harness.store import Store
from tests.support.factories import SUITE
from tests.support.fake_engine import FakeBuilder, FakeEngine

LINES = load_lines(find_data(None, {}).lines_file)
REQUEST = BuildRequest(SUITE, LINES.line("v0.6"), Channel.EXPERIMENTAL, ())


@pytest.fixture(autouse=True)
def no_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no Go on PATH, which would be asked for its version."""
    monkeypatch.setenv("PATH", str(tmp_path))


class NoModule(Git):
    """A repository whose commits have no go.mod."""

    def read(self, sha: str, path: str) -> str | None:  # noqa: ARG002 - git's
        return None


def _published(store: Store, kind: str, key: str) -> None:
    """Put an artefact where a build would look for it."""
    store.publish(kind, key, lambda folder: _said(folder / GO_FILE))


def _said(file: Path) -> None:
    file.write_text("go version go1.21.13 linux/amd64\n", "utf-8")


def _agree(backend: Backend, side: Side, put: Callable[[str], None]) -> None:
    build = backend.build_suite if side is Side.SUITE else backend.build_frontend
    before = backend.find(side, REQUEST)
    assert not before.cached
    put(before.key)
    artefact = build(REQUEST, lambda _event: None)
    assert (artefact.key, artefact.cached) == (before.key, True)
    after = backend.find(side, REQUEST)
    assert (after.key, after.cached) == (before.key, True)


@pytest.mark.parametrize("side", Side)
def test_native_finds_what_it_would_build(side: Side, tmp_path: Path) -> None:
    store = Store(tmp_path)
    backend = Native(Place(store, NoModule(tmp_path), LINES))
    _agree(backend, side, lambda key: _published(store, side, key))


@pytest.mark.parametrize("side", Side)
def test_docker_finds_what_it_would_build(
    side: Side, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, engine = Store(tmp_path), FakeEngine()
    monkeypatch.setattr(Docker, "_engine", cast("Engine", engine))
    monkeypatch.setattr(Docker, "_builder", FakeBuilder(engine))
    backend = Docker(Place(store, NoModule(tmp_path), LINES))

    def put(key: str) -> None:
        _published(store, f"{side}-image", key)
        if side is Side.SUITE:
            found = backend.find(side, REQUEST)
            assert not found.cached, "an engine without the image has to build it again"
            engine.images.add(f"compat/suite:{key}")

    _agree(backend, side, put)


def _daemon(folder: Path) -> None:
    (folder / "bin").mkdir()
    (folder / "bin" / "buildkitd").touch()


def _image(side: Side, platform: str = "linux/amd64") -> BuildRequest:
    image = Published(digest=f"sha256:{'a' * 64}", platform=platform, side=side)
    return replace(REQUEST, commit=msgspec.structs.replace(SUITE, image=image))


@pytest.mark.parametrize("name", ["native", "docker"])
@pytest.mark.parametrize("side", Side)
def test_a_published_image_is_found_once_it_is_taken(
    name: str, side: Side, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, engine = Store(tmp_path), FakeEngine()
    builder = FakeBuilder(engine)
    monkeypatch.setattr(Docker, "_engine", cast("Engine", engine))
    monkeypatch.setattr(Docker, "_builder", builder)
    place = Place(store, NoModule(tmp_path), LINES)
    backend = Native(place) if name == "native" else Docker(place)
    request = _image(side)
    build = backend.build_suite if side is Side.SUITE else backend.build_frontend
    assert not backend.find(side, request).cached
    with pytest.raises(InfrastructureError, match="any more") as caught:
        build(request, ignore)
    assert caught.value.hint == "run it again: that gets it anew"
    image = request.commit.image
    assert image
    taken = store.publish(side, published.key(side, image.digest), _daemon)
    made = build(request, ignore)
    assert (made.path, made.key) == (taken.path, backend.find(side, request).key)
    assert backend.find(side, request).cached
    built = [build.tag for build, _ in builder.built]
    assert built == ([f"compat/suite:{made.key}"] if (name, side) == ("docker", "suite") else [])


@pytest.mark.parametrize("side", Side)
def test_an_engine_of_another_kind_of_machine_runs_no_image_for_this_one(
    side: Side, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Docker, "_engine", cast("Engine", FakeEngine()))
    backend = Docker(Place(Store(tmp_path), NoModule(tmp_path), LINES))
    with pytest.raises(UsageError, match="is for arm, the engine for amd64") as caught:
        backend.find(side, _image(side, "linux/arm/v7"))
    assert "--backend native" in caught.value.hint


def test_both_sides_of_a_commit_have_keys_of_their_own(tmp_path: Path) -> None:
    backend = Native(Place(Store(tmp_path), NoModule(tmp_path), LINES))
    assert len({backend.find(side, REQUEST).key for side in Side}) == 2


def test_a_frontend_of_ours_is_built_again_if_its_sources_differ(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources = tmp_path / "gateway"
    sources.mkdir()
    told: list[dict[str, dict[str, str]]] = []

    def compiler(*_: object) -> tuple[build.Compiler, None]:
        made = object.__new__(build.Compiler)
        made._cwd = tmp_path / "tree"
        return made, None

    def compiled(_compiler: build.Compiler, step: Step, folder: Path) -> None:
        words = step.arguments
        told.append(msgspec.json.decode(Path(words[words.index("-overlay") + 1]).read_bytes()))
        (folder / step.name).touch()

    monkeypatch.setattr(Native, "_compiler", compiler)
    monkeypatch.setattr(build.Compiler, "compile", compiled)
    monkeypatch.setattr(build, "pack_frontend", lambda *_: None)
    backend = Native(Place(Store(tmp_path / "cache"), NoModule(tmp_path), LINES))

    def built(text: str) -> tuple[str, bool]:
        (sources / "main.go").write_text(text)
        (sources / "notes.txt").write_text(text)
        made = backend.build_gateway(REQUEST, sources, ignore)
        return made.key, made.cached

    first, again, other = built("a"), built("a"), built("b")
    assert (first[1], again, other[1]) == (False, (first[0], True), False)
    assert other[0] != first[0]
    tree = tmp_path / "tree" / "cmd" / "scenario-gateway"
    assert told[0] == {"Replace": {str(tree / "main.go"): str(sources / "main.go")}}


@pytest.mark.parametrize("side", Side)
def test_a_key_of_the_native_backend_holds_the_architecture(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, side: Side
) -> None:
    found = Native(Place(Store(tmp_path), NoModule(tmp_path), LINES))
    keys = set()
    for architecture in ("amd64", "arm64"):
        monkeypatch.setattr(native, "architecture", lambda it=architecture: it)
        keys.add(found.find(side, REQUEST).key)
    assert len(keys) == 2
