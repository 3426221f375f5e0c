"""From arguments to an exit code: what each kind of end prints and returns."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import unicodedata
from collections.abc import Callable

import click
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

import harness
from harness import cli
from harness.cli import program
from harness.cli.complaints import printable
from harness.cli.lazy import share_options
from harness.cli.program import execute
from harness.cli.umbrella import COMMANDS, short_form, umbrella
from harness.errors import CompatError, ConfigError, ExitCode, PatchError

Body = Callable[[], object]


def _execute(body: Body, *args: str) -> int:
    """Execute a command that does nothing but `body`."""

    @click.command()
    def probe() -> object:
        return body()

    share_options(probe)
    return execute("probe", lambda _: probe, args)


def _raise(error: BaseException) -> Body:
    def body() -> None:
        raise error

    return body


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigError("lines.yaml:3:5: unknown key"), 2),
        (PatchError("0001.patch: hunk 2 does not apply"), 4),
    ],
)
def test_an_error_of_ours_ends_with_the_code_of_its_class(
    error: CompatError, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _execute(_raise(error)) == code
    assert capsys.readouterr() == ("", f"error: {error}\n")


def test_the_hint_stands_on_a_line_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    _execute(_raise(CompatError("runc is not installed", hint="apt-get install runc")))
    assert capsys.readouterr().err == ("error: runc is not installed\nhint: apt-get install runc\n")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EDQUOT])
def test_faults_of_the_disk_name_the_file_and_what_to_do(
    number: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _execute(_raise(OSError(number, os.strerror(number), "/cache/x"))) == 4
    message, hint = capsys.readouterr().err.splitlines()
    assert message.startswith("error: /cache/x: ")
    assert "COMPAT_CACHE" in hint


def test_the_unexpected_is_one_line_and_how_to_see_more(capsys: pytest.CaptureFixture[str]) -> None:
    assert _execute(_raise(KeyError("boom"))) == ExitCode.INFRASTRUCTURE
    message, hint = capsys.readouterr().err.splitlines()
    assert message == "error: unexpected KeyError: 'boom'"
    assert "--debug" in hint


@pytest.mark.parametrize("error", [KeyError("boom"), ConfigError("a.yaml:1:1: wrong")])
def test_debug_shows_the_traceback_of_any_error(
    error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    _execute(_raise(error), "--debug")
    assert "Traceback (most recent call last)" in capsys.readouterr().err


@pytest.mark.parametrize("error", [KeyboardInterrupt(), click.Abort()])
def test_an_interruption_is_130(error: BaseException, capsys: pytest.CaptureFixture[str]) -> None:
    assert _execute(_raise(error)) == 130
    assert capsys.readouterr().err == "error: interrupted\n"


def test_a_closed_pipe_is_neither_a_regression_nor_a_traceback(
    capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    discarded = []
    monkeypatch.setattr(program, "_discard_output", lambda: discarded.append(True))
    assert _execute(_raise(BrokenPipeError(errno.EPIPE, "Broken pipe"))) == 128 + 13
    assert discarded == [True]
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(("returned", "code"), [(None, 0), (0, 0), (ExitCode.REGRESSION, 1)])
def test_what_a_command_returns_is_the_exit_code(returned: object, code: int) -> None:
    assert _execute(lambda: returned) == code


def test_a_usage_error_is_2_and_names_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert _execute(lambda: None, "--nonsense") == 2
    error, hint = capsys.readouterr().err.splitlines()
    assert error.startswith("error: No such option")
    assert hint == "hint: see probe --help"


def test_an_unknown_command_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute("compat", lambda _: umbrella, ["docter"]) == 2
    assert "docter" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "near"),
    [(["doctr"], "doctor"), (["matirx", "smoke"], "matrix"), (["bisekt", "v0.6", "x"], "bisect")],
)
def test_a_command_with_a_slip_is_no_daemon(
    words: list[str], near: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert execute("compat-run", short_form, words) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"error: there is no command {words[0]!r}\nhint: did you mean {near}? ")


@pytest.mark.parametrize("daemon", ["master", "main", "docker", "v0.6", "latest", "HEAD"])
def test_what_daemons_are_called_is_no_command(daemon: str) -> None:
    assert short_form([daemon, "master"]) is umbrella.load("run")


def test_no_arguments_print_the_help_and_are_a_usage_error(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert execute("compat", lambda _: umbrella, []) == 2
    assert "Commands:" in capsys.readouterr().err


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    assert execute("compat-run", short_form, ["--version"]) == 0
    assert harness.__version__ in capsys.readouterr().out


@pytest.mark.parametrize("program_of", [cli.main, cli.compat_run])
def test_both_programs_exit_with_the_code(
    program_of: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["any", "completion", "tcsh"])
    with pytest.raises(SystemExit) as end:
        program_of()
    assert end.value.code == 2


@pytest.mark.parametrize("name", COMMANDS)
def test_compat_run_takes_a_command_that_is_named_first(name: str) -> None:
    assert short_form([name, "--help"]) is umbrella


def test_compat_run_without_a_command_is_run() -> None:
    assert short_form(["v0.6", "master"]) is umbrella.load("run")


def test_a_shell_is_given_the_commands(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("_COMPAT_RUN_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "compat-run do")
    monkeypatch.setenv("COMP_CWORD", "1")
    assert execute("compat-run", short_form, []) == 0
    assert "plain,doctor" in capsys.readouterr().out


def test_a_shell_is_given_the_options_of_run_behind_refs(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("_COMPAT_RUN_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "compat-run v0.6 master --off")
    monkeypatch.setenv("COMP_CWORD", "3")
    assert execute("compat-run", short_form, []) == 0
    assert "plain,--offline" in capsys.readouterr().out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts_serve_both_programs_and_start_nothing(shell: str) -> None:
    done = CliRunner().invoke(umbrella, ["completion", shell])
    assert done.exit_code == 0
    assert "_COMPAT_COMPLETE" in done.output
    assert "_COMPAT_RUN_COMPLETE" in done.output


@given(st.text())
def test_nothing_printed_can_steer_a_terminal_or_a_ci_log(text: str) -> None:
    lines = printable(text).split("\n")
    assert all(line.startswith("  | ") for line in lines[1:])
    assert "##[" not in printable(text)
    assert not {c for c in "".join(lines) if unicodedata.category(c) == "Cc"} - {"\t"}


def test_a_unit_test_cannot_start_a_process() -> None:
    with pytest.raises(pytest.fail.Exception, match="integration"):
        subprocess.Popen([sys.executable])
