"""run.json, the one file that every report of a run is made from, and culprits.json beside it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

from harness.errors import UsageError
from harness.journal.documents import read_document, write_document
from harness.model import SCHEMA_VERSION, Run
from harness.model.culprits import CULPRITS_VERSION, Culprits

RUN_FILE = "run.json"
CULPRITS_FILE = "culprits.json"
"""What `compat blame` found out about a stored run."""


def write_run(folder: Path, run: Run) -> Path:
    """Write run.json into a run folder, atomically, and return its path.

    Raises InfrastructureError if the disk refuses; an earlier run.json is then unharmed.
    """
    return write_document(folder / RUN_FILE, run)


def read_run(path: Path) -> Run:
    """Read a stored run from its folder, or from the path of a run.json itself.

    Raises UsageError if there is no run, if the file is cut off, too large or of another
    schema version, if a value has the wrong type, or if its counts are not those of its tests; the
    message names the file and the key.
    """
    file = path / RUN_FILE if path.is_dir() else path
    if not file.is_file():
        raise UsageError(
            f"{file.parent if file.name == RUN_FILE else file} is not the folder of a "
            f"finished run: it has no {RUN_FILE}",
            hint=f"name a folder that holds a {RUN_FILE}, or `latest` beside such folders",
        )
    run = read_document(file, Run, version=SCHEMA_VERSION, again="run the pair again")
    if Counter(judgement.verdict for judgement in run.judgements) != run.counts:
        raise UsageError(
            f"{file}: its counts are not those of its judgements",
            hint="the file is damaged or was changed by hand; run the pair again",
        )
    return run


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
    again = "remove it, and blame the run again"
    found = read_document(file, Culprits, version=CULPRITS_VERSION, again=again)
    return found if found.run == run else nothing
