"""culprits.json: what `compat blame` found out about a stored run, kept beside it."""

from __future__ import annotations

from pathlib import Path

from harness.journal.documents import read_document, write_document
from harness.model.culprits import CULPRITS_VERSION, Culprits

CULPRITS_FILE = "culprits.json"
_AGAIN = "remove it, and blame the run again"


def write_culprits(folder: Path, culprits: Culprits) -> Path:
    """Write culprits.json, atomically, and return its path. Raises InfrastructureError."""
    return write_document(folder / CULPRITS_FILE, culprits)


def read_culprits(folder: Path, run: str) -> Culprits:
    """Read what is known of a run by its id; nothing is, without a file or in another run's.

    Raises UsageError for a file that is damaged or of another schema version.
    """
    nothing = Culprits(schema=CULPRITS_VERSION, run=run, blames=())
    file = folder / CULPRITS_FILE
    if not file.is_file():
        return nothing
    found = read_document(file, Culprits, version=CULPRITS_VERSION, again=_AGAIN)
    return found if found.run == run else nothing
