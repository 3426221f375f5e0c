"""`compat selftest`: what it asks of a matrix run."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.cli import matrix
from harness.cli.program import execute
from harness.cli.umbrella import umbrella
from harness.errors import ExitCode, UsageError


def test_it_asks_for_a_matrix_that_is_planned_now(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def planned(name: str, *_: object, lists: bool) -> None:
        raise UsageError(f"planned {name}, lists {lists}")

    monkeypatch.setattr(matrix, "open_named", planned)
    given = ("selftest", "--repo", str(tmp_path), "--cache", str(tmp_path / "cache"))
    assert execute("compat", lambda _: umbrella, given) == ExitCode.USAGE
    assert "planned selftest, lists False" in capsys.readouterr().err
