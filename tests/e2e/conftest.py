"""What end-to-end tests share: the program, with a cache that the first of them fills."""

from __future__ import annotations

import secrets

import pytest

from tests.support.demo_program import Program
from tests.support.torture import Torture


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> Program:
    return Program.fresh(tmp_path_factory.mktemp("demo"), USER=f"demo-{secrets.token_hex(8)}")


@pytest.fixture(scope="session")
def torture(tmp_path_factory: pytest.TempPathFactory, program: Program) -> Torture:
    return Torture.begin(tmp_path_factory.mktemp("torture"), compiled=program.cache)
