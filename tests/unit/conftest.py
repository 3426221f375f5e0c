"""Unit tests reach no network, start no process and see nothing of the caller's home."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from harness.history import History

_STARTERS = [
    name
    for name in dir(os)
    if name.startswith(("exec", "fork", "posix_spawn", "spawn")) or name in {"popen", "system"}
]


def _forbid(name: str) -> Callable[..., NoReturn]:
    def refuse(*_args: object, **_kwargs: object) -> NoReturn:
        pytest.fail(f"a unit test called {name}; a real process is an integration test")

    return refuse


@pytest.fixture(autouse=True)
def unit_isolation(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    for fixture in ("own_home", "socket_disabled"):
        request.getfixturevalue(fixture)
    for name in _STARTERS:
        monkeypatch.setattr(os, name, _forbid(f"os.{name}"))
    monkeypatch.setattr(subprocess.Popen, "__init__", _forbid("subprocess.Popen"))


@pytest.fixture
def history_file(tmp_path: Path) -> Path:
    """Return the place of a history that is not there yet, nor is its folder."""
    return tmp_path / "state" / "history.sqlite"


@pytest.fixture
def history(history_file: Path) -> Iterator[History]:
    with History.open(history_file, create=True) as opened:
        yield opened
