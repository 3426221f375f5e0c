"""Starts what this project consists of, so that no failure to start looks like a verdict.

Python itself ends with 1 after an error that nothing has caught, and 1 means "regressed" here. So
every program of this project begins in this file, which needs the standard library alone. The
launcher starts it as a file, `start.py MODULE ARGUMENTS`, to run a module of an environment.
"""

from __future__ import annotations

import runpy
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

ROOT = Path(__file__).resolve().parents[1]

STAMP = ".compat-run.stamp"
"""The file in an environment that shows it to be one of the launcher's."""

_INFRASTRUCTURE = 4  # ExitCode.INFRASTRUCTURE, for when harness.errors is what cannot be imported


def start(body: Callable[[], int]) -> NoReturn:
    """Run `body` and exit with the code that it returns; tell whatever it raises, and exit.

    An error of this project has its own code, anything else is 4 and an interruption is 130.
    """
    try:
        code = body()
    except KeyboardInterrupt:
        say("interrupted")
        code = 130
    except Exception as error:  # noqa: BLE001 - Python would end with 1
        hint = getattr(error, "hint", None)
        if hint is None:  # it is none of ours: no CompatError
            say(f"error: cannot go on: {type(error).__name__}: {error}")
            hint = how_to_mend()
        else:
            say(f"error: {error}")
        if hint:
            say(f"hint: {hint}")
        code = int(getattr(error, "exit_code", _INFRASTRUCTURE))
    sys.exit(code)


def say(*lines: str) -> None:
    """Write each line on standard error, with the name of the program before it."""
    if sys.stderr is None:  # it was closed before Python started
        return
    try:
        for line in lines:
            sys.stderr.write(f"compat-run: {line}\n")
            sys.stderr.flush()
    except OSError:  # a full disk, a reader that went away
        sys.stderr = None  # Python would try again at its end, and exit with 120


def how_to_mend() -> str:
    """Return what to do about a Python package that is missing or broken."""
    if (Path(sys.prefix) / STAMP).exists():
        return f"if a package is broken: remove {sys.prefix}, and ./compat-run makes it anew"
    return f"if a package is broken: install buildkit-compat again in {sys.prefix}"


def _run_module() -> int:
    sys.path.insert(0, str(ROOT))
    sys.argv[:] = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
    return 0


if __name__ == "__main__":
    start(_run_module)
