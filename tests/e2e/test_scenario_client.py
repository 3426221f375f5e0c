"""The buildctl of a third commit, which scenarios call on MiniKit's daemon."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.journal import read_run
from tests.support import client_scenarios
from tests.support.demo_program import MINIKIT, Program

pytestmark = pytest.mark.e2e

ASKED = (*client_scenarios.WORDS, "--client", "v0.2")


def test_scenarios_call_the_client_of_a_third_commit(program: Program, tmp_path: Path) -> None:
    data = str(client_scenarios.data(tmp_path / "data"))
    words = program.words("v0.1", "master", *ASKED)
    code, _, err = program.run(*[data if it == str(MINIKIT) else it for it in words])
    assert code == 0, err
    assert "client: v0.2" in err
    client_scenarios.check(read_run(program.latest()))


def test_an_own_client_that_nobody_calls_is_refused(program: Program) -> None:
    code, _, err = program.run(*program.words("v0.1", "master", "--client", "v0.2"))
    assert (code, "--client v0.2 has no say: scenarios call it" in err) == (2, True), err
