"""Paths as people type them: `~` is their own home, `~ann` that of a user."""

from __future__ import annotations

from pathlib import Path

from harness.errors import UsageError


def expanded(named: str) -> Path:
    """Return the path that was named, with its home in front.

    Raises UsageError for the home of a user that this machine does not know.
    """
    try:
        return Path(named).expanduser()
    except RuntimeError as error:
        user = Path(named).parts[0]
        raise UsageError(
            f"cannot use {named}: nobody knows the home {user}", hint="write the path without `~`"
        ) from error
