"""What ./compat-run does before there is anything but Python and git.

It provides the system's packages (debian.py) and a Python environment (environment.py), and then
becomes the program that was asked for. Only the standard library is used, and of this project
only what needs no more than that. Told are: progress on standard error, nothing on standard output.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from harness.errors import InfrastructureError
from harness.launcher import debian
from harness.launcher.environment import ANOTHER_FOLDER, Environment
from harness.tools.pip import environment
from harness.tools.requirements import Group

_TESTS = "tests"
_NEWEST = "--newest"
_NO_INSTALL = "--no-install"

_LOOKS_ONLY = {"completion", "doctor"}
"""Commands that change nothing, so that nothing is installed for them."""

# How variables begin that would change what Python is, and how tox makes an environment.
_PYTHONS = ("PYTHON", "VIRTUAL_ENV", "__PYVENV_LAUNCHER__")
_TESTERS = ("TOX", "VIRTUALENV_", "PIP_")


@dataclass(frozen=True)
class Plan:
    """What is to be provided and then run."""

    environment: Environment
    groups: tuple[Group, ...]
    install: bool
    """False if missing packages are to be named, not installed."""
    argv: tuple[str, ...]
    """A module of the environment, and the arguments for it."""
    tests: bool = False
    """Whether this project's own tests are run, which install more."""

    def variables(self, python: Path) -> dict[str, str]:
        """Return the environment for what is run: it depends on no other Python."""
        hidden = (*_PYTHONS, *(_TESTERS if self.tests else ()))
        kept = {name: value for name, value in os.environ.items() if not name.startswith(hidden)}
        # Both programs would read a file of the user's, too.
        own = ("TOX_USER_CONFIG_FILE", "VIRTUALENV_CONFIG_FILE") if self.tests else ()
        index = environment(python) if self.tests else {}
        return {**kept, **index, **dict.fromkeys(own, os.devnull)}


def launch(root: Path, args: Sequence[str]) -> NoReturn:
    """Provide what the checkout `root` needs and become the program that `args` ask for.

    Raises CompatError.
    """
    try:
        plan = make_plan(root, args)
        debian.provide(plan.groups, install=plan.install)
        python = plan.environment.provide()
        argv = [str(python), "-I", str(root / "harness" / "start.py"), *plan.argv]
        os.execve(python, argv, plan.variables(python))  # noqa: S606 - the point of a launcher
    except OSError as error:
        raise InfrastructureError(
            f"{error.filename or root}: {error.strerror}", hint=ANOTHER_FOLDER
        ) from error


def make_plan(root: Path, args: Sequence[str]) -> Plan:
    """Decide by the arguments what has to be there and what is run then.

    `tests` is a command of the launcher alone: it runs this project's own tests, with
    `--newest` as its first argument on the newest versions of everything.
    """
    install = _NO_INSTALL not in args
    rest = tuple(arg for arg in args if arg != _NO_INSTALL)
    if rest[:1] == (_TESTS,):
        newest = rest[1:2] == (_NEWEST,)
        tox = ("tox", "run", "-c", str(root / "tox.ini"), "-e", "newest" if newest else "all")
        return Plan(
            Environment(
                root / ".tox" / "launcher", root / "locks" / "runner.txt", root, ("tox.run",)
            ),
            (Group.VENV, Group.RUN, Group.TEST),
            install,
            (*tox, "--", *rest[2 if newest else 1 :]),
            tests=True,
        )
    folder = Path(os.environ.get("COMPAT_VENV") or root / ".venv").absolute()
    return Plan(
        Environment(folder, root / "locks" / "run.txt", root, ("harness",)),
        (Group.VENV,) if _only_looks(rest) else (Group.VENV, Group.RUN),
        install,
        ("harness.cli", *rest),
    )


def _only_looks(args: Sequence[str]) -> bool:
    return not args or args[0] in _LOOKS_ONLY or not {"-h", "--help", "--version"}.isdisjoint(args)
