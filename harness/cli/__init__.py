"""The command line: one file per command, and the only room that prints or exits."""

from __future__ import annotations

from typing import NoReturn

from harness.start import start


def main() -> NoReturn:
    """Be the program `compat`."""
    start(_compat)


def compat_run() -> NoReturn:
    """Be the program `compat-run`: `run` unless another command is named first."""
    start(_compat_run)


def _compat() -> int:
    from harness.cli import program  # noqa: PLC0415 - what fails to import is told by start

    return program.compat()


def _compat_run() -> int:
    from harness.cli import program  # noqa: PLC0415 - what fails to import is told by start

    return program.compat_run()
