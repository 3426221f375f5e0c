"""What this project needs of the system (requirements.toml) and the command that installs it.

Only the standard library is used here: ./compat-run reads this before anything is installed.
"""

from __future__ import annotations

import os
import shlex
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path

_FILE = Path(__file__).with_name("requirements.toml")


class Kind(StrEnum):
    """How to see that a requirement is there."""

    PROGRAM = "program"
    MODULE = "module"
    FILE = "file"


class Group(StrEnum):
    """What a requirement is needed for."""

    VENV = "venv"
    RUN = "run"
    TEST = "test"


@dataclass(frozen=True)
class Requirement:
    """One line of requirements.toml, which says what each field means."""

    kind: Kind
    name: str
    package: str
    """Empty where no package has it: then `command` brings it."""
    group: Group
    why: str
    static: bool = False
    optional: bool = False
    replaces: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    command: str = ""

    @property
    def title(self) -> str:
        """What people call it: a program by its name, anything else by its package."""
        return self.name if self.kind is Kind.PROGRAM else self.package

    @property
    def fix(self) -> str:
        """The command that brings it."""
        return self.command or install_command([self])


@cache
def requirements() -> tuple[Requirement, ...]:
    """Read requirements.toml, in its order."""
    with _FILE.open("rb") as file:
        return tuple(_parse(table) for table in tomllib.load(file)["requirement"])


def _parse(table: dict[str, object]) -> Requirement:
    (kind,) = set(Kind) & set(table)
    fields = {key: tuple(v) if isinstance(v, list) else v for key, v in table.items()}
    fields.setdefault("package", "")
    fields |= {"name": fields.pop(kind), "kind": Kind(kind), "group": Group(str(table["group"]))}
    return Requirement(**fields)  # type: ignore[arg-type] # our own file; its test reads it whole


def of_program(name: str) -> Requirement:
    """Find the requirement for a program; KeyError if requirements.toml does not name it."""
    for requirement in requirements():
        if requirement.kind is Kind.PROGRAM and requirement.name == name:
            return requirement
    raise KeyError(name)


def how_to_install(program: str) -> str:
    """Return the command that installs a program, or nothing if requirements.toml lacks it."""
    try:
        return of_program(program).fix
    except KeyError:
        return ""


def install_command(needed: Iterable[Requirement]) -> str:
    """Write the command that installs them, as this user would have to type it."""
    packages = dict.fromkeys(requirement.package for requirement in needed)
    prefix = [] if os.geteuid() == 0 else ["sudo"]
    return shlex.join([*prefix, "apt-get", "install", *packages])
