"""What ./compat-run does before there is anything but Python and git.

It provides the system's packages (debian.py) and a Python environment (environment.py), and then
becomes the program that was asked for. Only the standard library is used, and of this project
only what needs no more than that. Told are: progress on standard error, nothing on standard output.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from harness.errors import CompatError, ExitCode
from harness.launcher import debian
from harness.launcher.environment import ANOTHER_FOLDER, Environment
from harness.launcher.pyproject import dependencies, group
from harness.launcher.words import say
from harness.tools.requirements import Group

_TESTS = "tests"
_NO_INSTALL = "--no-install"
_LOOKS_ONLY = {"completion", "doctor"}
"""Commands that change nothing, so that nothing is installed for them."""


@dataclass(frozen=True)
class Plan:
    """What is to be provided and then run."""

    environment: Environment
    groups: tuple[Group, ...]
    install: bool
    """False if missing packages are to be named, not installed."""
    argv: tuple[str, ...]
    """For the environment's Python."""


def launch(root: Path, args: Sequence[str]) -> NoReturn:
    """Provide what the checkout `root` needs and become the program that `args` ask for."""
    try:
        plan = make_plan(root, args)
        debian.provide(plan.groups, install=plan.install)
        python = plan.environment.provide()
        os.execv(python, [str(python), *plan.argv])  # noqa: S606 - the point of a launcher
    except CompatError as error:
        say(f"error: {error}", *([f"hint: {error.hint}"] if error.hint else []))
        sys.exit(error.exit_code)
    except OSError as error:
        say(f"error: {error.filename or root}: {error.strerror}", f"hint: {ANOTHER_FOLDER}")
        sys.exit(ExitCode.INFRASTRUCTURE)
    except KeyboardInterrupt:
        say("interrupted")
        sys.exit(ExitCode.INTERRUPTED)


def make_plan(root: Path, args: Sequence[str]) -> Plan:
    """Decide by the arguments what has to be there and what is run then.

    `tests` is a command of the launcher alone: it runs this project's own tests.
    """
    install = _NO_INSTALL not in args
    rest = tuple(arg for arg in args if arg != _NO_INSTALL)
    if rest[:1] == (_TESTS,):
        return Plan(
            Environment(root / ".tox" / "launcher", group(root, "runner"), root),
            (Group.VENV, Group.RUN, Group.TEST),
            install,
            ("-I", "-m", "tox", "run", "-c", str(root / "tox.ini"), "-e", "all", "--", *rest[1:]),
        )
    folder = Path(os.environ.get("COMPAT_VENV") or root / ".venv").absolute()
    return Plan(
        Environment(folder, dependencies(root), root),
        (Group.VENV,) if _only_looks(rest) else (Group.VENV, Group.RUN),
        install,
        ("-P", "-m", "harness.cli", *rest),
    )


def _only_looks(args: Sequence[str]) -> bool:
    return not args or args[0] in _LOOKS_ONLY or not {"-h", "--help", "--version"}.isdisjoint(args)
