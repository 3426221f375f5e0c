"""How an error is told: what went wrong, what to do about it, and its exit code."""

from __future__ import annotations

import errno

import click

from harness.errors import CompatError, ExitCode
from harness.reports.text import visible_block
from harness.start import how_to_mend
from harness.tools.redaction import redact

_ELSEWHERE = "or set COMPAT_CACHE to a folder on another disk"

_SYSTEM_ERRORS = {
    errno.ENOSPC: ("the disk is full", f"free some space, {_ELSEWHERE}"),
    errno.EDQUOT: ("the disk quota is used up", f"free some space, {_ELSEWHERE}"),
    errno.EROFS: ("the file system is read-only", f"remount it, {_ELSEWHERE}"),
    errno.EACCES: ("permission denied", f"change its owner or mode, {_ELSEWHERE}"),
    errno.EPERM: ("operation not permitted", "run as a user who may do that, for example root"),
}
"""Faults of the machine that any command can meet: what is wrong, and what to do about it."""


def explain(error: Exception) -> int:
    """Print an error in the words that its kind deserves and return its exit code."""
    if isinstance(error, CompatError):
        return tell(str(error), error.hint, error.exit_code)
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        error.show()
        return ExitCode.USAGE
    if isinstance(error, click.ClickException):
        ctx = error.ctx if isinstance(error, click.UsageError) else None
        hint = f"see {ctx.command_path} --help" if ctx else ""
        return tell(error.format_message(), hint, ExitCode.USAGE)
    if isinstance(error, OSError) and error.errno in _SYSTEM_ERRORS:
        what, hint = _SYSTEM_ERRORS[error.errno]
        where = f"{error.filename}: " if error.filename else ""
        return tell(f"{where}{what}", hint, ExitCode.INFRASTRUCTURE)
    if isinstance(error, ImportError | SyntaxError):  # of a command whose modules came late
        return tell(f"cannot go on: {error}", how_to_mend(), ExitCode.INFRASTRUCTURE)
    return tell(
        f"unexpected {type(error).__name__}: {error}",
        "rerun with --debug for the traceback, and please report it",
        ExitCode.INFRASTRUCTURE,
    )


def tell(message: str, hint: str, code: ExitCode) -> int:
    """Write `error:` and `hint:` lines on standard error and return the code."""
    click.echo(f"error: {printable(message)}", err=True)
    if hint:
        click.echo(f"hint: {printable(hint)}", err=True)
    return code


def printable(text: str) -> str:
    """Make text from anywhere safe for a terminal and for a CI log.

    What is shown is what `visible_block` makes of it, without credentials. Lines after the first
    are set off by a bar, because GitHub obeys `::command::` at the start of a line.
    """
    return visible_block(redact(text.strip())).replace("\n", "\n  | ")
