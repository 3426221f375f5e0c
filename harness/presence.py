"""Whether the requirements of requirements.toml are met by this machine.

Only the standard library is used here: ./compat-run asks this before anything is installed.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from pathlib import Path

from harness.errors import InfrastructureError, MissingToolError
from harness.images import elf
from harness.tools.process import find
from harness.tools.requirements import Kind, Requirement


def locate(requirement: Requirement) -> str | None:
    """Return where a requirement is met, or None if it is not."""
    match requirement.kind:
        case Kind.MODULE:
            spec = importlib.util.find_spec(requirement.name)
            return None if spec is None else str(spec.origin)
        case Kind.FILE:
            return requirement.name if Path(requirement.name).exists() else None
        case Kind.PROGRAM:
            return _program(requirement)


def missing(requirements: Iterable[Requirement]) -> list[Requirement]:
    """Return those that are not met, in their order."""
    return [requirement for requirement in requirements if locate(requirement) is None]


def _program(requirement: Requirement) -> str | None:
    try:
        path = find(requirement.name)
        usable = not requirement.static or elf.inspect(path).static
    except MissingToolError:
        return None
    except InfrastructureError:
        return None  # a script of that name, or a file that cannot be read, is not the program
    return str(path) if usable else None
