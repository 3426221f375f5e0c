"""The programs `compat` and `compat-run`: from arguments to an exit code.

Every error that leaves a command ends here and nowhere else. A command returns its exit code
(None for 0), or raises a CompatError; it never prints a traceback and never calls exit.
"""

from __future__ import annotations

import io
import os
import signal
import sys
import traceback
from typing import TYPE_CHECKING

import click
from click.shell_completion import get_completion_class, shell_complete

from harness.cli.complaints import explain, printable, tell
from harness.cli.lazy import Settings
from harness.cli.umbrella import short_form, umbrella
from harness.errors import ExitCode
from harness.tools.signals import begin_afresh

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    Chooser = Callable[[Sequence[str]], click.Command]

_READER_GONE = 128 + signal.SIGPIPE
"""What a shell reports for a program that wrote into a closed pipe."""

_WIDTH = 100


def compat() -> int:
    """Run the command that the arguments of `compat` name and return the exit code."""
    begin_afresh()
    return execute("compat", lambda _args: umbrella, sys.argv[1:])


def compat_run() -> int:
    """Do the same for `compat-run`: the command is `run` unless another is named first."""
    begin_afresh()
    return execute("compat-run", short_form, sys.argv[1:])


def execute(prog: str, choose: Chooser, args: Sequence[str]) -> int:
    """Run the command that `choose` makes of `args` and return the exit code.

    Whatever goes wrong is told on standard error as `error:` and `hint:` lines.
    """
    settings = Settings()
    if isinstance(sys.stdout, io.TextIOWrapper):
        # Arrows and dots in a locale that lacks them become escapes, not a crash.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        code = _complete(prog, choose)
        if code is None:
            code = _invoke(choose(args), prog, args, settings)
        sys.stdout.flush()
    except BrokenPipeError:
        _discard_output()
        return _READER_GONE
    except (KeyboardInterrupt, click.Abort, EOFError):
        return tell("interrupted", "", ExitCode.INTERRUPTED)
    except Exception as error:  # noqa: BLE001 - the one place where everything is told
        if settings.debug:
            click.echo(printable(traceback.format_exc()), err=True)
        return explain(error)
    return code


def _invoke(command: click.Command, prog: str, args: Sequence[str], settings: Settings) -> int:
    try:
        with command.make_context(
            prog,
            list(args),
            obj=settings,
            max_content_width=_WIDTH,
            color=False if os.environ.get("NO_COLOR") else None,  # https://no-color.org
        ) as ctx:
            return int(command.invoke(ctx) or 0)
    except click.exceptions.Exit as end:
        return end.exit_code


def _complete(prog: str, choose: Chooser) -> int | None:
    """Answer a shell that asks for completions; None if none does."""
    variable = f"_{prog}_COMPLETE".replace("-", "_").upper()
    instruction = os.environ.get(variable)
    if not instruction:
        return None
    shell, _, asked = instruction.partition("_")
    kind = get_completion_class(shell)
    words: list[str] = []
    if kind is not None and asked == "complete":
        words, _ = kind(umbrella, {}, prog, variable).get_completion_args()
    return shell_complete(choose(words), {}, prog, variable, instruction)


def _discard_output() -> None:
    """Make the interpreter flush into nothing when it ends: the reader has gone."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, sys.stdout.fileno())
