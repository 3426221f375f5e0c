"""An image is found, else pulled, else built and pushed; engine and registry are made up."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from harness.backends.base import check_repository
from harness.backends.docker.supply import How, Supply
from harness.engine import retry, transfers
from harness.engine.client import Engine
from harness.engine.registry_errors import (
    ABSENT,
    DENIED,
    LIMITED,
    OTHER,
    UNREACHABLE,
    Cause,
    ImageRefused,
)
from harness.errors import BuildError, UsageError
from harness.events import Event, Said, Warned
from harness.store import Store

NAME = "compat/suite:abc"
REMOTE = "ghcr.io/you/compat:suite-abc"


class World:
    """An engine and a registry: the names of images, and what refuses to move them."""

    def __init__(self, store: Store) -> None:
        self.here: set[str] = set()
        self.there: set[str] = set()
        self.refuses: dict[str, list[Cause]] = {"pull": [], "push": [], "build": []}
        self.asked: list[str] = []
        self.told: list[Event] = []
        self.supply = Supply(cast("Engine", self), store, "ghcr.io/you/compat")
        self.store = store

    def has_image(self, name: str) -> bool:
        return name in self.here

    def pull(self, _engine: Engine, remote: str, name: str) -> None:
        self._ask("pull", remote)
        if remote not in self.there:
            raise ImageRefused("pull", remote, ABSENT, "manifest unknown")
        self.here.add(name)

    def push(self, _engine: Engine, name: str, remote: str) -> None:
        assert name in self.here
        self._ask("push", remote)
        self.there.add(remote)

    def build(self) -> None:
        self._ask("build", "golang:1.21")
        self.here.add(NAME)

    def _ask(self, what: str, image: str) -> None:
        self.asked.append(f"{what} {image}")
        if self.refuses[what]:
            raise ImageRefused(what, image, self.refuses[what].pop(0), "no")

    def image(self) -> How:
        return self.supply.image(NAME, self.build, self.told.append)

    @property
    def warnings(self) -> list[str]:
        return [event.text for event in self.told if isinstance(event, Warned)]


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    made = World(Store(tmp_path))
    monkeypatch.setattr(transfers, "pull", made.pull)
    monkeypatch.setattr(transfers, "push", made.push)
    monkeypatch.setattr(retry, "pause", lambda _seconds: None)
    return made


def test_what_the_engine_has_is_asked_of_nobody(world: World) -> None:
    world.here = {NAME}
    assert (world.image(), world.asked, world.told) == (How.CACHED, [], [])


def test_what_the_repository_has_is_not_built(world: World) -> None:
    world.there = {REMOTE}
    assert (world.image(), world.asked) == (How.PULLED, [f"pull {REMOTE}"])


def test_what_nobody_has_is_built_and_pushed(world: World) -> None:
    assert world.image() is How.BUILT
    assert world.asked == [f"pull {REMOTE}", "build golang:1.21", f"push {REMOTE}"]
    assert world.told == []
    assert world.image() is How.CACHED


def test_without_a_repository_nothing_is_pulled_or_pushed(world: World) -> None:
    world.supply = Supply(cast("Engine", world), world.store, "")
    assert (world.image(), world.asked) == (How.BUILT, ["build golang:1.21"])


@pytest.mark.parametrize("what", ["pull", "push", "build"])
def test_what_may_pass_is_tried_again_and_told(world: World, what: str) -> None:
    world.refuses[what] = [LIMITED, UNREACHABLE]
    assert world.image() is How.BUILT
    assert len([asked for asked in world.asked if asked.startswith(what)]) == 3
    assert len([event for event in world.told if isinstance(event, Said)]) == 2
    assert world.warnings == []


def test_a_repository_that_stays_away_ends_the_run_before_a_long_build(world: World) -> None:
    world.refuses["pull"] = [UNREACHABLE] * 9
    with pytest.raises(ImageRefused, match=f"^pull {REMOTE}: ghcr.io cannot be reached") as caught:
        world.image()
    assert caught.value.hint.endswith("; without --cache-repo it is built here")
    assert "build golang:1.21" not in world.asked


def test_a_base_image_that_stays_away_ends_the_run(world: World) -> None:
    world.refuses["build"] = [LIMITED] * 9
    with pytest.raises(ImageRefused, match=r"^build golang:1\.21: docker\.io limits the rate"):
        world.image()


def test_a_build_that_fails_is_not_tried_again(world: World) -> None:
    def broken() -> None:
        world.asked.append("build")
        raise BuildError("does not compile")

    with pytest.raises(BuildError):
        world.supply.image(NAME, broken, world.told.append)
    assert world.asked.count("build") == 1


@pytest.mark.parametrize("cause", [DENIED, OTHER])
def test_a_refused_push_is_a_warning_and_the_last_push(world: World, cause: Cause) -> None:
    world.refuses["push"] = [cause]
    assert world.image() is How.BUILT
    (warning,) = world.warnings
    assert warning.startswith(f"push {REMOTE}: ghcr.io {cause.name}")
    world.here.clear()
    assert world.image() is How.BUILT
    assert [asked for asked in world.asked if asked.startswith("push")] == [f"push {REMOTE}"]
    assert len(world.warnings) == 1


def test_a_push_into_a_registry_that_went_away_costs_no_verdict(world: World) -> None:
    world.refuses["push"] = [UNREACHABLE] * 9
    assert world.image() is How.BUILT
    assert len(world.warnings) == 1


def test_a_denied_pull_is_a_build_with_a_warning(world: World) -> None:
    world.refuses["pull"] = [DENIED]
    assert world.image() is How.BUILT
    (warning,) = world.warnings
    assert "denies access" in warning


@pytest.mark.parametrize(
    "name",
    [
        "ghcr.io/you/compat",
        "localhost/a",
        "localhost:5000/a",
        "127.0.0.1:5000/a/b__c/d-e.f",
        "registry:443/a",
        "[::1]:5000/a",
        "",
    ],
)
def test_the_name_of_a_repository_is_taken(name: str) -> None:
    assert check_repository(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "you/compat",
        "compat",
        "ghcr.io",
        "ghcr.io/",
        "ghcr.io/You/compat",
        "ghcr.io/you/compat:tag",
        "ghcr.io/you/compat@sha256:0",
        "https://ghcr.io/you/compat",
        "user:secret@ghcr.io/you/compat",
        "--config=x.y/z",
        "ghcr.io/you/compat\n",
        "ghcr.io/" + "a" * 300,
    ],
)
def test_what_is_no_repository_is_a_usage_error(name: str) -> None:
    with pytest.raises(UsageError, match="is no repository of a registry") as caught:
        check_repository(name)
    assert "ghcr.io/you/compat" in caught.value.hint
