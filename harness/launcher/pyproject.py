"""The dependencies that pyproject.toml names.

Read here because the pip of a Debian 12 (23.0) cannot install dependency groups
(https://peps.python.org/pep-0735/; pip has --group since 25.1).
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from harness.errors import ConfigError

_Table = dict[str, Any]


def dependencies(root: Path) -> tuple[str, ...]:
    """Give what the package itself needs, as pip's requirement specifiers."""
    return tuple(_read(root)["project"]["dependencies"])


def group(root: Path, name: str) -> tuple[str, ...]:
    """Give a dependency group with the groups that it includes.

    Raises ConfigError for a group that is missing or includes itself.
    """
    return tuple(_expand(_read(root)["dependency-groups"], name, ()))


def _read(root: Path) -> _Table:
    with (root / "pyproject.toml").open("rb") as file:
        return tomllib.load(file)


def _expand(groups: _Table, name: str, above: tuple[str, ...]) -> list[str]:
    if name in above or name not in groups:
        how = "includes itself" if name in above else "is not there"
        raise ConfigError(f"pyproject.toml: dependency group {name} {how}")
    found = []
    for entry in groups[name]:
        if isinstance(entry, str):
            found.append(entry)
        else:
            found += _expand(groups, entry["include-group"], (*above, name))
    return list(dict.fromkeys(found))
