"""How the launcher speaks: short lines on standard error."""

from __future__ import annotations

import sys


def say(*lines: str) -> None:
    """Write each line with the name of the program before it."""
    for line in lines:
        sys.stderr.write(f"compat-run: {line}\n")
        sys.stderr.flush()
