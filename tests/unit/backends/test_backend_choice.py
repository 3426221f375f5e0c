"""Which backend is chosen, what is told of it, and what keeps one from running."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import pytest

from harness.backends import choose, docker, native
from harness.backends.base import Place, Problem
from harness.backends.docker import Docker
from harness.backends.native import Native
from harness.engine.builders import Builder
from harness.engine.client import Engine
from harness.engine.endpoint import Endpoint
from harness.engine.errors import EngineFailed
from harness.engine.product import Product
from harness.errors import MissingToolError
from harness.events import Event, Said
from harness.repository.git import Git
from harness.store import Store
from tests.support.fake_engine import LINES, FakeBuilder, FakeEngine


@pytest.fixture
def engine() -> FakeEngine:
    return FakeEngine()


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(Store(tmp_path), Git(tmp_path), LINES)


def _backends(monkeypatch: pytest.MonkeyPatch, **problems: str) -> None:
    for name, kind in (("docker", Docker), ("native", Native)):
        found = [Problem(problems[name], f"mend {name}")] if name in problems else []
        monkeypatch.setattr(kind, "problems", lambda _self, found=found: found)


@pytest.mark.parametrize(
    ("problems", "name", "said"),
    [
        ({}, "docker", ["backend: docker"]),
        ({"docker": "no engine"}, "native", ["backend: native (not docker: no engine)"]),
    ],
)
def test_auto_takes_an_engine_where_one_answers_and_says_so(
    monkeypatch: pytest.MonkeyPatch,
    place: Place,
    problems: dict[str, str],
    name: str,
    said: list[str],
) -> None:
    _backends(monkeypatch, **problems)
    told: list[Event] = []
    assert choose.choose("auto", place, told.append).name == name
    assert told == [Said(text) for text in said]


def test_native_says_that_it_uses_no_cache_repository(
    monkeypatch: pytest.MonkeyPatch, place: Place
) -> None:
    monkeypatch.setattr(native, "find", Path)
    monkeypatch.setattr(native, "_namespace_problems", list)
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    told: list[Event] = []
    place = dataclasses.replace(place, cache_repo="ghcr.io/you/compat")
    assert choose.choose("native", place, told.append).name == "native"
    assert told == [Said("ghcr.io/you/compat is not used: native builds no images")]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ("docker", "the docker backend cannot run here: no engine"),
        ("auto", "no backend can run here: not docker: no engine; not native: no root"),
    ],
)
def test_what_keeps_a_backend_from_running_is_told(
    monkeypatch: pytest.MonkeyPatch, place: Place, asked: str, words: str
) -> None:
    _backends(monkeypatch, docker="no engine", native="no root")
    with pytest.raises(MissingToolError, match=f"^{words}$") as caught:
        choose.choose(asked, place, lambda _event: None)
    assert caught.value.hint


def test_without_an_engine_nothing_else_is_asked(
    monkeypatch: pytest.MonkeyPatch, place: Place
) -> None:
    asked = []

    def no_engine() -> Engine:
        asked.append("engine")
        raise EngineFailed("no engine answers at unix:///x")

    monkeypatch.setattr(docker, "connect", no_engine)
    (problem,) = Docker(place).problems()
    assert problem.what == "no engine answers at unix:///x"
    assert "DOCKER_HOST" in problem.fix
    assert asked == ["engine"]


def test_an_engine_without_a_program_that_builds_on_it_is_a_problem(
    monkeypatch: pytest.MonkeyPatch, place: Place, engine: FakeEngine
) -> None:
    def no_builder(product: Product, where: Endpoint) -> Builder:
        assert (product, where) == (engine.product, engine.where)
        raise MissingToolError("nothing here can build", hint="apt-get install docker.io")

    monkeypatch.setattr(docker, "connect", lambda: engine)
    monkeypatch.setattr(docker, "builder_for", no_builder)
    assert Docker(place).problems() == [
        Problem("nothing here can build", "apt-get install docker.io")
    ]


def test_the_backend_says_which_engine_which_program_and_why(
    monkeypatch: pytest.MonkeyPatch, place: Place, engine: FakeEngine
) -> None:
    monkeypatch.setattr(docker, "connect", lambda: engine)
    monkeypatch.setattr(docker, "builder_for", lambda _product, _where: FakeBuilder(engine))
    backend = Docker(place)
    assert backend.problems() == []
    assert backend.describe() == (
        "Docker Engine 20.10.24 at unix:///x (the default);"
        " builds with /usr/bin/docker 20.10.24: the first that can"
    )
