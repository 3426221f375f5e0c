"""What integration tests share: Go toolchains, an engine, and the program that runs on it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache

import pytest

from harness.backends.native.toolchain import Toolchain, provide
from harness.store import Store, default_cache
from tests.integration import engines, gobinaries
from tests.integration.engines import Daemon
from tests.integration.gobinaries import Binary
from tests.integration.programs import Program

GoToolchain = Callable[[str], Toolchain]


@pytest.fixture(scope="session")
def go_store() -> Store:
    """Keep toolchains and the build cache where the program itself keeps them."""
    return Store(default_cache())


@pytest.fixture(scope="session")
def go_toolchain(go_store: Store) -> GoToolchain:
    """Give a Go toolchain of a version: from PATH, the cache or the package index."""

    @lru_cache
    def toolchain(version: str) -> Toolchain:
        return provide(go_store, version)

    return toolchain


@pytest.fixture(scope="session")
def hostile(
    go_store: Store, go_toolchain: GoToolchain, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Binary]:
    """Give the test binary of the module `hostile` that a version of Go makes."""
    folder = tmp_path_factory.mktemp("go")

    def binary(version: str) -> Binary:
        if version == gobinaries.DEBIAN:
            toolchain = Toolchain(gobinaries.DEBIAN_GO, version)
        else:
            toolchain = go_toolchain(version)
        return gobinaries.build(toolchain, go_store, folder)

    return binary


@pytest.fixture(scope="session")
def daemon(
    tmp_path_factory: pytest.TempPathFactory, go_store: Store, go_toolchain: GoToolchain
) -> Iterator[Daemon]:
    """Give an engine with a base image; a test that kills it starts it again."""
    image = engines.base_image(go_store, go_toolchain("1.21.13"))
    with engines.started(tmp_path_factory.mktemp("engine")) as running:
        running.stock(image)
        yield running


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory, daemon: Daemon) -> Program:
    """Give the program with that engine and a cache that has nothing but Go in it."""
    folder = tmp_path_factory.mktemp("docker")
    (folder / "cache").mkdir()
    (default_cache() / "go").mkdir(parents=True, exist_ok=True)
    (folder / "cache" / "go").symlink_to(default_cache() / "go")
    return Program(folder, daemon)
