"""What end-to-end tests share: the program, with a cache that the first of them fills."""

from __future__ import annotations

import pytest

from tests.e2e.programs import Program


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Program:
    return Program.fresh(tmp_path_factory.mktemp("demo"))
