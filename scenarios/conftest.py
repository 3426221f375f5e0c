"""The ground that scenarios stand on: started once, before the first of them."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest

from kit.builds import Builds
from kit.engine import ENGINE, Engine, EngineBuilds
from kit.live import Live
from kit.other import Other, Own
from kit.outcomes import CannotAskError
from kit.servers import Web

_INFRASTRUCTURE = 4
"""Exit status if there is no ground."""


@pytest.hookimpl(wrapper=True)
def pytest_runtestloop(session: pytest.Session) -> Generator[None, object, object]:
    """Start registry and daemon before the first scenario, and end them after the last."""
    if session.config.option.collectonly:
        return (yield)
    live = Engine() if ENGINE in os.environ else Live()
    try:
        live.start()
    except (OSError, RuntimeError) as error:
        live.stop()
        pytest.exit(f"scenarios cannot begin: {error}", _INFRASTRUCTURE)
    session.config.live = live  # type: ignore[attr-defined] # known to the harness by this name
    try:
        return (yield)
    finally:
        live.stop()


@pytest.fixture
def live(request: pytest.FixtureRequest) -> Live:
    """Return the daemon and the registry of this session."""
    found: Live = request.config.live  # type: ignore[attr-defined] # set above
    return found


@pytest.fixture
def build(request: pytest.FixtureRequest, live: Live, tmp_path: Path) -> Iterator[Builds]:
    """Return what builds with the frontend on the daemon."""
    made = EngineBuilds(live, tmp_path) if isinstance(live, Engine) else Builds(live, tmp_path)
    yield made
    # The harness keeps these with the result.
    request.node.user_properties += [("dockerfile", text) for text in made.built]
    made.end()


@pytest.fixture
def gateway(build: Builds) -> Builds:
    """Return what builds with the frontend in gateway/, compiled in the daemon's own tree."""
    if isinstance(build.live, Engine):
        raise CannotAskError("a frontend that is no Dockerfile's")
    if not build.live.gateway:
        pytest.skip("no frontend of ours was compiled in this daemon's tree")
    build.source = build.live.gateway
    return build


@pytest.fixture
def alone(build: Builds) -> Iterator[None]:
    """Wait for other scenarios with a cache in the registry: not every daemon takes several."""
    with (build.live.folder / "registry-cache.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture
def own(build: Builds, tmp_path: Path) -> Builds:
    """Return what builds on the daemon with its own client."""
    made = Own(build.live, tmp_path / "own")
    made.built = build.built
    return made


@pytest.fixture
def other(build: Builds, tmp_path: Path) -> Iterator[Builds]:
    """Return what builds on a second daemon, of the client's commit; see kit.other."""
    if isinstance(build.live, Engine):
        raise CannotAskError("another daemon's cache")
    second = Other(build.live)
    try:
        second.start()
        made = Builds(second, tmp_path / "other")
        made.built = build.built
        yield made
    finally:
        second.stop()


@pytest.fixture
def web(tmp_path: Path) -> Iterator[Web]:
    """Serve a folder of this scenario on the loopback."""
    with Web(tmp_path / "web") as served:
        yield served
