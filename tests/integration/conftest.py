"""What integration tests share: Go toolchains, an engine with the program on it, a browser."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from harness.backends.native.toolchain import Toolchain, provide
from harness.engine.client import Engine
from harness.engine.connect import connect
from harness.model import Run
from harness.reports.write import write_reports
from harness.store import Store, default_cache
from tests.support import (
    base_image,
    browsing,
    chromium,
    engines,
    example_runs,
    fatal_suite,
    go_binaries,
    tls,
    varied_daemons,
)
from tests.support.browsing import Visit, visits
from tests.support.engine_program import Program
from tests.support.engines import MIRROR, Daemon
from tests.support.go_binaries import Binary
from tests.support.misbehaving_binary import CASES, Living

GoToolchain = Callable[[str], Toolchain]


@pytest.fixture(scope="session")
def go_store() -> Store:
    """Keep toolchains and the build cache where the program itself keeps them."""
    return Store(default_cache())


@pytest.fixture(scope="session")
def go_toolchain(go_store: Store) -> GoToolchain:
    """Return a Go toolchain of a version: from PATH, the cache or the package index."""

    @lru_cache
    def toolchain(version: str) -> Toolchain:
        return provide(go_store, version)

    return toolchain


@pytest.fixture(scope="session")
def hostile(
    go_store: Store, go_toolchain: GoToolchain, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Binary]:
    """Return the test binary of the module `hostile` that a version of Go makes."""
    folder = tmp_path_factory.mktemp("go")

    def binary(version: str) -> Binary:
        if version == go_binaries.DEBIAN:
            toolchain = Toolchain(go_binaries.DEBIAN_GO, version)
        else:
            toolchain = go_toolchain(version)
        return go_binaries.build(toolchain, go_store, folder)

    return binary


@pytest.fixture(params=CASES, ids=[f"{version}-{form}" for version, form in CASES])
def living(request: pytest.FixtureRequest, hostile: Callable[[str], Binary]) -> Living:
    """Return that binary by each version of Go, in each form in which it can print."""
    version, form = request.param
    return Living(hostile(version), form)


@pytest.fixture(params=[go_binaries.DEBIAN, go_binaries.OLD, go_binaries.NEW])
def binary(request: pytest.FixtureRequest, hostile: Callable[[str], Binary]) -> Binary:
    """Return that binary by each version of Go."""
    return hostile(request.param)


@pytest.fixture(scope="session")
def artefacts(
    go_store: Store, go_toolchain: GoToolchain, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Return a folder with the artefacts of the suite of gomodules/fatal."""
    folder = tmp_path_factory.mktemp("fatal")
    fatal_suite.build(go_toolchain("1.21.13"), go_store, folder)
    return folder


@pytest.fixture(scope="session")
def base(go_store: Store, go_toolchain: GoToolchain) -> Path:
    """Return the base image as a tar."""
    return base_image.make(go_store, go_toolchain("1.21.13"))


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a certificate authority, and what an engine and its client show."""
    return tls.make(tmp_path_factory.mktemp("tls"))


@pytest.fixture(scope="session")
def daemon(
    tmp_path_factory: pytest.TempPathFactory, base: Path, certificates: Path
) -> Iterator[Daemon]:
    """Return an engine with a base image; see `sound`."""
    flags = (*tls.flags(certificates), "--registry-mirror", f"http://{MIRROR}")
    make = replace(engines.DOCKER, flags=flags)
    with engines.started(tmp_path_factory.mktemp("engine"), make) as running:
        running.stock(base)
        yield running


@pytest.fixture(autouse=True)
def sound(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let a test find that engine sound, and leave no container on it."""
    daemon = request.getfixturevalue("daemon") if "daemon" in request.fixturenames else None
    if daemon:
        daemon.heal()
    yield
    if daemon and daemon.process.poll() is None:
        assert daemon.containers() == []


@pytest.fixture
def engine(daemon: Daemon, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """Return that engine as the program sees it; see boxes.LEFT_OPEN."""
    monkeypatch.setenv("DOCKER_HOST", daemon.host)
    made = connect()
    yield made
    with made.ask("close the connection") as api:
        api.close()
    gc.collect()


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory, daemon: Daemon) -> Program:
    """Return the program with that engine and a cache that has nothing but Go in it."""
    return Program.fresh(tmp_path_factory.mktemp("docker"), daemon)


@pytest.fixture(scope="session")
def seen(program: Program) -> tuple[int, Run, str]:
    """Run the demo on that engine, once for all."""
    return program.demo("docker")


@pytest.fixture(scope="session")
def native(program: Program) -> tuple[int, Run, str]:
    """Run the demo without an engine, once for all."""
    return program.demo("native")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Return a browser; it must be gone when other modules run event loops of their own."""
    with chromium.opened() as running:
        yield running


@pytest.fixture(scope="session")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the reports of the example runs."""
    folder = tmp_path_factory.mktemp("pages")
    examples = {
        "nightly": browsing.NIGHTLY,
        "hostile": browsing.HOSTILE,
        "floors": varied_daemons.THREE,
    }
    for name, example in examples.items():
        write_reports(example.store(folder / name), example_runs.history(example))
    return folder


@pytest.fixture
def visit(browser: Browser, pages: Path) -> Iterator[Visit]:
    """Open a page; whatever it does that it must not do fails the test."""
    with visits(browser, pages) as opened:
        yield opened
