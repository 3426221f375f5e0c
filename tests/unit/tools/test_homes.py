"""`~` in what people type is a home, and nobody's home is an error of theirs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from harness.cli.session import default_runs
from harness.cli.stored import find_run
from harness.errors import ExitCode, UsageError
from harness.events import ignore
from harness.history import default_history
from harness.repository import clones
from harness.store import default_cache
from harness.tools.homes import expanded

NOBODYS = "~no-user-of-this-name/x"


def test_a_home_stands_in_front(own_home: Path) -> None:
    assert expanded("~") == own_home
    assert expanded("~/x") == own_home / "x"
    assert expanded("x/~") == Path("x/~")


def test_a_repository_in_nobodys_home_is_an_error_of_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        clones.find(NOBODYS, [], cache=tmp_path, fetch=False, listener=ignore)
    assert caught.value.exit_code is ExitCode.USAGE
    assert str(caught.value) == f"cannot use {NOBODYS}: nobody knows the home ~no-user-of-this-name"


def test_a_run_in_nobodys_home_is_an_error_of_usage(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=f"cannot use {NOBODYS}"):
        find_run(NOBODYS, tmp_path)


@pytest.mark.parametrize(
    ("variable", "ask"),
    [
        ("COMPAT_CACHE", default_cache),
        ("COMPAT_HISTORY", default_history),
        ("COMPAT_RUNS", default_runs),
    ],
)
def test_a_place_in_nobodys_home_is_an_error_of_usage(
    variable: str, ask: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, NOBODYS)
    with pytest.raises(UsageError, match=f"cannot use {NOBODYS}"):
        ask()
