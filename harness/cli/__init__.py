"""The command line: one file per command, and the only room that prints or exits."""

from harness.cli.program import compat_run, main

__all__ = ["compat_run", "main"]
