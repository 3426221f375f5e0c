"""What integration tests share: Go toolchains, provided once per machine."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import pytest

from harness.backends.native.toolchain import Toolchain, provide
from harness.store import Store, default_cache

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
