r"""What daemons should never say (matrices/oracle.yaml), and what of it is known and why.

suspect:
- kind: panic                    # how reports call it
pattern: '^panic: '            # found in a line of a daemon's log
ignore:
- pattern: 'cmd/dockerfile-frontend/main\.go'  # found in the line or what follows it
reason: The frontend ends with a panic where it returns an error.
issue: https://github.com/moby/buildkit/issues/1
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from msgspec import Meta

from harness.config.schema import load
from harness.config.series import Link
from harness.config.skiplists import Signature
from harness.model import Record

SuspectName = Annotated[
    str,
    Meta(
        pattern=r"\A[a-z][a-z-]{0,40}\Z",
        description="a word of small letters and hyphens",
        examples=["data-race"],
    ),
]


class Suspect(Record, frozen=True, kw_only=True):
    """Words that make a test suspicious although it passed."""

    kind: SuspectName
    pattern: Signature


class Ignored(Record, frozen=True, kw_only=True):
    """Such words that are known to mean nothing."""

    pattern: Signature
    reason: str
    issue: Link


class Oracle(Record, frozen=True, kw_only=True):
    """All that is asked of daemons' logs."""

    suspect: tuple[Suspect, ...] = ()
    ignore: tuple[Ignored, ...] = ()

    def kind_of(self, line: str) -> str:
        """Return the kind of a line that should not be there, or empty."""
        return next((it.kind for it in self.suspect if it.pattern.found_in(line)), "")

    def ignores(self, block: str) -> bool:
        """Return whether a line, with what follows it, is known to mean nothing."""
        return any(it.pattern.found_in(block) for it in self.ignore)


SILENT = Oracle()
"""Finds nothing suspicious."""


def load_oracle(path: Path) -> Oracle:
    """Read the file; without one nothing is suspicious. Raises ConfigError if it is wrong."""
    return load(path, Oracle) if path.exists() else SILENT
