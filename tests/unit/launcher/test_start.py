"""Nothing that fails before or beside a verdict ends with the code of a verdict."""

from __future__ import annotations

import errno
import io
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from harness import cli, start
from harness.cli.complaints import explain
from harness.errors import CompatError, ConfigError, ExitCode, Interrupted, MissingToolError


def _code_of(error: BaseException) -> int:
    def body() -> int:
        raise error

    with pytest.raises(SystemExit) as end:
        start.start(body)
    assert isinstance(end.value.code, int)
    return end.value.code


@pytest.mark.parametrize("code", list(ExitCode))
def test_the_code_of_the_program_is_the_code(code: ExitCode) -> None:
    with pytest.raises(SystemExit) as end:
        start.start(lambda: code)
    assert end.value.code == code


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ModuleNotFoundError("No module named 'click'"), 4),
        (SyntaxError("invalid syntax"), 4),
        (AttributeError("a package that was cut short"), 4),
        (OSError(errno.EIO, "Input/output error"), 4),
        (MemoryError(), 4),
        (RecursionError(), 4),
        (CompatError("no"), 4),
        (MissingToolError("no git", hint="install git"), 4),
        (ConfigError("pyproject.toml:1:1: no"), 2),
        (Interrupted("stopped"), 130),
        (KeyboardInterrupt(), 130),
    ],
    ids=repr,
)
def test_every_error_has_a_code_and_none_is_that_of_a_regression(
    error: BaseException, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _code_of(error) == code
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("compat-run: ")
    assert "Traceback" not in said.err


def test_the_code_that_stands_here_is_the_one_of_the_errors() -> None:
    assert start._INFRASTRUCTURE == ExitCode.INFRASTRUCTURE


def test_a_hint_is_given_and_one_that_is_empty_is_not(capsys: pytest.CaptureFixture[str]) -> None:
    _code_of(MissingToolError("no git", hint="install git"))
    assert capsys.readouterr().err == "compat-run: error: no git\ncompat-run: hint: install git\n"
    _code_of(CompatError("no"))
    assert capsys.readouterr().err == "compat-run: error: no\n"


@pytest.mark.parametrize("program", [cli.main, cli.compat_run])
def test_a_program_whose_packages_are_broken_says_how_to_mend_it(
    program: Callable[[], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.delitem(sys.modules, "harness.cli.program", raising=False)
    monkeypatch.delattr(cli, "program", raising=False)
    monkeypatch.setitem(sys.modules, "click", None)
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    (tmp_path / start.STAMP).touch()
    with pytest.raises(SystemExit) as end:
        program()
    assert end.value.code == 4
    said = capsys.readouterr().err
    assert "click" in said
    assert f"remove {tmp_path}, and ./compat-run makes it anew" in said


def test_a_command_whose_modules_are_missing_says_so_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    assert explain(ModuleNotFoundError("No module named 'docker'")) == 4
    said = capsys.readouterr().err
    assert "cannot go on: No module named 'docker'" in said
    assert f"install buildkit-compat again in {tmp_path}" in said


class _Full(io.StringIO):
    def write(self, _text: str, /) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("stream", [None, _Full()], ids=["closed", "full"])
def test_the_code_is_the_same_where_nothing_can_be_told(
    stream: io.StringIO | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", stream)
    assert _code_of(ConfigError("no")) == 2
    assert sys.stderr is None
